"""Cloze questions from news articles, in SQuAD's form (the idea is that of Hermann et al. 2015).

A name or number of the title or of the lead sentence is left out; it is to be found in what the article says next.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from nasbench.tasks.spans import Question

BLANK = "[MASK]"
"""Stands in a question for what was left out, whatever a tokenizer's own mask token is."""

MIN_WORDS = 4
"""A title or lead of fewer words asks nothing."""

MIN_RIVALS = 2
"""Other names and numbers that a context must hold: finding the only one would take no understanding."""

Span = tuple[int, int]
"""Begin and end in a text, in characters."""

# Numbers with their units (600, £600m, $1.13bn, 76%), but not scores (6-4); words (O'Neill, Jean-Pierre, AT&T).
_NUMBER = r"(?<![\w.-])[£$€]?\d+(?:[.,:]\d+)*(?:%|bn\b|m\b|p\b)?(?![\w-])"
_WORD = r"[^\W\d_]+(?:['&-][^\W\d_]+)*"
_TOKEN = re.compile(f"(?P<number>{_NUMBER})|{_WORD}")
_NAME_INSIDE = re.compile(rf"(?<=[a-z,;] )(?=[A-Z]){_WORD}")
_SMALL = re.compile(r"\b[a-z]+\b")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[\"'(]?[A-Z£$0-9])|(?<=[.!?][\"'])\s+(?=[\"'(]?[A-Z£$0-9])")
_POSSESSIVE = re.compile("'s$")

_NO_NAMES = frozenset(
    (
        "Mr",
        "Mrs",
        "Ms",
        "Miss",
        "Sir",
        "Dr",
        "Lord",
        "Lady",
        "Prof",
        "Rev",
        "St",
        "I",
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
        "Monday",
        "Tuesday",
        "Wednesday",
        "Thursday",
        "Friday",
        "Saturday",
        "Sunday",
    )
)
"""Capitalised words that are forms of address, or dates that fit anywhere."""


def sentences(paragraph: str) -> list[str]:
    """The sentences of a paragraph, by a rule that suits edited English."""
    return [sentence for sentence in _SENTENCE_END.split(paragraph) if sentence.strip()]


def names_within(text: str) -> frozenset[str]:
    """Words that the text capitalises within a sentence, and never writes small: names at the beginning of one, too."""
    small = set(_SMALL.findall(text))
    capitalised = {_POSSESSIVE.sub("", word) for word in _NAME_INSIDE.findall(text)}
    return frozenset(word for word in capitalised - _NO_NAMES if word.lower() not in small)


def mentions(text: str, names: frozenset[str]) -> list[list[Span]]:
    """Names and numbers of a text: the words of each, for names of several words that stand side by side."""
    found: list[list[Span]] = []
    name_end = -1
    for match in _TOKEN.finditer(text):
        word = _POSSESSIVE.sub("", match.group())
        span = (match.start(), match.start() + len(word))
        if match["number"]:
            found.append([span])
        elif word in names or (len(word) > 1 and word.isupper()):
            if text[name_end : span[0]] == " ":
                found[-1].append(span)
            else:
                found.append([span])
            name_end = span[1]
    return found


def questions_of(
    name: str, title: str, paragraphs: Sequence[str], context_words: int, seed: np.random.Generator
) -> list[Question]:
    """At most two questions of an article: one of its title, one of its lead sentence.

    Args:
        name: of the article, the beginning of the questions' ids.
        context_words: the context is so many words that follow the title or lead.
        seed: chooses between the names and numbers that might be left out.
    """
    told = [sentence for paragraph in paragraphs for sentence in sentences(paragraph)]
    names = names_within(" ".join(told))
    found: list[Question] = []
    for kind, text, following in (("title", title, told), ("lead", told[0], told[1:])):
        context = " ".join(" ".join(following).split()[:context_words])
        if len(text.split()) < MIN_WORDS:
            continue
        candidates = [span for words in mentions(text, names) if (span := _longest_told(text, words, context))]
        fair = [span for span in candidates if _is_fair(text, span, context, names)]
        if fair:
            begin, end = fair[seed.integers(len(fair))]
            found.append(
                Question(
                    id=f"{name}/{kind}",
                    question=text[:begin] + BLANK + text[end:],
                    context=context,
                    answers=(text[begin:end],),
                    starts=(_occurrence(context, text[begin:end]),),
                )
            )
    return found


def _longest_told(text: str, words: Sequence[Span], context: str) -> Span | None:
    """Of a name, the most words side by side that the context repeats; None where it repeats none."""
    for size in range(len(words), 0, -1):
        for i in range(len(words) - size + 1):
            begin, end = words[i][0], words[i + size - 1][1]
            if _occurrence(context, text[begin:end]) >= 0:
                return begin, end
    return None


def _is_fair(text: str, span: Span, context: str, names: frozenset[str]) -> bool:
    """Whether the rest of the text does not say it again, and the context has rivals."""
    answer = text[slice(*span)]
    rest = text[: span[0]] + BLANK + text[span[1] :]
    rivals = {context[words[0][0] : words[-1][1]] for words in mentions(context, names)}
    return _occurrence(rest, answer) < 0 and len({r for r in rivals if answer not in r}) >= MIN_RIVALS


_JOINED_BEFORE = re.compile(r"[\w£$€.,&-]")
_JOINED_AFTER = re.compile(r"[\w%&-]|[.,:]\d")


def _occurrence(text: str, phrase: str) -> int:
    """Where a phrase first stands in a text as whole words and numbers; -1 where it does not."""
    at = text.find(phrase)
    while at >= 0 and ((at and _JOINED_BEFORE.match(text, at - 1)) or _JOINED_AFTER.match(text, at + len(phrase))):
        at = text.find(phrase, at + 1)
    return at

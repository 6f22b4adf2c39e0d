from __future__ import annotations

import numpy as np
import pytest

from nasbench.tasks.cloze import mentions, names_within, questions_of, sentences


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It rose 2%. The firm fell.", ["It rose 2%.", "The firm fell."]),
        ('"I am," he said. "We are."', ['"I am," he said.', '"We are."']),
        ("It cost $1.13bn (£600m) in all.", ["It cost $1.13bn (£600m) in all."]),
        ("Why? £5 is a lot! Yes.", ["Why?", "£5 is a lot!", "Yes."]),
    ],
)
def test_sentences_end_where_a_new_one_begins(text, expected):
    assert sentences(text) == expected


def test_names_are_words_capitalised_within_sentences_and_never_small():
    text = "Yesterday the Tate met Ada Fox's sister. The fox, Tate said, was The End. On Friday Mr Jones left."
    assert names_within(text) == {"Tate", "Ada", "Jones", "End"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Tate Britain sells to Ada", ["Tate Britain", "Ada"]),
        ("Tate, Britain and BBC", ["Tate", "Britain", "BBC"]),
        ("Ada's 76% of £1.13bn and 3,000 trees", ["Ada", "76%", "£1.13bn", "3,000"]),
        ("won 6-4 on Friday at 25-year-old Ada", ["Ada"]),
        ("Ada 12 Britain", ["Ada", "12", "Britain"]),
    ],
)
def test_mentions_are_names_and_numbers(text, expected):
    found = mentions(text, frozenset({"Tate", "Britain", "Ada"}))
    assert [text[words[0][0] : words[-1][1]] for words in found] == expected


def ask(title: str, *paragraphs: str, words: int = 40):
    return questions_of("t/1", title, paragraphs, words, np.random.default_rng(0))


def test_a_title_and_a_lead_each_ask_for_what_the_text_repeats():
    title, lead = ask(
        "Profits jump at Acme",
        "The boss of Acme, Ada Fox, said that sales in Norway rose.",
        "Sales in Sweden fell, said Fox in London, where 12 shops of hers are.",
    )
    assert (title.id, title.question, title.answers) == ("t/1/title", "Profits jump at [MASK]", ("Acme",))
    assert title.context.startswith("The boss of Acme")
    assert (lead.id, lead.answers) == ("t/1/lead", ("Fox",))
    assert lead.question == "The boss of Acme, Ada [MASK], said that sales in Norway rose."
    assert lead.context.startswith("Sales in Sweden")


def test_names_are_left_out_as_long_as_they_are_repeated():
    (title, *_) = ask("We now meet Ada Fox again", "In Norway, Ada Fox met Bob Ray of Acme and of London.", "So it is.")
    assert title.answers == ("Ada Fox",)


def test_a_context_beyond_which_the_answer_lies_asks_nothing():
    text = "In Norway and Sweden it rains when it rains and London sees Ada."
    assert ask("Today we meet Ada", text, "So it is.")[0].answers == ("Ada",)
    assert not ask("Today we meet Ada", text, "So it is.", words=10)


def test_unfair_questions_are_not_asked():
    assert not ask("Ada says that Ada rules", "In Norway they met Ada of London.", "So it is.")
    assert not ask("Today we meet Ada", "It seems that Ada is here.", "So it is.")
    assert not ask("Meet Ada", "In Norway they met Ada of London.", "So it is.")

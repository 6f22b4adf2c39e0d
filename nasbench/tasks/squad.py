"""SQuAD v1.1 (Rajpurkar et al. 2016), or any data in its columns, from the hub or from files."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import datasets
from transformers import PreTrainedTokenizerFast

from nasbench.errors import InputError
from nasbench.records import Head
from nasbench.tasks import question_answering
from nasbench.tasks.base import Limits, Source, TaskData
from nasbench.tasks.partition import Holdout
from nasbench.tasks.sources import Origin
from nasbench.tasks.spans import Question, Windowing

COLUMNS = ("id", "question", "context", "answers")


@dataclass(frozen=True, kw_only=True)
class Squad:
    """Extractive question answering: F1 and exact match of the answer's text.

    Attributes:
        source, hub_path, hub_name, folder, files: as in `sources.Origin`.
        test_split: the labelled split that is tested on.
        max_length, stride, max_question_length, max_answer_length: as in `spans.Windowing`.
        split_seed, validation_share: as in `partition.Holdout`.
    """

    name: str = "squad"
    source: Source
    hub_path: str = "rajpurkar/squad"
    hub_name: str | None = "plain_text"
    folder: str | None = field(default=None, metadata={"location": True})
    files: dict[str, str] | None = field(default=None, metadata={"location": True})
    test_split: str = "validation"
    max_length: int = 384
    stride: int = 128
    max_question_length: int = 64
    max_answer_length: int = 30
    split_seed: int = 128
    validation_share: float = 0.3

    def __post_init__(self) -> None:
        self._origin()
        self._windowing()
        self._holdout()

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
        official = [_questions(rows) for rows in self._origin().read(["train", self.test_split], COLUMNS)]
        train, validation, test = self._holdout().partition(len(official[0]), len(official[1]), limits)
        splits = {
            "train": [official[0][i] for i in train],
            "validation": [official[0][i] for i in validation],
            "test": [official[1][i] for i in test],
        }
        origin = f"{self.name} from {self.source} ({self._origin()})"
        return question_answering.question_answering_data(splits, tokenizer, self._windowing(), origin=origin)

    def _origin(self) -> Origin:
        return Origin(
            source=self.source,
            hub_path=self.hub_path,
            hub_name=self.hub_name,
            folder=self.folder,
            files=self.files,
        )

    def _windowing(self) -> Windowing:
        return Windowing(
            max_length=self.max_length,
            stride=self.stride,
            max_question_length=self.max_question_length,
            max_answer_length=self.max_answer_length,
        )

    def _holdout(self) -> Holdout:
        return Holdout(seed=self.split_seed, share=self.validation_share)


def _questions(rows: datasets.Dataset) -> list[Question]:
    """Rows in SQuAD's columns, checked.

    Raises:
        InputError: text missing, a question without answers, or answers that are not where the row says.
    """
    found: list[Question] = []
    unfit: list[str] = []
    for row in rows.with_format("arrow")[:].to_pylist():
        question = _question(row)
        if question is None:
            unfit.append(str(row["id"]))
        else:
            found.append(question)
    if unfit:
        raise InputError(
            f"{len(unfit)} of {len(rows)} questions have no answer that begins at its answer_start in the context, the "
            f"first of them {unfit[0]!r}: each needs answers with text and answer_start, in characters"
        )
    return found


def _question(row: dict[str, Any]) -> Question | None:
    """None where the answers are not those of an extractive question."""
    answers = row["answers"]
    if not (isinstance(answers, dict) and {"text", "answer_start"} <= answers.keys()):
        raise InputError(
            f"column answers must hold text and answer_start, two lists, as in SQuAD, not {str(answers)[:60]!r}"
        )
    for name in ("question", "context"):
        if not isinstance(row[name], str):
            raise InputError(f"question {row['id']!r} has no text in the column {name}, but {row[name]!r}")
    texts, starts = answers["text"] or (), answers["answer_start"] or ()
    spans = zip(texts, starts, strict=False)
    if not 0 < len(texts) == len(starts) or not all(_is_at(row["context"], text, start) for text, start in spans):
        return None
    return Question(
        id=str(row["id"]),
        question=row["question"],
        context=row["context"],
        answers=tuple(texts),
        starts=tuple(starts),
    )


def _is_at(context: str, text: Any, start: Any) -> bool:
    return (
        isinstance(text, str)
        and text != ""
        and isinstance(start, int)
        and start >= 0
        and context.startswith(text, start)
    )

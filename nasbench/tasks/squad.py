"""SQuAD v1.1 and v2 (Rajpurkar et al. 2016, 2018), or any data in their columns, from the hub or from files."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import Any

import datasets
from transformers import PreTrainedTokenizerFast

from nasbench.errors import InputError
from nasbench.records import Head
from nasbench.tasks import question_answering
from nasbench.tasks.base import Limits, TaskData
from nasbench.tasks.dataset import DatasetTask
from nasbench.tasks.spans import Question, Windowing

COLUMNS = ("id", "question", "context", "answers")


@dataclass(frozen=True, kw_only=True)
class Squad(DatasetTask):
    """Extractive question answering: F1 and exact match of the answer's text.

    Attributes:
        max_length, stride, max_question_length, max_answer_length: as in `spans.Windowing`.
        null_threshold: None: every question has an answer (v1.1). A number: some have none (v2), and the prediction is
            none where the null score exceeds the best span's by more.
    """

    name: str = "squad"
    hub_path: str | None = "rajpurkar/squad"
    hub_name: str | None = "plain_text"
    max_length: int = 384
    stride: int = 128
    max_question_length: int = 64
    max_answer_length: int = 30
    null_threshold: float | None = None

    def __post_init__(self) -> None:
        self.check_rows()
        self._windowing()
        if self.null_threshold is not None and not math.isfinite(self.null_threshold):
            raise InputError(f"task.null_threshold must be a finite number or null, not {self.null_threshold}")

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
        read = partial(_questions, unanswerable=self.null_threshold is not None)
        return question_answering.question_answering_data(
            self.splits(COLUMNS, read, limits),
            tokenizer,
            self._windowing(),
            origin=self.origin_note,
            null_threshold=self.null_threshold,
        )

    def _windowing(self) -> Windowing:
        return Windowing(
            max_length=self.max_length,
            stride=self.stride,
            max_question_length=self.max_question_length,
            max_answer_length=self.max_answer_length,
        )


def _questions(rows: datasets.Dataset, *, unanswerable: bool) -> list[Question]:
    """Rows in SQuAD's columns, checked.

    Args:
        unanswerable: a question may have no answers: two empty lists.

    Raises:
        InputError: text missing, a question without answers that must have some, or answers that are not where the row
            says.
    """
    found: list[Question] = []
    unfit: list[str] = []
    for row in rows.with_format("arrow")[:].to_pylist():
        question = _question(row, unanswerable)
        if question is None:
            unfit.append(str(row["id"]))
        else:
            found.append(question)
    if unfit:
        raise InputError(
            f"{len(unfit)} of {len(rows)} questions have no answer that begins at its answer_start in the context, the "
            f"first of them {unfit[0]!r}: each needs answers with text and answer_start, in characters, "
            + ("or none of either" if unanswerable else "unless task.null_threshold is set, as in task=squad_v2")
        )
    return found


def _question(row: dict[str, Any], unanswerable: bool) -> Question | None:
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
    if len(texts) != len(starts) or not (texts or unanswerable):
        return None
    if not all(_is_at(row["context"], text, start) for text, start in zip(texts, starts, strict=True)):
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

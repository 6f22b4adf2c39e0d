"""Extractive question answering in SQuAD's form: from the questions of each split to a task's data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace

from transformers import PreTrainedTokenizerFast

from nasbench.errors import InputError
from nasbench.records import Head
from nasbench.tasks.base import Split, TaskData
from nasbench.tasks.encoding import bounded_length
from nasbench.tasks.partition import fingerprint, sizes_note
from nasbench.tasks.spans import Question, SpanScorer, Windowing, answer_positions, cut

METRIC = "f1"
OUTPUTS = 2
"""Start and end."""


def question_answering_data(
    splits: Mapping[str, Sequence[Question]],
    tokenizer: PreTrainedTokenizerFast,
    settings: Windowing,
    *,
    origin: str,
    blank: str | None = None,
    null_threshold: float | None = None,
) -> TaskData:
    """A task's data.

    Args:
        splits: `train`, `validation` and `test`, none of them empty.
        origin: for the user: where the questions come from.
        blank: stands in questions for the tokenizer's own mask token.
        null_threshold: as in `spans.SpanScorer`; None: every question has an answer.

    Raises:
        InputError: there are blanks and the tokenizer has no mask token.
    """
    if blank is not None and tokenizer.mask_token is None:
        raise InputError("the questions have blanks, and the checkpoint's tokenizer has no mask token for them")
    content = {name: [question.content() for question in questions] for name, questions in splits.items()}
    identity = {"head": Head.QUESTION_ANSWERING, **asdict(settings)}
    if null_threshold is not None:
        identity["null_threshold"] = null_threshold
    return TaskData(
        head=Head.QUESTION_ANSWERING,
        num_labels=OUTPUTS,
        metric=METRIC,
        max_length=bounded_length(tokenizer, settings.max_length),
        fingerprint=fingerprint(content, identity),
        source_note=f"{origin}: {sizes_note(splits, 'questions')}",
        **{
            name: _split(_filled(questions, blank, tokenizer), tokenizer, settings, null_threshold)
            for name, questions in splits.items()
        },
    )


def _filled(questions: Sequence[Question], blank: str | None, tokenizer: PreTrainedTokenizerFast) -> Sequence[Question]:
    """Questions with the tokenizer's mask token for every blank."""
    if blank is None:
        return questions
    return [replace(q, question=q.question.replace(blank, tokenizer.mask_token)) for q in questions]


def _split(
    questions: Sequence[Question],
    tokenizer: PreTrainedTokenizerFast,
    settings: Windowing,
    null_threshold: float | None,
) -> Split:
    windows = cut(questions, tokenizer, settings)
    return Split(
        tokens=windows.tokens,
        targets=answer_positions(questions, windows),
        examples=len(questions),
        scorer=SpanScorer(
            questions=questions,
            windows=windows,
            max_answer_length=settings.max_answer_length,
            null_threshold=null_threshold,
        ),
    )

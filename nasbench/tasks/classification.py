"""Classification of texts or pairs of texts: from the labelled texts of each split to a task's data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from transformers import PreTrainedTokenizerFast

from nasbench.errors import InputError
from nasbench.records import Head
from nasbench.tasks.base import Split, TaskData
from nasbench.tasks.encoding import bounded_length, encode_texts
from nasbench.tasks.metrics import ClassificationMetric, classification_score
from nasbench.tasks.partition import fingerprint, sizes_note

MIN_LENGTH = 8
"""Tokens that a pair of texts needs to leave some of both."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledText:
    """An example: one text, or a pair of them, and its class."""

    texts: tuple[str, ...]
    label: int


@dataclass(frozen=True, kw_only=True)
class ClassScorer:
    """Scores logits [classes] of each item by the largest of them."""

    metric: ClassificationMetric
    labels: NDArray[np.int64]

    def __call__(self, outputs: Sequence[NDArray[np.float32]]) -> dict[str, float]:
        predicted = np.stack(outputs).argmax(axis=1)
        return {str(self.metric): classification_score(self.metric, predicted, self.labels)}


def check_max_length(max_length: int) -> None:
    """The range check that every classification task's `__post_init__` makes."""
    if max_length < MIN_LENGTH:
        raise InputError(f"task.max_length must be at least {MIN_LENGTH} tokens, not {max_length}")


def classification_data(
    splits: Mapping[str, Sequence[LabelledText]],
    tokenizer: PreTrainedTokenizerFast,
    *,
    labels: Sequence[str],
    metric: ClassificationMetric,
    max_length: int,
    origin: str,
    unit: str,
) -> TaskData:
    """A task's data.

    Args:
        splits: `train`, `validation` and `test`, none of them empty.
        labels: names of the classes, in the order of their numbers.
        max_length: of an example; longer ones are cut.
        origin, unit: for the user: where the examples come from and what they are.
    """
    bounded = bounded_length(tokenizer, max_length)
    content = {name: [[*example.texts, example.label] for example in examples] for name, examples in splits.items()}
    settings = {
        "head": Head.SEQUENCE_CLASSIFICATION,
        "labels": list(labels),
        "metric": metric,
        "max_length": max_length,
    }
    return TaskData(
        head=Head.SEQUENCE_CLASSIFICATION,
        num_labels=len(labels),
        metric=str(metric),
        max_length=bounded,
        fingerprint=fingerprint(content, settings),
        source_note=f"{origin}: {sizes_note(splits, unit)}",
        **{name: _split(examples, tokenizer, metric, bounded) for name, examples in splits.items()},
    )


def _split(
    examples: Sequence[LabelledText], tokenizer: PreTrainedTokenizerFast, metric: ClassificationMetric, max_length: int
) -> Split:
    labels = np.array([example.label for example in examples], dtype=np.int64)
    first, *second = ([example.texts[i] for example in examples] for i in range(len(examples[0].texts)))
    return Split(
        tokens=encode_texts(tokenizer, first, second[0] if second else None, max_length),
        targets={"labels": labels},
        examples=len(examples),
        scorer=ClassScorer(metric=metric, labels=labels),
    )

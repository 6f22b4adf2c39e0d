"""Tasks of one label an example: from the labelled texts of each split to a task's data."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray
from transformers import PreTrainedTokenizerFast

from nasbench.errors import InputError
from nasbench.records import Head
from nasbench.tasks.base import Scorer, Split, TaskData
from nasbench.tasks.encoding import bounded_length, encode_texts
from nasbench.tasks.partition import fingerprint, sizes_note

MIN_LENGTH = 8
"""Tokens that a pair of texts needs to leave some of both."""

Label = NDArray[np.int64] | NDArray[np.float32]
"""Of each item of a split: [n]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledText:
    """An example.

    Attributes:
        sequences: what is read, each of them one text or a pair: one sequence, or one for each choice.
        label: a class, the index of the right choice, or a value.
    """

    sequences: tuple[tuple[str, ...], ...]
    label: int | float


def check_max_length(max_length: int) -> None:
    """The range check that every such task's `__post_init__` makes."""
    if max_length < MIN_LENGTH:
        raise InputError(f"task.max_length must be at least {MIN_LENGTH} tokens, not {max_length}")


def labelled_data(
    splits: Mapping[str, Sequence[LabelledText]],
    tokenizer: PreTrainedTokenizerFast,
    *,
    head: Head,
    num_labels: int,
    metric: str,
    scorer: Callable[[Any], Scorer],
    settings: Mapping[str, Any],
    max_length: int,
    origin: str,
    unit: str,
) -> TaskData:
    """A task's data.

    Args:
        splits: `train`, `validation` and `test`, none of them empty.
        scorer: from the labels of a split [n] to what scores its outputs.
        settings: what else than the examples, head, metric and length makes this task another one.
        max_length: of a sequence; longer ones are cut.
        origin, unit: for the user: where the examples come from and what they are.
    """
    bounded = bounded_length(tokenizer, max_length)
    content = {name: [[*chain(*e.sequences), e.label] for e in examples] for name, examples in splits.items()}
    identity = {"head": head, "metric": metric, "max_length": max_length, **settings}
    return TaskData(
        head=head,
        num_labels=num_labels,
        metric=metric,
        max_length=bounded,
        fingerprint=fingerprint(content, identity),
        source_note=f"{origin}: {sizes_note(splits, unit)}",
        **{name: _split(examples, tokenizer, head, scorer, bounded) for name, examples in splits.items()},
    )


def _split(
    examples: Sequence[LabelledText],
    tokenizer: PreTrainedTokenizerFast,
    head: Head,
    scorer: Callable[[Any], Scorer],
    max_length: int,
) -> Split:
    found = np.array([example.label for example in examples])
    labels: Label = found.astype(np.float32) if head is Head.REGRESSION else found.astype(np.int64)
    first, *second = zip(*chain.from_iterable(example.sequences for example in examples), strict=True)
    return Split(
        tokens=encode_texts(tokenizer, first, second[0] if second else None, max_length),
        targets={"labels": labels},
        examples=len(examples),
        choices=len(examples[0].sequences),
        scorer=scorer(labels),
    )

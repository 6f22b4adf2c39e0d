"""What a task is: the data that models are trained and scored on, already tokenised, and how outputs become scores."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from transformers import PreTrainedTokenizerFast

from nasbench.errors import InputError
from nasbench.records import Head

Batch = dict[str, Tensor]
"""`input_ids`, `attention_mask`, `token_type_ids` (where the tokenizer makes them): [B, S], or [B, C, S] for C choices;
and `labels` [B], or `start_positions` and `end_positions` [B]."""

MEGA_BATCHES = 50
"""At most so many batches are sorted by length together: enough to save padding, few enough to stay random."""


class Source(StrEnum):
    """Where checkpoint and data come from."""

    EMBEDDED = "embedded"
    HUB = "hub"
    LOCAL = "local"


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Sizes of the subsets to use, in examples; None for all there are."""

    train: int | None = None
    validation: int | None = None
    test: int | None = None

    def __post_init__(self) -> None:
        for name in ("train", "validation", "test"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise InputError(f"limits.{name}, a number of examples, must be at least 1 or null, not {value}")


Scorer = Callable[[Sequence[NDArray[np.float32]]], dict[str, float]]
"""From the logits of every item of a split, without padding, to metrics by name."""


@dataclass(frozen=True, kw_only=True)
class Tokens:
    """Token sequences of many lengths, end to end: sequence i has `lengths[i]` values of each column.

    Attributes:
        columns: values [sum(lengths)] by name, such as `input_ids`.
        padding: the value that fills a column up where a batch is padded.
        lengths: [sequences] real tokens.
    """

    columns: Mapping[str, NDArray[np.int64]]
    padding: Mapping[str, int]
    lengths: NDArray[np.int64]

    def padded(self, rows: NDArray[np.int64]) -> dict[str, NDArray[np.int64]]:
        """The columns of some sequences [rows, longest of them], padded on the right, and their `attention_mask`."""
        lengths = self.lengths[rows]
        position = np.arange(lengths.max())
        real = position < lengths[:, None]
        ends = np.cumsum(self.lengths)
        where = np.where(real, (ends[rows] - lengths)[:, None] + position, 0)
        batch = {name: np.where(real, flat[where], self.padding[name]) for name, flat in self.columns.items()}
        return {**batch, "attention_mask": real.astype(np.int64)}


@dataclass(frozen=True, kw_only=True)
class Split:
    """What a model is trained or scored on: n items of one token sequence each, or of one for each choice.

    Attributes:
        tokens: the sequences of all items, those of an item side by side.
        targets: what is to be predicted, by the name that losses know: [n].
        examples: number of examples behind the items; a question's long context makes several items (windows).
        choices: sequences of an item.
        scorer: computes the metrics.
    """

    tokens: Tokens
    targets: Mapping[str, NDArray[np.int64] | NDArray[np.float32]]
    examples: int
    choices: int = 1
    scorer: Scorer

    def __len__(self) -> int:
        return len(self.tokens.lengths) // self.choices

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Real (unpadded) tokens of each sequence of each item: [n, choices]."""
        return self.tokens.lengths.reshape(-1, self.choices)

    def batch(self, indices: Sequence[int] | NDArray[np.int64]) -> Batch:
        """Some items as tensors, padded to the longest sequence among them."""
        items = np.asarray(indices, dtype=np.int64)
        rows = (items[:, None] * self.choices + np.arange(self.choices)).ravel()
        shape = (len(items), self.choices, -1) if self.choices > 1 else (len(items), -1)
        batch = {name: torch.from_numpy(a.reshape(shape)) for name, a in self.tokens.padded(rows).items()}
        return batch | {name: torch.from_numpy(values[items]) for name, values in self.targets.items()}

    def batches(self, batch_size: int) -> list[NDArray[np.int64]]:
        """Indices of every item once, longest first: little is padded, and memory runs short at once or never."""
        order = np.argsort(-self.lengths.max(axis=1), kind="stable")
        return _chunks(order, batch_size)

    def shuffled_batches(self, batch_size: int, rng: np.random.Generator) -> list[NDArray[np.int64]]:
        """One epoch: indices of every item once, in ceil(n / batch_size) batches of random order.

        Items are sorted by length within random groups of batches (as `group_by_length` does in transformers).
        """
        size = batch_size * max(1, min(len(self) // (4 * batch_size), MEGA_BATCHES))
        longest = self.lengths.max(axis=1)
        batches: list[NDArray[np.int64]] = []
        for group in _chunks(rng.permutation(len(self)), size):
            batches += _chunks(group[np.argsort(-longest[group], kind="stable")], batch_size)
        return [batches[i] for i in rng.permutation(len(batches))]

    def scores(self, outputs: Sequence[NDArray[np.float32]]) -> dict[str, float]:
        """Metrics by name, higher is better.

        Args:
            outputs: logits of each item without padding, in order: [classes], [1], [choices] or [tokens, 2].

        Raises:
            ValueError: there is not one output for each item.
        """
        if len(outputs) != len(self):
            raise ValueError(f"{len(outputs)} outputs for {len(self)} items")
        return self.scorer(outputs)


def _chunks(indices: NDArray[np.int64], size: int) -> list[NDArray[np.int64]]:
    return [indices[i : i + size] for i in range(0, len(indices), size)]


@dataclass(frozen=True, kw_only=True)
class TaskData:
    """A task, loaded and tokenised.

    Attributes:
        metric: the main one of the scores' names.
        max_length: the longest sequence there can be, in tokens.
        fingerprint: sha256 of the text and labels that are used, and of the settings that shape the examples.
        source_note: for the user, in a line: what data was really used.
    """

    head: Head
    num_labels: int
    metric: str
    max_length: int
    fingerprint: str
    train: Split
    validation: Split
    test: Split
    source_note: str


class Task(Protocol):
    """A task. Fields are configuration; data is read by `load` alone."""

    @property
    def name(self) -> str: ...

    @property
    def head(self) -> Head: ...

    @property
    def metric(self) -> str: ...

    @property
    def num_labels(self) -> int:
        """Outputs of the task head: classes, or 2 (start and end) for question answering."""

    @property
    def max_length(self) -> int: ...

    def load(self, tokenizer: PreTrainedTokenizerFast, limits: Limits) -> TaskData:
        """Read, split and tokenise the data.

        Raises:
            InputError: the data is missing or not what the task needs.
        """

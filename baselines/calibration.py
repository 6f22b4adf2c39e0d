"""The training examples that pruning decisions are made on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nasbench import rng
from nasbench.errors import InputError
from nasbench.tasks.base import Batch, Split

MOST = 2048
SHARE = 8


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """Attributes:
    examples: how many are drawn, without replacement; None for 2,048 (Kwon et al. 2022, section 5.1), or an eighth of
        the training split where that is fewer, so that a pass over them stays cheap beside an epoch of training.
    batch_size: examples at a time.
    """

    examples: int | None = None
    batch_size: int = 32

    def __post_init__(self) -> None:
        if self.examples is not None and self.examples < 1:
            raise InputError(f"calibration.examples must be at least 1 or null, not {self.examples}")
        if self.batch_size < 1:
            raise InputError(f"calibration.batch_size must be at least 1, not {self.batch_size}")

    def draw(self, split: Split, seed: int) -> Sample:
        """The sample of a seed: the stream (seed, "calibration") draws it, the same for all methods.

        Raises:
            InputError: the split has fewer examples than asked.
        """
        number = max(1, min(MOST, len(split) // SHARE)) if self.examples is None else self.examples
        if number > len(split):
            raise InputError(
                f"calibration.examples={number} is more than the {len(split)} of the training split: "
                f"ask for {len(split)} at most, or null"
            )
        drawn = rng.generator(seed, "calibration").choice(len(split), number, replace=False)
        order = drawn[np.argsort(-split.lengths[drawn].max(axis=1), kind="stable")]
        return Sample(split=split, indices=order, batch_size=self.batch_size)


@dataclass(frozen=True, kw_only=True)
class Sample:
    """Some examples of a split, longest first, so that little is padded.

    Attributes:
        indices: [n] of the examples.
    """

    split: Split
    indices: NDArray[np.int64]
    batch_size: int

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Real tokens of each sequence: [n * choices]."""
        return self.split.lengths[self.indices].ravel()

    def batches(self) -> list[Batch]:
        starts = range(0, len(self.indices), self.batch_size)
        return [self.split.batch(self.indices[i : i + self.batch_size]) for i in starts]

"""Which examples are trained on, validated on and tested on: one fixed choice for all methods and seeds of runs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nasbench import rng
from nasbench.errors import InputError
from nasbench.tasks.base import Limits

Indices = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Holdout:
    """How the examples for training are divided; official training sets have no validation part of their own.

    Attributes:
        seed: of the one division that all methods share, whatever the seed of a run.
        share: of the examples, held out for validation; the rest is trained on.
    """

    seed: int
    share: float

    def __post_init__(self) -> None:
        if not 0 < self.share < 1:
            raise InputError(f"task.validation_share must be between 0 and 1, not {self.share}")

    def divide(self, examples: int) -> tuple[Indices, Indices]:
        """Training and validation examples, in random order.

        Raises:
            InputError: one of the two would be empty.
        """
        order = rng.generator(self.seed, "split").permutation(examples)
        held_out = round(self.share * examples)
        if not 0 < held_out < examples:
            raise InputError(
                f"{examples} examples are too few to hold out {self.share:.0%} of them for validation: at least one "
                "must go to each side"
            )
        return order[held_out:], order[:held_out]

    def partition(self, train: int, test: int, limits: Limits) -> tuple[Indices, Indices, Indices]:
        """Training, validation and test examples, ascending.

        Each is a subset drawn once without replacement, and of two limits the smaller one's lies in the larger one's.

        Args:
            train: number of examples of the official training set.
            test: number of examples of the test set.
        """
        training, validation = self.divide(train)
        return (
            np.sort(training[: limits.train]),
            np.sort(validation[: limits.validation]),
            np.sort(rng.generator(self.seed, "test").permutation(test)[: limits.test]),
        )


def fingerprint(splits: Mapping[str, Sequence[Any]], settings: Mapping[str, Any]) -> str:
    """SHA-256 of the examples of each split, as JSON, and of the task's settings that shape what is made of them."""
    digest = hashlib.sha256(_canonical(settings))
    for name, examples in splits.items():
        digest.update(f"\n{name} {len(examples)}\n".encode())
        for example in examples:
            digest.update(_canonical(example) + b"\n")
    return digest.hexdigest()


def _canonical(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def sizes_note(splits: Mapping[str, Sequence[Any]], unit: str) -> str:
    """Such as "1,024 training, 200 validation and 300 test questions"."""
    train, validation, test = (f"{len(splits[name]):,}" for name in ("train", "validation", "test"))
    return f"{train} training, {validation} validation and {test} test {unit}"

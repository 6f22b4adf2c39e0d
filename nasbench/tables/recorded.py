"""A table's problem: all that a run asks of one, from the table alone, without data, checkpoint or torch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn, cast

import numpy as np
from numpy.typing import NDArray

from nasbench.errors import InputError
from nasbench.objectives import Objective
from nasbench.problem import Problem
from nasbench.tables.record import Table

if TYPE_CHECKING:
    from nasbench.models.checkpoint import Checkpoint
    from nasbench.tasks.base import TaskData
    from nasbench.training import Training
    from nasbench.weights import WeightsStore

OF_THE_TABLE = ("model", "task", "training", "limits")
"""Parts of a configuration that a table answers for: a run on it has the table's."""


@dataclass(frozen=True, kw_only=True)
class RecordedCheckpoint:
    label: str

    def load(self, *arguments: object) -> NoReturn:
        raise InputError("a table holds no network: run method=ws_nas with the table's configuration to have one")

    tokenizer = load


@dataclass(frozen=True, kw_only=True)
class RecordedSplit:
    """Attributes:
    lengths: real tokens of each sequence.
    """

    lengths: NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class RecordedData:
    metric: str
    max_length: int
    source_note: str
    train: RecordedSplit
    validation: RecordedSplit
    test: RecordedSplit


@dataclass(frozen=True, kw_only=True)
class RecordedTraining:
    epochs: int


class NoWeights:
    """Stands where a weights store would: nothing is trained."""


def recorded_problem(table: Table, *, objectives: Mapping[str, Objective], seed: int) -> Problem:
    """The problem that a table was made of, with stand-ins for what only training and scoring would touch.

    Its fingerprints name the table too, so that runs on it are told from those that compute.
    """
    header = table.header
    data = RecordedData(
        metric=header.run.metric,
        max_length=header.max_length,
        source_note=f"{header.data_note}; from the table {table.name}",
        **{split: RecordedSplit(lengths=np.array(lengths)) for split, lengths in header.lengths.items()},
    )
    return Problem(
        checkpoint=cast("Checkpoint", RecordedCheckpoint(label=header.run.model)),
        data=cast("TaskData", data),
        shape=header.shape,
        objectives=objectives,
        training=cast("Training", RecordedTraining(epochs=header.run.config["training"]["epochs"])),
        seed=seed,
        weights=cast("WeightsStore", NoWeights()),
        fingerprints={**header.run.fingerprints, "table": table.checksum},
        numerics=header.run.numerics,
        device=header.run.numerics["device"],
    )


def check_configuration(table: Table, science: Mapping[str, Any], identity: Callable[[Any], Any]) -> None:
    """Refuse a configuration of another problem than the table's.

    Args:
        identity: of a part of a configuration, so that an option that came later, at its default, makes no difference.
            It loads torch, so it is asked only where parts differ as they stand.

    Raises:
        InputError: the first setting that differs.
    """
    for part in OF_THE_TABLE:
        its, given = table.header.run.config[part], science[part]
        path = differing(identity(its), identity(given)) if its != given else None
        if path is not None:
            raise InputError(
                f"{'.'.join((part, *path))} is {_at(given, path)}, but {table.name} was built with {_at(its, path)}: "
                f"take that, or another table"
            )


def differing(its: Any, given: Any) -> tuple[str, ...] | None:
    """Where two configurations first differ, by the names on the way; None for equal ones."""
    if isinstance(its, Mapping) and isinstance(given, Mapping):
        for key in {**its, **given}:
            path = differing(its.get(key), given.get(key))
            if path is not None:
                return (key, *path)
        return None
    return None if its == given else ()


def _at(node: Any, path: Sequence[str]) -> str:
    for key in path:
        node = node.get(key) if isinstance(node, Mapping) else None
    return "null" if node is None else str(node)

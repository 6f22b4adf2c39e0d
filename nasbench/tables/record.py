"""What a table is: every architecture of a space, scored with one super-network's weights on validation and test."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nasbench.cost import NetworkShape
from nasbench.errors import InputError
from nasbench.pareto import non_dominated
from nasbench.records import Architecture, Phase, RunHeader, Sizes, Status
from nasbench.rows import canonical_json, comparable

TABLE_VERSION = 1
"""Of the form of a table's file: raised when an older reader would misunderstand it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRow:
    """One architecture of a table.

    Attributes:
        status: ok, or diverged, without objectives and scores then.
        cost, test_cost: MACs of scoring it on the validation and on the test split.
        validation, test: objectives by name, minimised.
        scores, test_scores: the task's metrics behind them, and `loss`.
    """

    architecture: Architecture
    status: Status
    sizes: Sizes
    cost: int
    test_cost: int
    validation: Mapping[str, float]
    scores: Mapping[str, float]
    test: Mapping[str, float]
    test_scores: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class TableHeader:
    """What a table was made of: all that a run needs to know of its problem, without data or checkpoint.

    Attributes:
        run: of the run that made it, whose id is the table's; its configuration has no search and no budget.
        space: name of the space, options included.
        shape: of the full network.
        max_length: the longest sequence there can be, in tokens.
        lengths: real tokens of each sequence of each split, by its name.
        data_note: for the user, in a line: what data was used.
        phases: training of the super-network; its `weights` are the hash of the recipe.
    """

    run: RunHeader
    space: str
    shape: NetworkShape
    max_length: int
    lengths: Mapping[str, tuple[int, ...]]
    data_note: str
    phases: tuple[Phase, ...]

    def to_json(self) -> dict[str, Any]:
        run = self.run.to_row()
        return {
            "table_version": TABLE_VERSION,
            "science_version": run.pop("science_version"),
            "run": run,
            "space": self.space,
            "shape": dataclasses.asdict(self.shape),
            "max_length": self.max_length,
            "lengths": {split: list(lengths) for split, lengths in self.lengths.items()},
            "data_note": self.data_note,
            "phases": [phase.to_row() for phase in self.phases],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> TableHeader:
        return cls(
            run=RunHeader.from_row({**data["run"], "science_version": data["science_version"]}),
            space=data["space"],
            shape=NetworkShape(**data["shape"]),
            max_length=data["max_length"],
            lengths={split: tuple(lengths) for split, lengths in data["lengths"].items()},
            data_note=data["data_note"],
            phases=tuple(Phase(**{n: row[n] for n in Phase.__dataclass_fields__}) for row in data["phases"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Attributes:
    name: as it was asked for: a path, or the name of a table that comes with the package.
    rows: by architecture, in the order of the space.
    front: architectures that no other of the table dominates on validation, in order; of equal points the first.
    checksum: of the content, as `content_hash`.
    """

    name: str
    header: TableHeader
    rows: Mapping[Architecture, TableRow]
    front: tuple[Architecture, ...]
    checksum: str

    def row(self, architecture: Architecture) -> TableRow:
        """The row of an architecture.

        Raises:
            InputError: it is off the table's grid.
        """
        found = self.rows.get(architecture)
        if found is None:
            raise InputError(
                f"architecture {architecture.to_json()} is off the grid of {self.name}, which holds the "
                f"{len(self.rows)} of space {self.header.space}, such as {next(iter(self.rows)).to_json()}"
            )
        return found


def true_front(rows: Mapping[Architecture, TableRow]) -> tuple[Architecture, ...]:
    """The architectures of `Table.front`."""
    scored = [row for row in rows.values() if row.status is Status.OK]
    if not scored:
        return ()
    best = non_dominated([list(row.validation.values()) for row in scored])
    return tuple(row.architecture for row, kept in zip(scored, best, strict=True) if kept)


def content_hash(header: Mapping[str, Any], columns: Mapping[str, Any]) -> str:
    """SHA-256 of what a table says: equal for tables built from equal configurations under equal numerics.

    Args:
        header: as `TableHeader.to_json`; its provenance and times do not count.
        columns: values by name.
    """
    stripped = {**comparable({k: v for k, v in header.items() if k != "run"}), "run": comparable(header["run"])}
    return hashlib.sha256(canonical_json({"header": stripped, "columns": columns})).hexdigest()

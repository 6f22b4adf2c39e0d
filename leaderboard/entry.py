"""An entry: what the finished runs of one method bring to one board, as raw points and the numbers made of them."""

from __future__ import annotations

import hashlib
import json
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple, Self

from analysis.intervals import Estimate, mean_t
from nasbench.options import flatten
from nasbench.pareto import hypervolume

SCHEMA_VERSION = 2
"""Of the form of an entry's file."""

THRESHOLDS = (0.25, 0.5, 0.75)
"""Fractions of encoder parameters at which the best score is ranked beside the hypervolume."""

REFERENCE = (1.0, 1.0)
"""Of raw test error and relative encoder parameters. Fixed, so that a new entry moves no old one's score."""


class Board(NamedTuple):
    """What entries must share to be ranked together.

    Attributes:
        metric: the task's main one; the error is 1 - metric.
        data, checkpoint: sha256 of their content, the data's with the settings that shape the examples.
        budget: amount and unit, as in "2 epochs".
        science_version: of the meaning of the runs' numbers.
        setting: digest of all that runs must share to be compared (`analysis.comparison.Setting`).
    """

    task: str
    model: str
    source: str
    scale: str
    metric: str
    data: str
    checkpoint: str
    budget: str
    science_version: int
    setting: str

    @property
    def title(self) -> str:
        return f"{self.task} · {self.model} ({self.source}, {self.scale}), {self.budget}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A member of a run's validation front.

    Attributes:
        trial: its index in the run.
        validation_error, test_error: 1 - metric.
        size: encoder parameters as a fraction of the unpruned network's.
    """

    trial: int
    validation_error: float
    test_error: float
    size: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """The member with the best VALIDATION score at a size, and its TEST score; None where none is so small."""

    at_most: float
    trial: int | None
    test_score: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Seed:
    """One run of a method.

    Attributes:
        repetition: runs of equal number are not independent (they share a super-network) and count as one.
        run: path of the run file in the results folder. sha256: of its bytes.
        points: its validation front, by size.
        hypervolume: of test errors and sizes, reference (1, 1).
        cost_epochs: COST in training epochs of the full network.
        command: the one that makes the run.
        commit: of the code that made the run; None if unknown. dirty: with changes that no commit has.
        numerics: what must be equal for a repetition to give equal bytes.
    """

    seed: int
    repetition: int
    run: str
    run_id: str
    sha256: str
    points: tuple[Point, ...]
    hypervolume: float
    chosen: tuple[Chosen, ...]
    cost_epochs: float
    command: str
    commit: str | None
    dirty: bool
    numerics: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """Means over repetitions with 95% intervals (Student's t).

    Attributes:
        scores: TEST score at each of `THRESHOLDS`; None unless every seed has a member so small.
    """

    hypervolume: Estimate
    scores: tuple[Estimate | None, ...]
    cost_epochs: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A method on a board.

    Attributes:
        name: as its submitter calls it; of stored runs that nobody has submitted, their label among those beside them.
        method: as its runs call it.
        config: the configuration of the method and its training, from the first seed's run.
        submitted: whether it is, or is to be, a file.
    """

    name: str
    method: str
    board: Board
    config: Mapping[str, Any]
    seeds: tuple[Seed, ...]
    summary: Summary
    submitted: bool = True

    @property
    def identity(self) -> tuple[str, ...]:
        """What makes it the same method on other boards, whoever stands beside it there.

        That is its name if it was submitted. A label depends on the company, so of stored runs it is the method and its
        configuration without seeds.
        """
        if self.submitted:
            return (self.name,)
        leaves = {name: value for name, value in flatten(self.config).items() if name.rpartition(".")[2] != "seed"}
        return self.method, json.dumps(leaves, sort_keys=True)

    def to_json(self) -> dict[str, Any]:
        fields = asdict(self) | {"board": self.board._asdict()}
        return {"schema_version": SCHEMA_VERSION} | {k: v for k, v in fields.items() if k != "submitted"}

    @property
    def digest(self) -> str:
        """sha256 of all that it says."""
        return hashlib.sha256(json.dumps(self.to_json(), sort_keys=True).encode()).hexdigest()

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Of JSON that the schema has accepted."""
        summary = data["summary"]
        return cls(
            name=data["name"],
            method=data["method"],
            board=Board(**data["board"]),
            config=data["config"],
            seeds=tuple(_seed(seed) for seed in data["seeds"]),
            summary=Summary(
                hypervolume=_estimate(summary["hypervolume"]),
                scores=tuple(score and _estimate(score) for score in summary["scores"]),
                cost_epochs=summary["cost_epochs"],
            ),
        )


def area(points: Sequence[Point]) -> float:
    """Hypervolume of test errors and sizes; 0.0 for no points."""
    return hypervolume([(point.test_error, point.size) for point in points], REFERENCE) if points else 0.0


def choose(points: Sequence[Point], at_most: float) -> Chosen:
    """By validation error; of equal ones the smallest counts, then the first."""
    small = [point for point in points if point.size <= at_most]
    if not small:
        return Chosen(at_most=at_most, trial=None, test_score=None)
    best = min(small, key=lambda point: (point.validation_error, point.size, point.trial))
    return Chosen(at_most=at_most, trial=best.trial, test_score=1 - best.test_error)


def summarise(seeds: Sequence[Seed]) -> Summary:
    """The numbers that seeds are ranked by; those of one repetition are averaged first."""

    def over_repetitions(values: Sequence[float]) -> Estimate:
        return mean_t(by_repetition(seeds, values))

    scores: list[Estimate | None] = []
    for i in range(len(THRESHOLDS)):
        found = [score for seed in seeds if (score := seed.chosen[i].test_score) is not None]
        scores.append(over_repetitions(found) if len(found) == len(seeds) else None)
    return Summary(
        hypervolume=over_repetitions([seed.hypervolume for seed in seeds]),
        scores=tuple(scores),
        cost_epochs=statistics.fmean(seed.cost_epochs for seed in seeds),
    )


def by_repetition(seeds: Sequence[Seed], values: Sequence[float]) -> list[float]:
    """Of each repetition the mean of its seeds' values."""
    groups: dict[int, list[float]] = {}
    for seed, value in zip(seeds, values, strict=True):
        groups.setdefault(seed.repetition, []).append(value)
    return [statistics.fmean(group) for group in groups.values()]


def _seed(data: Mapping[str, Any]) -> Seed:
    parts = {"points": tuple(Point(**p) for p in data["points"]), "chosen": tuple(Chosen(**c) for c in data["chosen"])}
    return Seed(**{**data, **parts})


def _estimate(data: Mapping[str, Any]) -> Estimate:
    interval = data["interval"]
    return Estimate(data["value"], interval and (interval[0], interval[1]), data["n"])

"""The trials of a run as arrays: what thousands of runs are analysed by, in less memory and time than records take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter, itemgetter
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from nasbench.records import Trial

_OK, _SPENT, _COST, _SECONDS, _SCORES, _STAGES, _RESUMES = map(
    attrgetter,
    (
        "ok",
        "spent",
        "evaluation.cost",
        "evaluation.seconds",
        "evaluation.scores",
        "evaluation.stages",
        "proposal.resumes",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Columns:
    """Read-only arrays [trials], in the order of trials.

    Attributes:
        ok: whether a trial has objectives that count (`Trial.ok`).
        points: validation objectives [trials that are ok, objectives], in the order of the header's.
        spent: MACs billed to the run up to and including a trial. cost: to the trial.
        seconds: wall-clock.
        scored: names of all scores that any trial has.
        resumed: whether any trial resumes another. staged: whether any was trained in stages.
    """

    ok: NDArray[np.bool_]
    points: NDArray[np.float64]
    spent: NDArray[np.int64]
    cost: NDArray[np.int64]
    seconds: NDArray[np.float64]
    scored: frozenset[str]
    resumed: bool
    staged: bool

    @classmethod
    def of(cls, trials: Sequence[Trial], objectives: Sequence[str]) -> Self:
        ok, values = list(map(_OK, trials)), itemgetter(*objectives)
        points = [values(trial.evaluation.validation) for trial, counts in zip(trials, ok, strict=True) if counts]
        return cls(
            ok=_fixed(ok, np.bool_),
            points=_fixed(points, np.float64).reshape(-1, len(objectives)),
            spent=_fixed(list(map(_SPENT, trials)), np.int64),
            cost=_fixed(list(map(_COST, trials)), np.int64),
            seconds=_fixed(list(map(_SECONDS, trials)), np.float64),
            scored=frozenset().union(*map(_SCORES, trials)),
            resumed=any(resumes is not None for resumes in map(_RESUMES, trials)),
            staged=any(map(_STAGES, trials)),
        )


def _fixed(values: Sequence[Any], dtype: Any) -> NDArray[Any]:
    array = np.array(values, dtype=dtype)
    array.flags.writeable = False
    return array

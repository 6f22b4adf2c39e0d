"""Quantile normalisation of objectives: each becomes its share of the values observed in one problem."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple, Self

import msgspec
import numpy as np
from numpy.typing import ArrayLike, NDArray

from nasbench.records import RunHeader
from nasbench.results import Run

REFERENCE = 2.0
"""Coordinate of the reference point in normalised space, where objectives lie in [0, 1] (Klein et al. 2024, 4.1)."""


@dataclass(frozen=True, slots=True)
class QuantileTransform:
    """Maps each objective to [0, 1], uniformly over the values that it was fitted to.

    An observed value becomes (r - 1) / (n - 1), r being its rank among the n observed. Ties: equal values share the
    mean of their ranks, but those equal to the smallest become 0 and those equal to the largest 1 (0 if all are equal),
    so that the best value observed is always worth the same. Between observed values it is linear, beyond them
    constant. Observed values become what scikit-learn's `QuantileTransformer` means to make of them with a quantile a
    value; but it finds its quantiles by interpolation, and where one misses a value by the last digit, ties are lost.

    Attributes:
        values: distinct observed values of each objective, ascending.
        quantiles: what each of them becomes.
    """

    values: tuple[tuple[float, ...], ...]
    quantiles: tuple[tuple[float, ...], ...]
    _knots: tuple[tuple[NDArray[np.float64], NDArray[np.float64]], ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        knots = zip(self.values, self.quantiles, strict=True)
        object.__setattr__(self, "_knots", tuple((np.array(v), np.array(q)) for v, q in knots))

    @classmethod
    def fit(cls, points: ArrayLike) -> Self:
        """Fit to points [n, objectives], all that were observed and not fronts alone.

        Raises:
            ValueError: there are none, or one is not finite.
        """
        array = np.asarray(points, dtype=np.float64)
        if array.ndim != 2 or not len(array):
            raise ValueError(f"a transform is fitted to points [n, objectives], not to an array of shape {array.shape}")
        if not np.isfinite(array).all():
            raise ValueError("points must be finite: a trial without objectives is no point")
        knots = [_knots(column) for column in array.T]
        return cls(
            tuple(tuple(values.tolist()) for values, _ in knots),
            tuple(tuple(quantiles.tolist()) for _, quantiles in knots),
        )

    def __call__(self, points: ArrayLike) -> NDArray[np.float64]:
        """Points [n, objectives] in normalised space.

        Raises:
            ValueError: they have another number of objectives.
        """
        array = np.asarray(points, dtype=np.float64)
        if array.ndim != 2 or array.shape[1] != len(self.values):
            raise ValueError(f"points must be [n, {len(self.values)}], not of shape {array.shape}")
        columns = zip(array.T, self._knots, strict=True)
        return np.stack([np.interp(column, values, quantiles) for column, (values, quantiles) in columns], axis=1)

    @property
    def reference(self) -> list[float]:
        """The reference point [objectives] of normalised hypervolumes, whose largest value is 2 ** objectives."""
        return [REFERENCE] * len(self.values)

    def to_json(self) -> str:
        """A JSON text; its numbers may be a million, so it is not left to the standard library."""
        return msgspec.json.encode({"values": self.values, "quantiles": self.quantiles}).decode()

    @classmethod
    def from_json(cls, text: str) -> Self:
        data = msgspec.json.decode(text)
        return cls(tuple(tuple(v) for v in data["values"]), tuple(tuple(q) for q in data["quantiles"]))


def _knots(column: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    from scipy import stats  # here, because it loads slowly and few figures need it

    values, first = np.unique(column, return_index=True)
    quantiles = (stats.rankdata(column)[first] - 1) / max(1, len(column) - 1)
    quantiles[-1], quantiles[0] = 1.0, 0.0
    return values, quantiles


class Problem(NamedTuple):
    """What observed values may be pooled over: a task, with the content of its data, and a checkpoint."""

    task: str
    model: str
    source: str
    data: str
    checkpoint: str
    objectives: tuple[str, ...]

    @classmethod
    def of(cls, header: RunHeader) -> Problem:
        prints = header.fingerprints
        content = prints.get("data", ""), prints.get("checkpoint", "")
        return cls(header.task, header.model, header.source, *content, header.objectives)


def validation_points(run: Run) -> NDArray[np.float64]:
    """Raw validation objectives [n, objectives] of a run's trials that have them, in their order."""
    return run.columns.points


def transforms(runs: Iterable[Run]) -> dict[Problem, QuantileTransform]:
    """A transform a problem, over all validation points of all methods and repetitions; none where there are no points.

    Klein et al. (2024), section 4.1; their code pools the checkpoints too, which this does not.
    """
    observed: dict[Problem, list[NDArray[np.float64]]] = defaultdict(list)
    for run in runs:
        observed[Problem.of(run.header)].append(validation_points(run))
    pooled = {problem: np.concatenate(points) for problem, points in observed.items()}
    return {problem: QuantileTransform.fit(points) for problem, points in pooled.items() if len(points)}

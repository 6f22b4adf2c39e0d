"""Non-dominated sorting and crowding of small populations that come and go point by point: what NSGA-II replays.

Deb et al. 2002, section III. Who dominates whom is found once for all points; then a point joins the fronts of those
before it by a few operations on bits (Li et al. 2017, "Efficient non-domination level update"), instead of a sort anew.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Point = tuple[float, ...]
Bits = int
"""A set of points: bit i for point i."""


@dataclass(slots=True)
class Fronts:
    """A population of some of n points with minimised objectives, sorted into fronts.

    Attributes:
        points: [n], each of m objectives.
        dominators, dominated: of each point those that dominate it, and those that it dominates.
        fronts: the members, best front first. size: their number.
    """

    points: Sequence[Point]
    dominators: Sequence[Bits]
    dominated: Sequence[Bits]
    fronts: list[Bits] = field(default_factory=list)
    size: int = 0

    @classmethod
    def of(cls, values: NDArray[np.float64]) -> Fronts:
        """An empty population of points [n, m]."""
        no_worse = np.logical_and.reduce([np.less_equal.outer(column, column) for column in values.T])
        dominates = no_worse & ~no_worse.T
        return cls(list(map(tuple, values.tolist())), _packed(dominates.T), _packed(dominates))

    @property
    def members(self) -> list[int]:
        """Indices, ascending."""
        return sorted(i for front in self.fronts for i in _indices(front))

    def add(self, indices: Iterable[int]) -> None:
        """Let points that are no members become so."""
        for i in indices:
            dominators = self.dominators[i]
            for place, front in enumerate(self.fronts):
                if not dominators & front:
                    beaten = front & self.dominated[i]
                    self.fronts[place] = front ^ beaten | 1 << i
                    self._demote(beaten, place + 1)
                    break
            else:
                self.fronts.append(1 << i)
            self.size += 1

    def _demote(self, moving: Bits, place: int) -> None:
        """Put points of one front into the next; what they dominate there moves on."""
        while moving:
            if place == len(self.fronts):
                self.fronts.append(moving)
                return
            front, beaten = self.fronts[place], 0
            for i in _indices(moving):
                beaten |= self.dominated[i]
            beaten &= front
            self.fronts[place] = front ^ beaten | moving
            moving, place = beaten, place + 1

    def survive(self, children: Sequence[int], size: int) -> None:
        """Let children join, and keep the best of all."""
        if len(children) == 1 and self.size == size and self.dominators[children[0]] & self.fronts[-1]:
            return  # it would stand alone behind the last front
        self.add(children)
        self.truncate(size)

    def truncate(self, size: int) -> None:
        """Keep the best: whole fronts, and of the one that is cut the least crowded, the first of equals."""
        excess, self.size = self.size - size, min(self.size, size)
        while excess > 0:
            last = self.fronts.pop()
            count = last.bit_count()
            if count > excess:
                indices = _indices(last)
                distance = self._crowding(indices)
                order = sorted(range(count), key=distance.__getitem__, reverse=True)
                self.fronts.append(last ^ sum(1 << indices[i] for i in order[count - excess :]))
            excess -= count

    def fitness(self) -> dict[int, tuple[int, float]]:
        """Of each member, the less the better, by the crowded-comparison operator (section III.B)."""
        found: dict[int, tuple[int, float]] = {}
        for rank, front in enumerate(self.fronts):
            indices = _indices(front)
            found |= {i: (rank, -distance) for i, distance in zip(indices, self._crowding(indices), strict=True)}
        return found

    def _crowding(self, front: Sequence[int]) -> list[float]:
        return crowding_distance([self.points[i] for i in front])


def _packed(rows: NDArray[np.bool_]) -> list[Bits]:
    """Each of the rows [n, n] as a set."""
    data, size = np.packbits(rows, axis=1, bitorder="little").tobytes(), (len(rows) + 7) // 8
    return [int.from_bytes(data[i : i + size], "little") for i in range(0, len(data), size)]


def _indices(members: Bits) -> list[int]:
    """Ascending."""
    found = []
    while members:
        lowest = members & -members
        found.append(lowest.bit_length() - 1)
        members ^= lowest
    return found


def crowding_distance(points: Sequence[Point]) -> list[float]:
    """How far apart the neighbours of each of the points [n] of ONE front are, averaged over the objectives.

    Infinite for those at its ends, and zero for all but the first of equal points. Each objective is scaled by its
    range, so a linear change of one changes nothing. Deb et al. 2002, section III.B.
    """
    if len(points) <= 2:
        return [math.inf] * len(points)
    distinct = list(dict.fromkeys(points))
    total = [0.0] * len(distinct)
    for values in zip(*distinct, strict=True):
        order = sorted(range(len(values)), key=values.__getitem__)
        span = values[order[-1]] - values[order[0]]
        if span:
            gaps = [(values[after] - values[before]) / span for before, after in pairwise(order)]
            total[order[0]] = total[order[-1]] = math.inf
            for i, (before, after) in zip(order[1:-1], pairwise(gaps), strict=True):
                total[i] += before + after
    distance = {point: value / len(point) for point, value in zip(distinct, total, strict=True)}
    return [distance.pop(point, 0.0) for point in points]

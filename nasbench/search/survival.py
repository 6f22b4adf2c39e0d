"""Who survives a generation of `nsga2_paraskeva`: by rank, then by crowding over all objectives or in size alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum

from nasbench.records import Trial
from nasbench.search.fronts import Fronts, crowding_distance
from nasbench.search.ranking import points


class Crowding(StrEnum):
    """What spreads the survivors of a front that is cut.

    Attributes:
        ALL: crowding distance over all objectives (Deb et al. 2002).
        SIZE: over the size ratio alone, as in the choice of parents.
    """

    ALL = "all"
    SIZE = "size"


def survivors(members: Sequence[Trial], size: int, crowding: Crowding) -> list[Trial]:
    """Plus-selection of at most so many trials with objectives: the best, whole fronts first; in their order."""
    if len(members) <= size:
        return list(members)
    if crowding is Crowding.ALL:
        sorted_into = Fronts.of(points(members))
        sorted_into.survive(range(len(members)), size)
        chosen = sorted_into.members
    else:
        rated = fitness(members)
        chosen = sorted(sorted(range(len(members)), key=lambda i: rated[i])[:size])
    return [members[i] for i in chosen]


def fitness(members: Sequence[Trial]) -> Mapping[int, tuple[int, float]]:
    """Of each member, the less the better: rank, then crowding within its front in size alone.

    The paper maximises the size ratio, original over candidate: crowding counts distances of that.
    """
    fronts = Fronts.of(points(members))
    fronts.add(range(len(members)))
    rank = {i: place for i, (place, _) in fronts.fitness().items()}
    found: dict[int, tuple[int, float]] = {}
    for place in set(rank.values()):
        front = [i for i in rank if rank[i] == place]
        spread = crowding_distance([(1 / members[i].evaluation.sizes.parameters,) for i in front])
        found |= {i: (place, -distance) for i, distance in zip(front, spread, strict=True)}
    return found

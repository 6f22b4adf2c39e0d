"""What a search space is to a searcher, and the lattice of integers that most of them are."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from nasbench.blocks import BlockList
from nasbench.cost import NetworkShape
from nasbench.records import Architecture, SubNetwork
from nasbench.spaces.genotype import Genotype


class Points(Protocol):
    """The architectures of a search space, whatever they stand for: what every searcher may rely on."""

    @property
    def name(self) -> str:
        """Which space it is, options included: networks trained over equal names and bounds are the same."""

    def sample(self, rng: np.random.Generator) -> Architecture:
        """A random architecture, by the space's own distribution."""

    def mutate(self, architecture: Architecture, rng: np.random.Generator) -> Architecture:
        """A copy with one random entry drawn anew, always different; the same one in a space of one point."""

    def neighbours(self, architecture: Architecture) -> Iterator[Architecture]:
        """All architectures that differ in one entry."""

    def smallest(self) -> Architecture: ...


@runtime_checkable
class SearchSpace(Points, Protocol):
    """A search space bound to a network, whose architectures are parts of that network."""

    def network(self, architecture: Architecture) -> SubNetwork:
        """The sub-network that an architecture stands for.

        Raises:
            ValueError: the architecture is not of this space.
        """


@runtime_checkable
class HasLargest(Protocol):
    """Optional capability: an upper bound of the space, the full network."""

    def largest(self) -> Architecture: ...


@runtime_checkable
class HasMiddle(Protocol):
    """Optional capability: an architecture half way between the smallest and the largest."""

    def middle(self) -> Architecture: ...


@runtime_checkable
class Crosses(Protocol):
    """Optional capability: recombination, for evolutionary methods."""

    def crossover(self, first: Architecture, second: Architecture, rng: np.random.Generator) -> Architecture:
        """A child whose entries come from either parent, each with equal probability (uniform crossover)."""


@runtime_checkable
class Encodes(Protocol):
    """Optional capability: architectures as vectors, for surrogate models."""

    def encode(self, architecture: Architecture) -> NDArray[np.float64]:
        """A vector [d] in [0, 1]."""


@runtime_checkable
class Inverts(Protocol):
    """Optional capability: which architecture stands for a given sub-network."""

    def architecture(self, network: SubNetwork) -> Architecture:
        """The inverse of `network`.

        Raises:
            ValueError: no architecture of this space stands for it.
        """


@runtime_checkable
class Enumerates(Protocol):
    """Optional capability: a list of all architectures, for exhaustive tables."""

    @property
    def size(self) -> int:
        """How many there are."""

    def architectures(self) -> Iterator[Architecture]:
        """All of them, in one order."""


@runtime_checkable
class Inherits(Points, Protocol):
    """A search space of networks that are built, and say what each module takes from its parent's.

    Its architectures mean something beside their parent alone, so equal ones of two parents are two networks. `sample`,
    `smallest` and `neighbours` give children of the base, or of whatever the given architecture is a child of.
    """

    def base(self) -> Architecture:
        """The pretrained network itself, from which all others descend."""

    def genotype(self, architecture: Architecture) -> Genotype:
        """What each module is, and which one of the parent's it was."""

    def network(self, architecture: Architecture) -> BlockList:
        """The network that an architecture stands for."""


class SpaceConfig(Protocol):
    """The configuration of a space: knows nothing of a network until it is bound to one."""

    def bind(self, shape: NetworkShape) -> SearchSpace: ...


@dataclass(frozen=True, kw_only=True)
class IntegerSpace:
    """A lattice of integer vectors between two bounds, inclusive, read as sub-networks by `decode`.

    Attributes:
        name: which space it is.
        lower, upper: bounds [d] of each entry.
        step: distance [d] between the values of each entry, from its lower bound on; None for 1, all integers.
        decode, invert: between a vector and the sub-network that it stands for; `invert` raises ValueError for one
            that no vector stands for.
        draw: the distribution of `sample`; None for each entry uniform.
        centre: the architecture half way between the bounds; None for the middle of each entry, rounded down.
    """

    name: str
    lower: tuple[int, ...]
    upper: tuple[int, ...]
    decode: Callable[[tuple[int, ...]], SubNetwork]
    invert: Callable[[SubNetwork], tuple[int, ...]]
    draw: Callable[[np.random.Generator], tuple[int, ...]] | None = None
    centre: tuple[int, ...] | None = None
    step: tuple[int, ...] | None = None

    @cached_property
    def choices(self) -> tuple[range, ...]:
        """The values [d] that each entry may have."""
        steps = self.step or (1,) * len(self.lower)
        return tuple(range(a, b + 1, step) for a, b, step in zip(self.lower, self.upper, steps, strict=True))

    @property
    def size(self) -> int:
        return math.prod(map(len, self.choices))

    def architectures(self) -> Iterator[Architecture]:
        """All of the lattice, the last entry changing fastest."""
        return map(Architecture, itertools.product(*self.choices))

    def sample(self, rng: np.random.Generator) -> Architecture:
        if self.draw is not None:
            return Architecture(self.draw(rng))
        places = rng.integers([len(values) for values in self.choices]).tolist()
        return Architecture(tuple(values[place] for values, place in zip(self.choices, places, strict=True)))

    def mutate(self, architecture: Architecture, rng: np.random.Generator) -> Architecture:
        values = self._values(architecture)
        free = [i for i, choices in enumerate(self.choices) if len(choices) > 1]
        if not free:
            return architecture
        i = int(rng.choice(free))
        place = int(rng.integers(len(self.choices[i]) - 1))  # one value fewer: the present one is skipped
        return _with(values, i, self.choices[i][place + (place >= self.choices[i].index(values[i]))])

    def neighbours(self, architecture: Architecture) -> Iterator[Architecture]:
        values = self._values(architecture)
        for i, choices in enumerate(self.choices):
            yield from (_with(values, i, v) for v in choices if v != values[i])

    def smallest(self) -> Architecture:
        return Architecture(self.lower)

    def largest(self) -> Architecture:
        return Architecture(self.upper)

    def middle(self) -> Architecture:
        if self.centre is not None:
            return Architecture(self.centre)
        return Architecture(tuple(choices[(len(choices) - 1) // 2] for choices in self.choices))

    def crossover(self, first: Architecture, second: Architecture, rng: np.random.Generator) -> Architecture:
        pairs = zip(self._values(first), self._values(second), rng.random(len(self.lower)) < 0.5, strict=True)
        return Architecture(tuple(a if from_first else b for a, b, from_first in pairs))

    def encode(self, architecture: Architecture) -> NDArray[np.float64]:
        values, low, high = (np.array(v, dtype=float) for v in (self._values(architecture), self.lower, self.upper))
        return (values - low) / np.maximum(high - low, 1)

    def network(self, architecture: Architecture) -> SubNetwork:
        return self.decode(self._values(architecture))

    def architecture(self, network: SubNetwork) -> Architecture:
        found = Architecture(self.invert(network))
        self._values(found)
        return found

    def _values(self, architecture: Architecture) -> tuple[int, ...]:
        values = tuple(v for v in architecture.values if isinstance(v, int))
        inside = len(values) == len(architecture.values) == len(self.lower) and all(
            v in choices for v, choices in zip(values, self.choices, strict=True)
        )
        if not inside:
            steps = f", in steps of {self.step}" if self.step else ""
            raise ValueError(
                f"{architecture.values} is not of this space: bounds are {self.lower} to {self.upper}{steps}"
            )
        return values


def _with(values: tuple[int, ...], i: int, value: int) -> Architecture:
    return Architecture((*values[:i], value, *values[i + 1 :]))

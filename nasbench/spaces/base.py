"""What a search space is to a searcher, and the lattice of integers that most of them are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from nasbench.cost import NetworkShape
from nasbench.records import Architecture, SubNetwork


@runtime_checkable
class SearchSpace(Protocol):
    """A search space bound to a network: what every searcher may rely on."""

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


class SpaceConfig(Protocol):
    """The configuration of a space: knows nothing of a network until it is bound to one."""

    def bind(self, shape: NetworkShape) -> SearchSpace: ...


@dataclass(frozen=True, kw_only=True)
class IntegerSpace:
    """All integer vectors between two bounds, inclusive, read as sub-networks by `decode`.

    Attributes:
        name: which space it is.
        lower, upper: bounds [d] of each entry.
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

    def sample(self, rng: np.random.Generator) -> Architecture:
        if self.draw is not None:
            return Architecture(self.draw(rng))
        return Architecture(tuple(rng.integers(self.lower, self.upper, endpoint=True).tolist()))

    def mutate(self, architecture: Architecture, rng: np.random.Generator) -> Architecture:
        values = self._values(architecture)
        free = [i for i, (low, high) in enumerate(zip(self.lower, self.upper, strict=True)) if low < high]
        if not free:
            return architecture
        i = int(rng.choice(free))
        other = int(rng.integers(self.lower[i], self.upper[i]))  # one value fewer: the present one is skipped
        return _with(values, i, other + (other >= values[i]))

    def neighbours(self, architecture: Architecture) -> Iterator[Architecture]:
        values = self._values(architecture)
        for i, (low, high) in enumerate(zip(self.lower, self.upper, strict=True)):
            yield from (_with(values, i, v) for v in range(low, high + 1) if v != values[i])

    def smallest(self) -> Architecture:
        return Architecture(self.lower)

    def largest(self) -> Architecture:
        return Architecture(self.upper)

    def middle(self) -> Architecture:
        if self.centre is not None:
            return Architecture(self.centre)
        return Architecture(tuple((low + high) // 2 for low, high in zip(self.lower, self.upper, strict=True)))

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
            low <= v <= high for low, v, high in zip(self.lower, values, self.upper, strict=True)
        )
        if not inside:
            raise ValueError(f"{architecture.values} is not of this space: bounds are {self.lower} to {self.upper}")
        return values


def _with(values: tuple[int, ...], i: int, value: int) -> Architecture:
    return Architecture((*values[:i], value, *values[i + 1 :]))

"""LARGE: every head and every unit is kept or not by itself (Klein et al. 2024, section 3.3).

An architecture is one bit a head and unit: for each layer its heads, then its units (Algorithm 4). The bits of a layer
are packed into a hexadecimal string, first entry first, so that the 37,000 bits of a BERT-base make 9 kB of JSON. No
layer is dropped: one with nothing kept still has its LayerNorms.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from nasbench.cost import NetworkShape
from nasbench.records import Architecture, Gene, Kept, SubNetwork, kept


@dataclass(frozen=True, kw_only=True)
class Large:
    """Has no settings: its bounds are the network's."""

    def bind(self, shape: NetworkShape) -> LargeSpace:
        return LargeSpace(layers=shape.layers, heads=shape.heads, units=shape.units)


@dataclass(frozen=True, kw_only=True)
class LargeSpace:
    """Bits are [layers, heads + units] in memory, and packed, a string a layer, in an architecture."""

    layers: int
    heads: int
    units: int
    name: ClassVar[str] = "large"

    @property
    def entries(self) -> int:
        return self.layers * self.width

    @property
    def width(self) -> int:
        return self.heads + self.units

    def sample(self, rng: np.random.Generator) -> Architecture:
        """A uniform number of entries, then so many at random: sizes are uniform, which independent bits are not."""
        bits = np.zeros(self.entries, dtype=np.uint8)
        k = int(rng.integers(self.entries, endpoint=True))
        bits[rng.choice(self.entries, k, replace=False, shuffle=False)] = 1
        return self._packed(bits.reshape(self.layers, self.width))

    def mutate(self, architecture: Architecture, rng: np.random.Generator) -> Architecture:
        rows = self._rows(architecture)
        return _flipped(rows, *divmod(int(rng.integers(self.entries)), self.width)) if self.entries else architecture

    def neighbours(self, architecture: Architecture) -> Iterator[Architecture]:
        rows = self._rows(architecture)
        return (_flipped(rows, layer, entry) for layer in range(self.layers) for entry in range(self.width))

    def smallest(self) -> Architecture:
        return self._packed(np.zeros((self.layers, self.width), dtype=np.uint8))

    def largest(self) -> Architecture:
        return self._packed(np.ones((self.layers, self.width), dtype=np.uint8))

    def middle(self) -> Architecture:
        """The first half of the heads and of the units of every layer."""
        bits = np.zeros((self.layers, self.width), dtype=np.uint8)
        bits[:, : self.heads // 2] = 1
        bits[:, self.heads : self.heads + self.units // 2] = 1
        return self._packed(bits)

    def crossover(self, first: Architecture, second: Architecture, rng: np.random.Generator) -> Architecture:
        from_first = rng.integers(2, size=(self.layers, self.width), dtype=np.uint8)
        return self._packed(np.where(from_first, self._bits(first), self._bits(second)))

    def encode(self, architecture: Architecture) -> NDArray[np.float64]:
        """The shares [2 * layers] of heads and of units that each layer keeps: not which ones.

        A surrogate model of one dimension a bit would learn nothing from a hundred trials.
        """
        bits = self._bits(architecture)
        kept_of = (bits[:, : self.heads].sum(axis=1), bits[:, self.heads :].sum(axis=1))
        shares = np.stack([kept_of[0] / max(self.heads, 1), kept_of[1] / max(self.units, 1)], axis=1)
        return shares.ravel()

    def network(self, architecture: Architecture) -> SubNetwork:
        bits = self._bits(architecture)
        return SubNetwork(
            tuple(range(self.layers)),
            tuple(_indices(row[: self.heads]) for row in bits),
            tuple(_indices(row[self.heads :]) for row in bits),
        )

    def architecture(self, network: SubNetwork) -> Architecture:
        inside = network.layers_kept == tuple(range(self.layers)) and all(
            max(heads, default=-1) < self.heads and max(units, default=-1) < self.units
            for heads, units in zip(network.heads, network.units, strict=True)
        )
        if not inside:
            raise ValueError(f"LARGE has only networks with all {self.layers} layers, of its heads and units")
        bits = np.zeros((self.layers, self.width), dtype=np.uint8)
        for row, heads, units in zip(bits, network.heads, network.units, strict=True):
            row[list(heads)] = 1
            row[self.heads + np.array(units, dtype=int)] = 1
        return self._packed(bits)

    def _packed(self, bits: NDArray[np.uint8]) -> Architecture:
        return Architecture(tuple(row.tobytes().hex() for row in np.packbits(bits, axis=1)))

    def _bits(self, architecture: Architecture) -> NDArray[np.uint8]:
        rows = self._rows(architecture)
        packed = np.frombuffer(b"".join(map(bytes.fromhex, rows)), dtype=np.uint8)
        return np.unpackbits(packed.reshape(self.layers, -(-self.width // 8)), axis=1, count=self.width)

    def _rows(self, architecture: Architecture) -> tuple[str, ...]:
        rows = tuple(row for row in architecture.values if isinstance(row, str))
        if not (len(rows) == len(architecture.values) == self.layers and all(map(self._is_row, rows))):
            raise ValueError(f"not an architecture of {self.layers} layers of {self.width} bits in hexadecimal")
        return rows

    def _is_row(self, row: Gene) -> bool:
        """Whether a string is the one way to write some bits: lower case, and zeros after the last entry."""
        size = -(-self.width // 8)
        if not isinstance(row, str) or len(row) != 2 * size or not set(row) <= set("0123456789abcdef"):
            return False
        return not size or int(row[-2:], 16) % (1 << (8 * size - self.width)) == 0


def _flipped(rows: tuple[str, ...], layer: int, entry: int) -> Architecture:
    """The architecture with one bit changed; the other layers' strings are shared, so this is quick."""
    row = bytearray.fromhex(rows[layer])
    row[entry // 8] ^= 128 >> entry % 8
    return Architecture((*rows[:layer], row.hex(), *rows[layer + 1 :]))


def _indices(bits: NDArray[np.uint8]) -> Kept:
    return kept(np.flatnonzero(bits).tolist())

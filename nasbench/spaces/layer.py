"""LAYER: which layers are kept, each of them whole (Klein et al. 2024, section 3.3).

An architecture is one bit a layer (Algorithm 1); a dropped layer goes, LayerNorms and all.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from nasbench.cost import NetworkShape
from nasbench.records import SubNetwork
from nasbench.spaces.base import IntegerSpace


@dataclass(frozen=True, kw_only=True)
class Layer:
    """Has no settings: its bounds are the network's."""

    def bind(self, shape: NetworkShape) -> IntegerSpace:
        n = shape.layers
        return IntegerSpace(
            name="layer",
            lower=(0,) * n,
            upper=(1,) * n,
            decode=partial(_decode, shape),
            invert=partial(_invert, shape),
            draw=partial(_draw, n),
            centre=_bits(range(n // 2), n),
        )


def _draw(layers: int, rng: np.random.Generator) -> tuple[int, ...]:
    """A uniform number of layers, then so many at random: sizes are uniform, which independent bits are not."""
    k = int(rng.integers(layers, endpoint=True))
    return _bits(rng.choice(layers, k, replace=False).tolist(), layers)


def _bits(kept: range | tuple[int, ...] | list[int], layers: int) -> tuple[int, ...]:
    return tuple(int(i in kept) for i in range(layers))


def _decode(shape: NetworkShape, values: tuple[int, ...]) -> SubNetwork:
    kept = tuple(i for i, bit in enumerate(values) if bit)
    return SubNetwork(kept, (range(shape.heads),) * len(kept), (range(shape.units),) * len(kept))


def _invert(shape: NetworkShape, network: SubNetwork) -> tuple[int, ...]:
    values = _bits(network.layers_kept, shape.layers)
    if _decode(shape, values) != network:
        raise ValueError("LAYER has only networks whose layers keep all heads and units")
    return values

"""MEDIUM: a number of heads and of units for each layer (Klein et al. 2024, section 3.3).

An architecture is (heads, units) of the first layer, of the second, and so on; the first so many of each are kept
(Algorithm 2). No layer is dropped: one with nothing kept still has its LayerNorms.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from nasbench.cost import NetworkShape
from nasbench.records import SubNetwork
from nasbench.spaces.base import IntegerSpace


@dataclass(frozen=True, kw_only=True)
class Medium:
    """Has no settings: its bounds are the network's."""

    def bind(self, shape: NetworkShape) -> IntegerSpace:
        return IntegerSpace(
            name="medium",
            lower=(0, 0) * shape.layers,
            upper=(shape.heads, shape.units) * shape.layers,
            decode=_decode,
            invert=partial(_invert, shape),
        )


def _decode(values: tuple[int, ...]) -> SubNetwork:
    heads, units = values[0::2], values[1::2]
    return SubNetwork(tuple(range(len(heads))), tuple(map(range, heads)), tuple(map(range, units)))


def _invert(shape: NetworkShape, network: SubNetwork) -> tuple[int, ...]:
    widths = zip(network.heads, network.units, strict=True)
    values = tuple(len(kept) for layer in widths for kept in layer)
    if network.layers_kept != tuple(range(shape.layers)) or _decode(values) != network:
        raise ValueError("MEDIUM has only networks with all layers, each with its first heads and units")
    return values

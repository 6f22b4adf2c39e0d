"""SMALL: one number of layers, of heads and of units for the whole network (Klein et al. 2024, section 3.3).

An architecture is (layers, heads, units); the first so many of each are kept (Algorithm 3).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from nasbench.cost import NetworkShape
from nasbench.records import SubNetwork
from nasbench.spaces.base import IntegerSpace


@dataclass(frozen=True, kw_only=True)
class Small:
    """Attributes:
    allow_zero: heads and units from 0, as in the paper, instead of from 1; layers always start at 0.
    """

    allow_zero: bool = False

    def bind(self, shape: NetworkShape) -> IntegerSpace:
        low = 0 if self.allow_zero else 1
        return IntegerSpace(
            name="small_allow_zero" if self.allow_zero else "small",
            lower=(0, low, low),
            upper=(shape.layers, shape.heads, shape.units),
            decode=_decode,
            invert=partial(_invert, shape),
        )


def _decode(values: tuple[int, ...]) -> SubNetwork:
    layers, heads, units = values
    return SubNetwork(tuple(range(layers)), (range(heads),) * layers, (range(units),) * layers)


def _invert(shape: NetworkShape, network: SubNetwork) -> tuple[int, ...]:
    """The network without layers stands for many vectors; the one with full width is taken."""
    layers = len(network.layers_kept)
    widths = set(zip(network.heads, network.units, strict=True)) or {(range(shape.heads), range(shape.units))}
    heads, units = next(iter(widths))
    values = (layers, len(heads), len(units))
    if len(widths) > 1 or (layers and _decode(values) != network):
        raise ValueError("SMALL has only networks whose layers all keep the same first heads and units")
    return values

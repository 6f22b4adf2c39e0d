"""SMALL: one number of layers, of heads and of units for the whole network (Klein et al. 2024, section 3.3).

An architecture is (layers, heads, units); the first so many of each are kept (Algorithm 3). On a grid they come in
steps, which leaves few enough architectures to evaluate them all.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from nasbench.cost import NetworkShape
from nasbench.errors import InputError
from nasbench.records import SubNetwork
from nasbench.spaces.base import IntegerSpace


@dataclass(frozen=True, kw_only=True)
class Small:
    """Attributes:
    allow_zero: heads and units from 0, as in the paper, instead of from 1; layers always start at 0.
    layers_step, heads_step, units_step: layers, heads and units are multiples of these, which divide the network's.
    """

    allow_zero: bool = False
    layers_step: int = 1
    heads_step: int = 1
    units_step: int = 1

    def __post_init__(self) -> None:
        for entry, step in self._steps.items():
            if step < 1:
                raise InputError(f"space.{entry}_step must be at least 1, not {step}")

    def bind(self, shape: NetworkShape) -> IntegerSpace:
        """Raises InputError where the network's layers, heads or units are no multiple of their step."""
        upper = {"layers": shape.layers, "heads": shape.heads, "units": shape.units}
        for entry, step in self._steps.items():
            if upper[entry] % step:
                raise InputError(f"space.{entry}_step={step} must divide the {upper[entry]} {entry} of the network")
        steps = tuple(self._steps.values())
        low = 0 if self.allow_zero else 1
        return IntegerSpace(
            name=self._name,
            lower=(0, low * self.heads_step, low * self.units_step),
            upper=tuple(upper.values()),
            step=steps if max(steps) > 1 else None,
            decode=_decode,
            invert=partial(_invert, shape),
        )

    @property
    def _name(self) -> str:
        zero = "_allow_zero" if self.allow_zero else ""
        return f"small{zero}" + "".join(f"_{entry}_step_{step}" for entry, step in self._steps.items() if step > 1)

    @property
    def _steps(self) -> dict[str, int]:
        return {"layers": self.layers_step, "heads": self.heads_step, "units": self.units_step}


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

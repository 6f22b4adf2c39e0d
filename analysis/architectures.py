"""What architectures of stored runs keep: heads and units of each layer, without the network or its search space."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.drawing import NothingToDrawError
from analysis.labels import group_config
from analysis.networks import Networks
from nasbench.records import Architecture
from nasbench.results import Run

SPACES = SMALL, MEDIUM, LAYER, LARGE = "small", "medium", "layer", "large"


@dataclass(frozen=True, slots=True)
class Extent:
    """Layers of a network, and heads and units of each."""

    layers: int
    heads: int
    units: int


@dataclass(frozen=True, slots=True)
class Kept:
    """Which heads are kept [layers, heads], and which share of the units [layers]; a dropped layer keeps none."""

    heads: NDArray[np.bool_]
    units: NDArray[np.float64]

    @property
    def layers(self) -> NDArray[np.bool_]:
        """Which layers [layers] keep anything."""
        return self.heads.any(axis=1) | (self.units > 0)


def extent(runs: Iterable[Run], networks: Networks) -> Extent:
    """The most layers, heads and units of any architecture of the runs: run files do not say it otherwise.

    It is the network's own where the unpruned network is among them; among a hundred random ones of SMALL its heads and
    layers are there almost certainly, and nearly all of its units.

    Args:
        networks: theirs, or of more runs.

    Raises:
        NothingToDrawError: none of the runs is of a space that counts heads and units.
    """
    layers, heads, units = 0, 0, 0
    by_space: dict[str | None, list[Run]] = defaultdict(list)
    for run in runs:
        by_space[space_of(run)].append(run)
    for space, of_space in by_space.items():
        for architecture in networks.among(of_space):
            values: Any = architecture.values
            if space == SMALL:
                layers, heads, units = max(layers, values[0]), max(heads, values[1]), max(units, values[2])
            elif space == MEDIUM:
                layers, heads = max(layers, len(values) // 2), max(heads, *values[0::2])
                units = max(units, *values[1::2])
            elif space:
                layers = max(layers, len(values))
    if not heads or not layers:
        raise NothingToDrawError("no finished run is of SMALL or MEDIUM, which say how many heads and units there are")
    return Extent(layers, heads, units)


def space_of(run: Run) -> str | None:
    """The option's name of a run's space; None where it is none of those whose architectures are known here.

    Pruning baselines have no option: those that name kept entries are of LARGE, those that name kept layers of LAYER.
    """
    option = group_config(run.header, "space").get("space")
    if option is not None:
        name = json.loads(option)
        return name if name in SPACES else None
    values = [value for trial in run.trials for value in trial.proposal.architecture.values]
    if values and all(isinstance(value, str) for value in values):
        return LARGE
    return LAYER if values and all(value in (0, 1) for value in values) else None


def kept(architecture: Architecture, space: str, of: Extent) -> Kept:
    """What an architecture of a space keeps (`nasbench.spaces`; Klein et al. 2024, appendix B)."""
    values: Any = architecture.values
    heads, units = np.zeros((of.layers, of.heads), dtype=bool), np.zeros(of.layers)
    if space == SMALL:
        heads[: values[0], : values[1]] = True
        units[: values[0]] = values[2] / of.units
    elif space == MEDIUM:
        heads[:] = np.arange(of.heads) < np.array(values[0::2])[:, None]
        units[:] = np.array(values[1::2]) / of.units
    elif space == LAYER:
        heads[:] = np.array(values, dtype=bool)[:, None]
        units[:] = values
    else:
        packed = np.array([list(bytes.fromhex(row)) for row in values], dtype=np.uint8)
        bits = np.unpackbits(packed, axis=1)
        heads[:] = bits[:, : of.heads]
        units[:] = np.minimum(bits[:, of.heads :].sum(axis=1) / of.units, 1.0)
    return Kept(heads, units)

"""What the networks of each method's front keep: shares of heads and of units, layer by layer."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis import commands
from analysis.appearance import UNPRUNED
from analysis.architectures import Extent, extent, kept, space_of
from analysis.comparison import Comparison
from analysis.drawing import STYLE, Drawing, NothingToDrawError, Options, panels, wrapped
from nasbench.records import Architecture
from nasbench.results import Run

MADE_BY = commands.ALL_METHODS


def draw(comparison: Comparison, options: Options) -> Drawing:
    """Means over the members of the VALIDATION fronts of all seeds, however large they are.

    Data: method, layer (from 1), kept (share of members that keep any of the layer), heads, units (shares of the
    layer's), members.

    Raises:
        NothingToDrawError: no finished run has a front of architectures that are known here, or none says how many
            heads there are.
    """
    fronts = {
        label: [(space, _on_front(comparison, run)) for run in comparison.finished(label) if (space := space_of(run))]
        for label in comparison.methods
        if label != UNPRUNED
    }
    fronts = {label: of_runs for label, of_runs in fronts.items() if any(front for _, front in of_runs)}
    if not fronts:
        raise NothingToDrawError("no finished run that prunes has a front in a space that is known here")
    whole = extent(comparison.finished(), comparison.networks)
    data = pd.concat([_shares(label, of_runs, whole) for label, of_runs in fronts.items()], ignore_index=True)
    names = [wrapped(label) for label in fronts]
    figure, axes = panels(
        comparison.setting.title, 0.9 + 0.11 * sum(name.count("\n") + 2 for name in names), 1, 2, share="y"
    )
    for panel, value in zip(axes, ("heads", "units"), strict=True):
        table = data.pivot(index="method", columns="layer", values=value).loc[list(fronts)]
        image = panel.imshow(table.to_numpy(), cmap="cividis", vmin=0, vmax=1, aspect="auto")
        panel.set_title(value, loc="left")
        panel.grid(visible=False)
        panel.set_xticks([0, whole.layers - 1], ["1", str(whole.layers)])
    axes[0].set_yticks(range(len(fronts)), names, fontsize=5.5)
    figure.supxlabel("layer", fontsize=STYLE["axes.labelsize"])
    figure.colorbar(image, ax=axes, label="share kept", shrink=0.9)
    return Drawing(figure, data)


def _on_front(comparison: Comparison, run: Run) -> list[Architecture]:
    numbers = comparison.networks.numbers[run.path][comparison.validation_fronts[run.path]]
    return [comparison.networks.architectures[number] for number in numbers.tolist()]


def _shares(label: str, fronts: Sequence[tuple[str, Sequence[Architecture]]], whole: Extent) -> pd.DataFrame:
    """Of the fronts of a method's runs, each with its space."""

    @cache  # one architecture is on the fronts of many seeds
    def shares(architecture: Architecture, space: str) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
        found = kept(architecture, space, whole)
        return found.layers, found.heads.mean(axis=1), found.units

    found = [shares(architecture, space) for space, front in fronts for architecture in front]
    layers, heads, units = zip(*found, strict=True)
    return pd.DataFrame(
        {
            "method": label,
            "layer": range(1, whole.layers + 1),
            "kept": np.mean(layers, axis=0),
            "heads": np.mean(heads, axis=0),
            "units": np.mean(units, axis=0),
            "members": len(found),
        }
    )

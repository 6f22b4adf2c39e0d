"""What a figure's module is given and what it returns; the look that all figures share."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH = 3.4
"""Inches: a column of a two-column paper."""

_LEGEND_CHARACTERS = 60
_LEGEND_LINE = 0.14
"""Of a legend in this style: what fits on a line, a handle taking 7; and the height of a line in inches."""

STYLE: Mapping[str, Any] = {
    "font.size": 7,
    "axes.titlesize": 7.5,
    "axes.labelsize": 7,
    "xtick.labelsize": 6.5,
    "ytick.labelsize": 6.5,
    "legend.fontsize": 6.5,
    "legend.frameon": False,
    "legend.handlelength": 1.8,
    "legend.columnspacing": 1.2,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e6e6e6",
    "grid.linewidth": 0.5,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "lines.linewidth": 1.1,
    "lines.markersize": 3,
    "pdf.fonttype": 42,  # TrueType, which publishers ask for and editors can edit
    "text.parse_math": False,  # a method's name is not mathematics
    "savefig.dpi": 300,
}


class Axis(StrEnum):
    """What the size axis of a figure counts."""

    ENCODER = "encoder"
    TOTAL = "total"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a user may choose of a figure."""

    axis: Axis = Axis.ENCODER


@dataclass(frozen=True, slots=True)
class Drawing:
    """A figure and the data it shows, all of it."""

    figure: Figure
    data: pd.DataFrame


class NothingToDrawError(Exception):
    """The runs hold nothing of what a figure shows; the sentence says what is missing."""


def blank(title: str, height: float) -> tuple[Figure, Axes]:
    """A figure of one column's width and its axes; `height` in inches, a legend below not counted."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.set_title(title, loc="left")
    return figure, axes


def legend_below(figure: Figure, axes: Axes) -> None:
    """One legend under the axes, in as many columns as the names leave room for; the figure grows by its height."""
    handles, labels = axes.get_legend_handles_labels()
    columns = min(len(labels), max(1, _LEGEND_CHARACTERS // (max(map(len, labels)) + 7)))
    figure.legend(handles, labels, loc="outside lower center", ncols=columns)
    figure.set_figheight(figure.get_figheight() + _LEGEND_LINE * math.ceil(len(labels) / columns))

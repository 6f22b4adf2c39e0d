"""What a figure's module is given and what it returns; the look that all figures share."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from nasbench.errors import InputError

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from analysis.selection import Member
    from nasbench.records import Sizes
    from nasbench.results import Run

WIDTH = 3.4
"""Inches: a column of a two-column paper."""

GREY = "#666666"
"""Of what is no method: reference lines, notes."""

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
    "svg.hashsalt": "nasbench",  # else its identifiers are random
    "text.parse_math": False,  # a method's name is not mathematics
    "figure.dpi": 300,  # at which it is laid out
    "savefig.dpi": 300,
}


class Axis(StrEnum):
    """What the size axis of a figure counts."""

    ENCODER = "encoder"
    TOTAL = "total"

    @property
    def words(self) -> str:
        return "encoder parameters" if self is Axis.ENCODER else "parameters"

    def size(self, member: Member) -> float:
        """As a fraction of the unpruned network's."""
        return member.relative_encoder_parameters if self is Axis.ENCODER else member.relative_parameters

    def share(self, sizes: Sizes, full: Sizes) -> float:
        """Of sizes, as a fraction of the unpruned network's."""
        if self is Axis.ENCODER:
            return sizes.encoder_parameters / full.encoder_parameters
        return sizes.parameters / full.parameters


class Clock(StrEnum):
    """What the axis of a trajectory counts."""

    COST = "cost"
    SECONDS = "seconds"
    TRIALS = "trials"


THRESHOLDS = {
    9: tuple(round(0.2 + 0.0875 * i, 4) for i in range(9)),
    21: tuple(round(0.2 + 0.0395 * i, 4) for i in range(21)),
}
"""Fractions of parameters at which Figure 8 reads a front: nine from 0.2 to 0.9 as in the paper, or the 21 from 0.2 to
0.99 of the published code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a user may choose of a figure.

    Attributes:
        thresholds: how many sizes Figure 8 reads a front at, a key of THRESHOLDS.
        seed: of figures that show single runs; None: the first that all methods have.
        baseline: what others are compared with in pairs; None: the figure's own.
    """

    axis: Axis = Axis.ENCODER
    clock: Clock = Clock.COST
    thresholds: int = 9
    seed: int | None = None
    baseline: str | None = None

    def compared_with(self, names: Sequence[str], *, default: str) -> str:
        """The baseline among the names: the one that was asked for, else the default, else the first.

        Raises:
            InputError: the one that was asked for is none of them.
        """
        if self.baseline is not None and self.baseline not in names:
            raise InputError(f"--baseline {self.baseline} is none of those compared: name {', '.join(names)}")
        wanted = self.baseline or default
        return wanted if wanted in names else names[0]

    def arguments(self) -> list[str]:
        """What is not as by default, as the command line takes it."""
        changed = {f.name: getattr(self, f.name) for f in fields(self) if getattr(self, f.name) != f.default}
        return [text for name, value in changed.items() for text in (f"--{name}", str(value))]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Numbers that belong to a figure, in full and as they are shown.

    Attributes:
        cells: rows of texts under `headings`, the first `text_columns` of them words.
        caption: what they are.
    """

    data: pd.DataFrame
    headings: Sequence[str]
    cells: Sequence[Sequence[str]]
    caption: str
    text_columns: int = 1


@dataclass(frozen=True, slots=True)
class Drawing:
    """A figure and the data it shows, all of it.

    Attributes:
        files: what else is stored with it, by the end of the file's name, such as "-transform.json".
        runs: those it shows; None for all finished ones.
        notes: what the reader has to know beyond its docstring, such as what it leaves out.
    """

    figure: Figure
    data: pd.DataFrame
    table: Table | None = None
    files: Mapping[str, str] = field(default_factory=dict)
    runs: Sequence[Run] | None = None
    notes: Sequence[str] = ()


class NothingToDrawError(Exception):
    """The runs hold nothing of what a figure shows; the sentence says what is missing."""


def blank(title: str, height: float) -> tuple[Figure, Axes]:
    """A figure of one column's width and its axes; `height` in inches, a legend below not counted."""
    figure, (axes,) = panels(title, height)
    return figure, axes


def panels(
    title: str, height: float, rows: int = 1, columns: int = 1, *, share: str | None = None
) -> tuple[Figure, list[Axes]]:
    """A figure of one column's width and its panels, row by row.

    Args:
        height: inches, a legend below not counted.
        share: the axis that panels have in common, "x" or "y".
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(rows, columns, squeeze=False, sharex=share == "x", sharey=share == "y")
    if rows * columns == 1:
        axes[0, 0].set_title(title, loc="left")
    else:
        heading(figure, title)
    return figure, list(axes.flat)


def heading(figure: Figure, title: str) -> None:
    """A title over the whole figure, for several panels or where names on the left leave their axes little room."""
    figure.suptitle(title, x=0.01, ha="left", fontsize=STYLE["axes.titlesize"])


def wrapped(label: str, width: int = 28) -> str:
    """A method's name on lines that leave an axis room: for names on the left of it."""
    return textwrap.fill(label, width)


def legend_below(figure: Figure, axes: Axes) -> None:
    """One legend under the axes, in as many columns as the names leave room for; the figure grows by its height."""
    handles, labels = axes.get_legend_handles_labels()
    widest = max(map(len, labels)) + 7
    columns = min(len(labels), max(1, _LEGEND_CHARACTERS // widest))
    size = STYLE["legend.fontsize"] * min(1.0, _LEGEND_CHARACTERS / widest)  # of one name that fits on no line
    figure.legend(handles, labels, loc="outside lower center", ncols=columns, fontsize=size)
    figure.set_figheight(figure.get_figheight() + _LEGEND_LINE * math.ceil(len(labels) / columns))


def reference_lines(axes: Axes, levels: Mapping[str, float]) -> None:
    """Dashed lines; the highest is labelled above it, the others below, for they may lie close together."""
    for name, level in levels.items():
        highest = level == max(levels.values())
        axes.axhline(level, color=GREY, linewidth=0.7, linestyle=(0, (4, 3)), zorder=1)
        axes.annotate(
            name,
            (0.0, level),
            xycoords=("axes fraction", "data"),
            xytext=(2, 1 if highest else -1),
            textcoords="offset points",
            va="bottom" if highest else "top",
            fontsize=5.5,
            color=GREY,
        )

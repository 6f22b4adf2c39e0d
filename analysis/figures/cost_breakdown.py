"""Where the COST of each method goes: work before the first trial, trials, and the scoring on the test split."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

import pandas as pd

from analysis import commands
from analysis.appearance import COLOURS
from analysis.comparison import Comparison
from analysis.drawing import GREY, Drawing, NothingToDrawError, Options, blank, heading, legend_below, wrapped
from nasbench.results import Run

MADE_BY = commands.ALL_METHODS

TRIALS, TEST = "trials", "test (not billed)"

_PARTS = 5
"""Colours of parts before they repeat; black and grey are kept for the budget and the test split."""


def draw(comparison: Comparison, options: Options) -> Drawing:
    """Bars of mean COST over seeds, a part each phase, then trials; the budget is a line.

    Scoring the final front on the test split is recorded, not budgeted, so it stands hatched behind the bar's end.

    Data: method, part (name of a phase, trials or test), cost_epochs, seconds, seeds: means over seeds.

    Raises:
        NothingToDrawError: there is no finished run.
    """
    frames = [_parts(label, comparison.finished(label)) for label in comparison.methods if comparison.finished(label)]
    if not frames:
        raise NothingToDrawError("there is no finished run")
    data = pd.concat(frames, ignore_index=True)
    methods = list(data["method"].unique())
    names = [wrapped(method) for method in methods]
    figure, axes = blank("", 0.9 + 0.11 * sum(name.count("\n") + 2 for name in names))
    heading(figure, comparison.setting.title)
    left = dict.fromkeys(methods, 0.0)
    phases = [part for part in data["part"].unique() if part not in (TRIALS, TEST)]
    for part in (*phases, TRIALS, TEST):
        of_part = data[data["part"] == part].set_index("method")["cost_epochs"].reindex(methods, fill_value=0.0)
        colour = COLOURS[1 + phases.index(part) % _PARTS] if part in phases else COLOURS[6]
        places = range(len(methods))
        bars = axes.barh(places, of_part, left=[left[m] for m in methods], label=part, height=0.7, color=colour)
        if part == TEST:
            for bar in bars:
                bar.set(facecolor="white", edgecolor=GREY, hatch="//////", linewidth=0.4)
        left = {method: left[method] + of_part[method] for method in methods}
    if comparison.budget_epochs is not None:
        axes.axvline(comparison.budget_epochs, color="black", linewidth=0.8, linestyle="--", label="budget")
    axes.invert_yaxis()
    axes.grid(axis="y", visible=False)
    axes.set_yticks(range(len(methods)), names, fontsize=5.5)
    axes.set_xlabel("COST (training epochs)")
    legend_below(figure, axes)
    return Drawing(figure, data)


def _parts(label: str, runs: Sequence[Run]) -> pd.DataFrame:
    """Means over runs; a run without some phase counts as 0 for it."""
    spent: dict[str, list[tuple[float, float]]] = {}
    for part in [*dict.fromkeys(phase.name for run in runs for phase in run.phases), TRIALS, TEST]:
        spent[part] = [_spent(run, part) for run in runs]
    rows = [
        (label, part, *(statistics.fmean(column) for column in zip(*values, strict=True)), len(runs))
        for part, values in spent.items()
    ]
    return pd.DataFrame(rows, columns=["method", "part", "cost_epochs", "seconds", "seeds"])


def _spent(run: Run, part: str) -> tuple[float, float]:
    """COST in training epochs of the full network, and seconds."""
    found = {
        TRIALS: list(zip(run.columns.cost.tolist(), run.columns.seconds.tolist(), strict=True)),
        TEST: [(test.cost, test.seconds) for test in run.tests],
    }.get(part, [(phase.cost, phase.seconds) for phase in run.phases if phase.name == part])
    return sum(cost for cost, _ in found) / run.header.epoch_macs, sum(seconds for _, seconds in found)

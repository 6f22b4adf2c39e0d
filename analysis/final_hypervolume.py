"""Hypervolume that runs end with, by the option in which they differ: Figures 5 and 7 of Klein et al. 2024."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from analysis.appearance import Appearance, appearances
from analysis.clusters import clusters
from analysis.comparison import Comparison
from analysis.drawing import STYLE, Drawing, Options, Table, panels
from analysis.intervals import Estimate, mean_bootstrap, mean_t
from analysis.normalisation import QuantileTransform
from analysis.paired import common_seeds, paired_difference
from analysis.regret import hypervolumes
from analysis.variants import Variants, differing, normalised
from nasbench.results import Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes

RAW, NORMALISED = "raw", "normalised"
"""The two views: objectives as they are, reference (1, 1); their quantiles, reference (2, 2)."""

Values = Mapping[str, Mapping[int, float]]
"""Hypervolume by variant and seed."""


def draw(comparison: Comparison, options: Options, *, group: str, baseline: str) -> Drawing:
    """Points are seeds, markers means, bars Student's 95% intervals of the mean.

    Hypervolume is of the validation points of all trials. Seeds that share a super-network count as one repetition, by
    the mean and under the first of their seeds.

    Args:
        group: in which weight-sharing runs differ, "strategy" or "space".
        baseline: what others are compared with in pairs, unless `options.baseline` names another.

    Raises:
        NothingToDrawError: there are no finished runs of two options of the group, or none with objectives.
        InputError: `options.baseline` is none of them.
    """
    found = differing(comparison, "ws_nas", group)
    transform = normalised(found)
    baseline = options.compared_with(list(found.runs), default=baseline)
    views = {RAW: _values(found, None), NORMALISED: _values(found, transform)}
    rows = [
        (view, name, seed, value)
        for view, values in views.items()
        for name, of_variant in values.items()
        for seed, value in of_variant.items()
    ]
    data = pd.DataFrame(rows, columns=["view", group, "seed", "hypervolume"])
    trials = statistics.median(len(run.trials) for run in found.every)
    figure, axes = panels(f"{comparison.setting.title}\n{found.fixed}", 0.95 + 0.19 * len(found.runs), 1, 2, share="y")
    for panel, (view, values) in zip(axes, views.items(), strict=True):
        _panel(panel, values)
        panel.set_xlabel(f"{view}, reference {1 if view == RAW else 2}")
    figure.supxlabel(f"validation hypervolume of {trials:g} sub-networks", fontsize=STYLE["axes.labelsize"])
    axes[0].invert_yaxis()
    files = {"-transform.json": transform.to_json()}
    return Drawing(figure, data, _table(views, group, baseline), files, found.every)


def _values(found: Variants, transform: QuantileTransform | None) -> Values:
    return {
        name: {
            cluster[0].header.seed: statistics.fmean(_final(run, transform) for run in cluster)
            for cluster in clusters(runs)
        }
        for name, runs in found.runs.items()
    }


def _final(run: Run, transform: QuantileTransform | None) -> float:
    values = hypervolumes(run, transform)
    return float(values[-1]) if len(values) else 0.0


def _panel(axes: Axes, values: Values) -> None:
    looks = appearances(values)
    for place, (name, of_variant) in enumerate(values.items()):
        _draw_variant(axes, place, list(of_variant.values()), looks[name])
    axes.set_yticks(range(len(values)), list(values))
    axes.set_ylim(-0.6, len(values) - 0.4)
    axes.grid(axis="y", visible=False)
    axes.locator_params(axis="x", nbins=4)


def _draw_variant(axes: Axes, place: int, values: Sequence[float], look: Appearance) -> None:
    mean = mean_t(values)
    axes.plot(values, [place + 0.2] * len(values), "o", color=look.colour, alpha=0.5, markersize=2.2, markeredgewidth=0)
    if mean.interval:
        axes.hlines(place - 0.12, *mean.interval, color=look.colour, linewidth=1.4)
    axes.plot(mean.value, place - 0.12, look.marker, color=look.colour, markersize=4, markeredgewidth=0)


def _table(views: Mapping[str, Values], group: str, baseline: str) -> Table:
    data = pd.DataFrame(
        [
            {"view": view, group: name, **_statistics(of_variant, values[baseline])}
            for view, values in views.items()
            for name, of_variant in values.items()
        ]
    )
    return Table(
        data=data,
        headings=[
            "view",
            group,
            "mean ± std",
            "n",
            "95% interval",
            f"difference to {baseline}",
            "95% interval",
            "pairs",
        ],
        cells=[_cells(row, group, own=row[group] == baseline) for row in data.to_dict("records")],
        caption=(
            "Validation hypervolume. Intervals are Student's; bootstrap ones and Wilcoxon's test are in the CSV file. "
            f"Differences are over the seeds that an option has in common with {baseline}."
        ),
        text_columns=2,
    )


def _statistics(values: Mapping[int, float], baseline: Mapping[int, float]) -> dict[str, float]:
    found = list(values.values())
    row: dict[str, float] = {"n": len(found), **_ends("mean", mean_t(found))}
    row["std"] = statistics.stdev(found) if len(found) > 1 else math.nan
    row |= _ends("bootstrap", mean_bootstrap(found))
    pairs = common_seeds(values, baseline)
    row["pairs"] = len(pairs[0])
    if not pairs[0]:
        return row
    difference = paired_difference(*pairs)
    row |= _ends("difference", difference.t) | _ends("difference_bootstrap", difference.bootstrap)
    return row | {"wilcoxon": difference.wilcoxon}


def _ends(name: str, estimate: Estimate) -> dict[str, float]:
    low, high = estimate.interval or (math.nan, math.nan)
    return {name: estimate.value, f"{name}_low": low, f"{name}_high": high}


def _cells(row: Mapping[Any, Any], group: str, *, own: bool) -> list[str]:
    spread = "" if math.isnan(row["std"]) else f" ± {row['std']:.4f}"
    difference = ["", "", ""] if own else [_number(row["difference"]), _interval(row, "difference"), f"{row['pairs']}"]
    return [row["view"], row[group], f"{row['mean']:.4f}{spread}", f"{row['n']}", _interval(row, "mean"), *difference]


def _interval(row: Mapping[Any, Any], name: str) -> str:
    low, high = row[f"{name}_low"], row[f"{name}_high"]
    return "-" if math.isnan(low) else f"{low:.4f} to {high:.4f}"


def _number(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:+.4f}"

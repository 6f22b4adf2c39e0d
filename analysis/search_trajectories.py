"""Search methods as they go on: Figures 11 and 12 of Klein et al. 2024, and what Figure 6 ranks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from analysis.appearance import Appearance, appearances
from analysis.clusters import clusters
from analysis.comparison import Comparison
from analysis.drawing import Clock, Drawing, NothingToDrawError, Options, legend_below, panels
from analysis.normalisation import QuantileTransform, validation_points
from analysis.regret import best_seen, changes, elapsed, hypervolumes, on_grid, regret
from analysis.variants import Variants, differing, normalised
from nasbench.results import Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes

UNITS = {
    Clock.COST: "COST (training epochs of the unpruned network)",
    Clock.SECONDS: "seconds",
    Clock.TRIALS: "evaluations",
}

Array = NDArray[np.float64]


def draw(comparison: Comparison, options: Options, *, method: str) -> Drawing:
    """Mean over seeds as step lines, and as bands one standard deviation on either side, as in the paper.

    Above, hypervolume of raw objectives, reference (1, 1); below, regret of that of their quantiles, reference (2, 2),
    against all points that any of the runs has seen. Methods that end early extend flat. Nothing is drawn before each
    run of a search has its first trial.

    Args:
        method: whose runs differ in their search, "s_nas" or "ws_nas".

    Data: view (raw or normalised), search, the clock (COST in epochs, seconds or trials), hypervolume, regret, std (of
    either), repetitions.

    Raises:
        NothingToDrawError: there are no finished runs of two searches, or none with objectives.
    """
    found = differing(comparison, method, "search")
    transform = normalised(found)
    clock = options.clock
    data = pd.concat(
        [_steps(found, clock, view, of_view) for view, of_view in (("raw", None), ("normalised", transform))],
        ignore_index=True,
    )
    figure, axes = panels(f"{comparison.setting.title}\n{method}, {found.fixed}", 3.6, 2, 1, share="x")
    for panel, view, value in zip(axes, ("raw", "normalised"), ("hypervolume", "regret"), strict=True):
        _panel(panel, data[data["view"] == view], clock, value)
        panel.set_ylabel(f"{view} {value}\n(reference {1 if view == 'raw' else 2})")
    axes[1].set_xlabel(UNITS[clock])
    legend_below(figure, axes[0])
    return Drawing(figure, data, files={"-transform.json": transform.to_json()}, runs=found.every)


def repetitions(runs: Sequence[Run], clock: Clock, transform: QuantileTransform | None, grid: ArrayLike) -> Array:
    """Hypervolume [repetitions, k] at the points of a grid [k]; 0 before a run's first trial.

    Seeds that share a super-network are one repetition, by their mean.
    """
    return _on_grid(runs, {run.path: (elapsed(run, clock.value), hypervolumes(run, transform)) for run in runs}, grid)


def _on_grid(runs: Sequence[Run], curves: Mapping[Path, tuple[Array, Array]], grid: ArrayLike) -> Array:
    """Curves of runs, each as times and values, as `repetitions`."""
    return np.stack([np.mean([on_grid(*curves[run.path], grid) for run in of], axis=0) for of in clusters(runs)])


def span(runs: Sequence[Run], clock: Clock) -> tuple[float, float]:
    """When the first trial of any of the runs ended, and when the last one did.

    Raises:
        NothingToDrawError: no trial has objectives.
    """
    times = np.concatenate([elapsed(run, clock.value) for run in runs])
    if not len(times):
        raise NothingToDrawError("no finished run has a trial with objectives")
    return float(times.min()), float(times.max())


def _steps(found: Variants, clock: Clock, view: str, transform: QuantileTransform | None) -> pd.DataFrame:
    points = [validation_points(run) for run in found.every]
    seen = points if transform is None else [transform(p) for p in points]
    reference = [1.0] * points[0].shape[1] if transform is None else transform.reference
    best = best_seen(seen, reference)
    _, last = span(found.every, clock)
    frames = []
    for name, runs in found.runs.items():
        curves = {run.path: (elapsed(run, clock.value), hypervolumes(run, transform)) for run in runs}
        begun = max((float(times[0]) for times, _ in curves.values() if len(times)), default=last)
        grid = np.unique(np.concatenate([*(changes(*curve) for curve in curves.values()), [begun, last]]))
        grid = grid[grid >= begun]
        values = _on_grid(runs, curves, grid)
        columns = {
            "hypervolume": values.mean(axis=0),
            "regret": regret(values, best).mean(axis=0),
            "std": values.std(axis=0, ddof=1) if len(values) > 1 else np.nan,
            "repetitions": len(values),
        }
        frames.append(pd.DataFrame({"view": view, "search": name, clock.value: grid, **columns}))
    return pd.concat(frames, ignore_index=True)


def _panel(axes: Axes, data: pd.DataFrame, clock: Clock, value: str) -> None:
    looks = appearances(data["search"].unique())
    for name, steps in data.groupby("search", sort=False):
        _draw_search(axes, steps[clock.value], steps[value], steps["std"], str(name), looks[str(name)])
    axes.set_xlim(0, 1.02 * data[clock.value].max())


def _draw_search(axes: Axes, x: pd.Series, y: pd.Series, std: pd.Series, name: str, look: Appearance) -> None:
    axes.step(x, y, where="post", color=look.colour, linestyle=look.line, label=name)
    if std.notna().all():
        axes.fill_between(x, y - std, y + std, step="post", color=look.colour, alpha=0.15, linewidth=0)

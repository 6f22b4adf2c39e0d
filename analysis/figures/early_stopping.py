"""What stopping the worse half of candidates early would have saved and lost, by when and by which rule."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

import numpy as np
import pandas as pd

from analysis.appearance import COLOURS
from analysis.candidates import CUTOFF, PRE_TRAINING, candidates, last_generation, phased
from analysis.comparison import Comparison
from analysis.drawing import GREY, Drawing, NothingToDrawError, Options, legend_below, panels
from analysis.stopping import RULES, Curve, curve_of, stop
from nasbench.results import Run

MADE_BY = "python -m nasbench +experiment=squad_distilbert_pretrain"

SHARES = tuple(round(0.05 * i, 2) for i in range(1, 20))
"""Of the steps of pre-training, at which the worse half is stopped."""

VIEWS = {"saved": "COST saved\n(share)", "lost": "error lost\n(best kept)", "overlap": "better half\nkept (share)"}


def draw(comparison: Comparison, options: Options) -> Drawing:
    """Means over runs, of the candidates of their last generations that finished, be it for the analysis alone.

    Rules: successive halving keeps those with the lower held-out loss so far, extrapolation those whose curve comes to
    the lower loss at the end. Nothing is decided before the first measurement. The dashed line is where the search
    itself decided.

    Data: method, rule, share (of the steps), saved, lost, overlap, candidates, runs.

    Raises:
        NothingToDrawError: no finished run has the whole curves of two candidates of its last generation.
    """
    found = {label: [_curves(run) for run in runs] for label, runs in phased(comparison).items()}
    found = {label: [curves for curves in groups if len(curves) > 1] for label, groups in found.items()}
    frames = [_outcomes(label, groups) for label, groups in found.items() if groups]
    if not frames:
        raise NothingToDrawError("no finished run that trained in phases has whole curves of its last generation")
    data = pd.concat(frames, ignore_index=True)
    label = max((label for label in found if found[label]), key=lambda label: (sum(map(len, found[label])), label))
    runs = phased(comparison)[label]
    figure, axes = panels(f"{comparison.setting.title}\n{label}", 3.2, 3, 1, share="x")
    for panel, (view, words) in zip(axes, VIEWS.items(), strict=True):
        for place, rule in enumerate(RULES):
            shown = data[(data["method"] == label) & (data["rule"] == rule)]
            line = "-" if place == 0 else "--"
            panel.plot(shown["share"], shown[view], line, color=COLOURS[1 + place], label=rule)
        panel.axvline(_cutoff(runs), color=GREY, linewidth=0.8, linestyle="--")
        panel.set_ylabel(words)
        panel.set_ylim(bottom=0)
    axes[-1].set_xlim(0, 1)
    axes[-1].set_xlabel("share of pre-training at which the worse half is stopped")
    legend_below(figure, axes[0])
    return Drawing(figure, data, runs=[run for of_label in phased(comparison).values() for run in of_label])


def _curves(run: Run) -> list[Curve]:
    curves = [curve_of(run, candidate) for candidate in last_generation(candidates(run))]
    return [curve for curve in curves if curve is not None]


def _outcomes(label: str, groups: Sequence[Sequence[Curve]]) -> pd.DataFrame:
    rows = []
    first = max(curve.progress[0] for curves in groups for curve in curves)
    for name, rule in RULES.items():
        for share in (share for share in SHARES if share >= first - 1e-9):
            outcomes = [stop(curves, share, rule) for curves in groups]
            means = {view: statistics.fmean(getattr(outcome, view) for outcome in outcomes) for view in VIEWS}
            row = {"method": label, "rule": name, "share": share, **means}
            rows.append(row | {"candidates": sum(map(len, groups)), "runs": len(groups)})
    return pd.DataFrame(rows)


def _cutoff(runs: Sequence[Run]) -> float:
    """Share of the steps of pre-training that the first phase is."""
    shares = []
    for run in runs:
        for candidate in candidates(run):
            stages = candidate.stages
            if all(name in stages for name in PRE_TRAINING):
                shares.append(stages[CUTOFF].steps / sum(stages[name].steps for name in PRE_TRAINING))
    return float(np.mean(shares))

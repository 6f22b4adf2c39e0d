"""Klein et al. 2024, Figure 2: the heads that a random sub-network of each search space keeps."""

from __future__ import annotations

import pandas as pd

from analysis.architectures import SPACES, extent, kept
from analysis.comparison import Comparison
from analysis.drawing import STYLE, Axis, Drawing, NothingToDrawError, Options, panels
from analysis.variants import differing
from nasbench.records import Trial
from nasbench.results import Run

MADE_BY = "python -m nasbench -m +sweep=klein_fig5"


def draw(comparison: Comparison, options: Options) -> Drawing:
    """Of weight-sharing runs that differ in space, the first seed's trial nearest to half of the encoder's parameters.

    Heads that are gone are dark.

    Data: space, seed, trial, layer, head (both from 1), kept.

    Raises:
        NothingToDrawError: there are no finished runs of two spaces, or none that say how many heads there are.
    """
    found = differing(comparison, "ws_nas", "space")
    whole = extent(comparison.finished(), comparison.networks)
    firsts = {space: runs[0] for space, runs in found.runs.items() if space in SPACES and runs[0].trials}
    if not firsts:
        raise NothingToDrawError("no finished run of a space that is known here has trials")
    chosen = {space: (run, _half(run)) for space, run in firsts.items()}
    masks = {space: kept(trial.proposal.architecture, space, whole).heads for space, (_, trial) in chosen.items()}
    rows = [
        (space, run.header.seed, trial.index, layer + 1, head + 1, bool(stays))
        for space, (run, trial) in chosen.items()
        for layer, of_layer in enumerate(masks[space])
        for head, stays in enumerate(of_layer)
    ]
    lines = -(-len(masks) // 2)
    figure, axes = panels(comparison.setting.title, 0.6 + 1.3 * lines, lines, 2)
    for panel, (space, mask) in zip(axes, masks.items(), strict=False):
        panel.pcolormesh(~mask, cmap="Greys", vmin=-0.15, vmax=1.3, edgecolors="white", linewidth=0.4)
        panel.set_title(space, loc="left")
        panel.invert_yaxis()
        panel.grid(visible=False)
        panel.set_xticks([0.5, whole.heads - 0.5], ["1", str(whole.heads)])
        panel.set_yticks([0.5, whole.layers - 0.5], ["1", str(whole.layers)])
    for unused in axes[len(masks) :]:
        unused.set_visible(False)
    figure.supxlabel("head", fontsize=STYLE["axes.labelsize"])
    figure.supylabel("layer", fontsize=STYLE["axes.labelsize"])
    data = pd.DataFrame(rows, columns=["space", "seed", "trial", "layer", "head", "kept"])
    return Drawing(figure, data, runs=[run for run, _ in chosen.values()])


def _half(run: Run) -> Trial:
    """A typical network, where the first random one may as well be the empty one."""
    full = run.header.full
    return min(run.trials, key=lambda trial: abs(Axis.ENCODER.share(trial.evaluation.sizes, full) - 0.5))

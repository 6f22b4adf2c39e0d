"""Klein et al. 2024, Figure 3: how many parameters random sub-networks of each search space have."""

from __future__ import annotations

from itertools import islice

import pandas as pd

from analysis.appearance import appearances
from analysis.comparison import Comparison
from analysis.drawing import STYLE, Drawing, Options, panels
from analysis.variants import differing

MADE_BY = "python -m nasbench -m +sweep=klein_fig5"

SAMPLES = 500
"""At most, of each space: as many as in the paper."""

_BINS = [i / 25 for i in range(26)]


def draw(comparison: Comparison, options: Options) -> Drawing:
    """Histograms of the sizes of the first 500 trials, seed after seed, of weight-sharing runs that differ in space.

    So these are the sub-networks whose scores Figure 5 compares, and random ones where the search is random search (the
    title says it). Random search proposes no architecture twice: where it exhausts a space, as it does the 64 networks
    of LAYER in six layers, all of them are shown, whose sizes are not as uniform as those that the space samples. Sizes
    are what extraction instantiates, of trials without objectives too.

    Data: space, seed, trial, size (fraction of the unpruned network's).

    Raises:
        NothingToDrawError: there are no finished runs of two spaces.
    """
    found = differing(comparison, "ws_nas", "space")
    rows = [
        (space, run.header.seed, trial.index, options.axis.share(trial.evaluation.sizes, run.header.full))
        for space, runs in found.runs.items()
        for run, trial in islice(((run, trial) for run in runs for trial in run.trials), SAMPLES)
    ]
    data = pd.DataFrame(rows, columns=["space", "seed", "trial", "size"])
    count = len(found.runs)
    height = 0.6 + 1.05 * -(-count // 2)
    figure, axes = panels(f"{comparison.setting.title}\n{found.fixed}", height, -(-count // 2), 2, share="x")
    looks = appearances(found.runs)
    for panel, (space, of_space) in zip(axes, data.groupby("space", sort=False), strict=False):
        panel.hist(of_space["size"], bins=_BINS, color=looks[str(space)].colour, linewidth=0)
        panel.set_title(f"{space} ({len(of_space)})", loc="left")
        panel.set_xlim(0, 1)
    for unused in axes[count:]:
        unused.set_visible(False)
    figure.supxlabel(f"{options.axis.words} (fraction of all)", fontsize=STYLE["axes.labelsize"])
    figure.supylabel("sub-networks", fontsize=STYLE["axes.labelsize"])
    return Drawing(figure, data, runs=found.every)

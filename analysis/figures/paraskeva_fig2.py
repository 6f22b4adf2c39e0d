"""Paraskeva et al. 2024, Figure 2: Pareto fronts of parents and offspring, generation by generation."""

from __future__ import annotations

import pandas as pd

from analysis.appearance import COLOURS
from analysis.candidates import error, one_run, pools
from analysis.comparison import Comparison
from analysis.drawing import STYLE, Drawing, NothingToDrawError, Options, legend_below, panels
from nasbench.records import Trial
from nasbench.results import Run

MADE_BY = "python -m nasbench +experiment=squad_distilbert_pretrain"


def draw(comparison: Comparison, options: Options) -> Drawing:
    """Score over how many times smaller than the original, of one run: candidates that finished all phases.

    Circles are the parents of a generation, squares its offspring; colours are the front that each is in. Candidates
    finished for the analysis alone never compete and are not shown.

    Data: method, seed, generation (from 1), kind (parent or offspring), candidate (trial), front (from 1), size_ratio,
    score (1 - validation error).

    Raises:
        NothingToDrawError: no finished run trained its candidates in phases, or it has no second generation.
    """
    label, run = one_run(comparison, options.seed)
    rows = [
        (label, run.header.seed, pool.generation, kind, candidate.index, front + 1, *_place(run, candidate.trials[-1]))
        for pool in pools(run)
        for kind, candidate, front in zip(
            ["parent"] * len(pool.parents) + ["offspring"] * len(pool.offspring),
            [*pool.parents, *pool.offspring],
            pool.fronts,
            strict=True,
        )
    ]
    if not rows:
        raise NothingToDrawError("no finished run that trained in phases has a generation after the initial one")
    names = ["method", "seed", "generation", "kind", "candidate", "front", "size_ratio", "score"]
    data = pd.DataFrame(rows, columns=names)
    generations = data["generation"].unique().tolist()
    lines = -(-len(generations) // 2)
    title = f"{comparison.setting.title}\n{label}, seed {run.header.seed}"
    figure, axes = panels(title, 0.7 + 1.4 * lines, lines, min(2, len(generations)))
    for panel, generation in zip(axes, generations, strict=False):
        for front in sorted(data["front"].unique()):
            for kind, marker in (("parent", "o"), ("offspring", "s")):
                shown = data[(data["generation"] == generation) & (data["front"] == front) & (data["kind"] == kind)]
                colour = COLOURS[1 + (front - 1) % (len(COLOURS) - 1)]
                panel.plot(shown["size_ratio"], shown["score"], marker, color=colour, markeredgewidth=0)
        panel.set_title(f"generation {generation}", loc="left")
        panel.set_xlabel("size ratio\n(original / candidate)", fontsize=6)
    for unused in axes[len(generations) :]:
        unused.set_visible(False)
    for front in sorted(data["front"].unique()):
        axes[0].plot([], [], "o", color=COLOURS[1 + (front - 1) % (len(COLOURS) - 1)], label=f"front {front}")
    axes[0].plot([], [], "o", color="white", markeredgecolor="black", markeredgewidth=0.6, label="parent")
    axes[0].plot([], [], "s", color="white", markeredgecolor="black", markeredgewidth=0.6, label="offspring")
    figure.supylabel("validation score", fontsize=STYLE["axes.labelsize"])
    legend_below(figure, axes[0])
    return Drawing(figure, data, runs=[run])


def _place(run: Run, trial: Trial) -> tuple[float, float]:
    """Size ratio and score: by the run's own objectives where it has them."""
    size = trial.evaluation.validation.get("size", trial.evaluation.sizes.parameters / run.header.full.parameters)
    return 1 / size, 1 - error(run, trial)

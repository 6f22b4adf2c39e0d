"""Paraskeva et al. 2024, Figure 3: learning curves of the last generation's pre-training, and the cutoff."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from analysis.appearance import COLOURS
from analysis.candidates import CUTOFF, PRE_TRAINING, Candidate, candidates, last_generation, one_run
from analysis.comparison import Comparison
from analysis.drawing import GREY, Drawing, NothingToDrawError, Options, blank, legend_below
from nasbench.records import Status

MADE_BY = "python -m nasbench +experiment=squad_distilbert_pretrain"


def draw(comparison: Comparison, options: Options) -> Drawing:
    """Training loss over steps, of one run: solid where the candidate was kept, dotted where it was cut off.

    Those cut off go on where they were finished for the analysis. Diverged candidates are in the data and not drawn, as
    in the paper.

    Data: method, seed, candidate (trial), status, kept, phase, step (over both phases), loss (training), held_out.

    Raises:
        NothingToDrawError: no finished run trained its candidates in phases, or the last generation has no curves.
    """
    label, run = one_run(comparison, options.seed)
    generation = last_generation(candidates(run))
    rows = [(label, run.header.seed, *row) for candidate in generation for row in _points(candidate)]
    names = ["method", "seed", "candidate", "status", "kept", "phase", "step", "loss", "held_out"]
    data = pd.DataFrame(rows, columns=names)
    shown = data[data["status"] != str(Status.DIVERGED)]
    if shown.empty:
        raise NothingToDrawError("no finished run that trained in phases has learning curves of its last generation")
    figure, axes = blank(f"{comparison.setting.title}\n{label}, seed {run.header.seed}", 2.2)
    for place, (_, curve) in enumerate(shown.groupby("candidate")):
        colour = COLOURS[1 + place % (len(COLOURS) - 1)]
        axes.plot(curve["step"], curve["loss"], "-" if curve["kept"].all() else ":", color=colour)
    for cutoff in sorted({candidate.stages[CUTOFF].steps for candidate in generation if CUTOFF in candidate.stages}):
        axes.axvline(cutoff, color=GREY, linewidth=0.8, linestyle="--")
    for name, line in (("kept", "-"), ("cut off", ":"), ("cutoff", "--")):
        axes.plot([], [], line, color=GREY if name == "cutoff" else "black", label=name)
    axes.set_xlabel("steps of pre-training")
    axes.set_ylabel("training loss\n(masked language modelling)")
    legend_below(figure, axes)
    return Drawing(figure, data, runs=[run])


def _points(candidate: Candidate) -> Iterator[tuple[object, ...]]:
    before, stages = 0, candidate.stages
    for name in PRE_TRAINING:
        if name in stages:
            for step, loss, held_out in stages[name].curve:
                yield (
                    candidate.index,
                    str(candidate.status),
                    candidate.kept,
                    name,
                    before + step,
                    loss,
                    held_out,
                )
            before += stages[name].steps

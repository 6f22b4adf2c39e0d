"""Paraskeva et al. 2024, Figure 4: pre-training loss at the cutoff and at the end against the fine-tuned error."""

from __future__ import annotations

from analysis.agreement import frame, scatter, table
from analysis.appearance import COLOURS
from analysis.candidates import CUTOFF, FINAL, phased
from analysis.comparison import Comparison
from analysis.drawing import Drawing, NothingToDrawError, Options, blank, legend_below
from analysis.pairs import of_phases

MADE_BY = "python -m nasbench +experiment=squad_distilbert_pretrain"

_PHASES = ((CUTOFF, "cutoff", COLOURS[5]), (FINAL, "end", COLOURS[1]))
"""Red and blue, as in the paper."""


def draw(comparison: Comparison, options: Options) -> Drawing:
    """Held-out losses of the last generation, of which all finish, over all seeds; all generations are in the table.

    The paper correlates with a score, so its coefficients have the other sign. Each candidate is two points at one
    error. In other generations only the better half by the loss at the cutoff finishes, which hides what a cutoff
    costs.

    Data: of (generations), early, late, seed, trial, early_loss, late_loss.

    Raises:
        NothingToDrawError: no finished run trained its candidates in phases, or too few of them finished.
    """
    runs_of = phased(comparison)
    label = max(runs_of, key=lambda label: (sum(len(run.trials) for run in runs_of[label]), label))
    runs = runs_of[label]
    found = {
        f"{which}, {name}": of_phases(runs, phase, f"loss at the {name}", last=which == "last generation")
        for which in ("last generation", "all generations")
        for phase, name, _ in _PHASES
    }
    found = {name: pairs for name, pairs in found.items() if len(pairs)}
    if not found:
        raise NothingToDrawError("no finished run that trained in phases has three candidates that finished")
    figure, axes = blank(f"{comparison.setting.title}\n{label}", 2.2)
    for _, name, colour in _PHASES:
        which = f"last generation, {name}" if f"last generation, {name}" in found else f"all generations, {name}"
        scatter(axes, found[which], colour=colour, label=found[which].what)
    axes.set_xlabel("held-out loss of pre-training")
    axes.set_ylabel("validation error, fine-tuned")
    legend_below(figure, axes)
    return Drawing(figure, frame(found), table=table(found), runs=runs)

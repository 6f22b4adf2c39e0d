"""Paraskeva et al. 2024, Figure 4: pre-training loss at the cutoff and at the end against the fine-tuned error."""

from __future__ import annotations

from collections.abc import Sequence

from analysis.agreement import frame, scatter, table
from analysis.appearance import COLOURS
from analysis.candidates import CUTOFF, FINAL, phased
from analysis.comparison import Comparison
from analysis.drawing import Drawing, NothingToDrawError, Options, blank, legend_below
from analysis.pairs import Pairs, of_phases
from nasbench.results import Run

MADE_BY = "python -m nasbench +experiment=squad_distilbert_pretrain"

_WHICH = ("last generation", "all generations")
_PHASES = ((CUTOFF, "cutoff", COLOURS[5]), (FINAL, "end", COLOURS[1]))
"""Red and blue, as in the paper."""


def draw(comparison: Comparison, options: Options) -> Drawing:
    """Held-out losses of the last generation, of which all finish, over all seeds.

    That is of the method with the most trials; all generations, and other methods trained in phases, are in the table.

    The paper correlates with a score, so its coefficients have the other sign. Each candidate is two points at one
    error. In other generations only the better half by the loss at the cutoff finishes, which hides what a cutoff
    costs.

    Data: of (generations), early, late, seed, trial, early_loss, late_loss.

    Raises:
        NothingToDrawError: no finished run trained its candidates in phases, or too few of them finished.
    """
    runs_of = phased(comparison)
    main = max(runs_of, key=lambda label: (sum(len(run.trials) for run in runs_of[label]), label))
    shown = _pairs(runs_of[main])
    others = {f"{label}: {name}": p for label in runs_of if label != main for name, p in _pairs(runs_of[label]).items()}
    if not shown:
        raise NothingToDrawError("no finished run that trained in phases has three candidates that finished")
    figure, axes = blank(f"{comparison.setting.title}\n{main}", 2.2)
    for _, name, colour in _PHASES:
        pairs = next((shown[f"{which}, {name}"] for which in _WHICH if f"{which}, {name}" in shown), None)
        if pairs is not None:
            scatter(axes, pairs, colour=colour, label=pairs.what)
    axes.set_xlabel("held-out loss of pre-training")
    axes.set_ylabel("validation error, fine-tuned")
    legend_below(figure, axes)
    every_run = [run for runs in runs_of.values() for run in runs]
    return Drawing(figure, frame(shown | others), table=table(shown | others), runs=every_run)


def _pairs(runs: Sequence[Run]) -> dict[str, Pairs]:
    found = {
        f"{which}, {name}": of_phases(runs, phase, f"loss at the {name}", last=which == _WHICH[0])
        for which in _WHICH
        for phase, name, _ in _PHASES
    }
    return {name: pairs for name, pairs in found.items() if len(pairs)}

"""The commands that make runs and figures again, as a shell takes them."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence

from nasbench.results import Run

ALL_METHODS = "python -m nasbench +experiment=squad_distilbert"
"""Makes runs of all methods on one task, which most figures are drawn from."""

TWO_TASKS = "python -m nasbench -m +experiment=squad_distilbert,bbc_topics 'seed=range(0,3)'"
"""Makes runs of all methods on two tasks of one checkpoint."""


def of_run(run: Run) -> str:
    """The command that made a run; the same one again completes it."""
    overrides = run.header.provenance.get("overrides") or [f"+experiment={run.header.experiment}"]
    # A job of a sweep keeps the sweep's name among its overrides, which the plain command refuses.
    swept = ["-m"] if any(override.startswith("+sweep=") for override in overrides) else []
    return shlex.join(["python", "-m", "nasbench", *swept, *overrides])


def of_figure(arguments: Sequence[str]) -> str:
    return shlex.join(["python", "-m", "analysis", *arguments])


def account(summary: str, figure: str, runs: Iterable[Run], notes: Iterable[str] = ()) -> str:
    """What a figure shows and how to make it again, from nothing.

    Args:
        summary: what it shows.
        figure: the command that draws it.
        notes: what there is to know of it.
    """
    told = "".join(f"note: {note}\n\n" for note in notes)
    made = "".join(f"    {command}\n" for command in dict.fromkeys(map(of_run, runs)))
    return f"{summary}\n\n{told}Drawn by\n    {figure}\n\nfrom finished runs, made by\n{made}"

"""What an experiment would do: its runs, what is stored of them already, and what the rest will take."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from nasbench import provenance
from nasbench.compose import ExperimentSpec
from nasbench.errors import InputError
from nasbench.estimate import Planned, estimate
from nasbench.executors.choice import check as check_executor
from nasbench.results import read_run
from nasbench.run import assemble, check_affordable


def plan(spec: ExperimentSpec) -> list[Planned]:
    """All runs of an experiment, data read and prices known.

    Raises:
        InputError: as `run_experiment`.
    """
    check_writable(Path(spec.runtime.results), "runtime.results")
    check_executor(spec.runtime)
    planned = []
    for run_spec in spec.runs:
        run = assemble(run_spec)
        check_affordable(run)
        if not run.recalled:
            run.problem.pretrained()  # a checkpoint that cannot be loaded is told now
        planned.append(Planned(run=run, stored=read_run(run.path) if run.path.exists() else None))
    return planned


def check_writable(folder: Path, name: str) -> None:
    """Args:
        name: what of the user's choices names the folder.

    Raises:
        InputError: it can be neither written to nor made.
    """
    existing = next(path for path in [folder, *folder.absolute().parents] if path.exists() or path.is_symlink())
    if not existing.exists():
        raise InputError(f"{name}={folder} cannot be a folder: {existing} is a link that leads nowhere")
    if not existing.is_dir():
        raise InputError(f"{name}={folder} cannot be a folder: {existing} is a file")
    if not os.access(existing, os.W_OK | os.X_OK):
        raise InputError(f"{name}={folder} cannot be written: no permission in {existing.absolute()}")


def print_plan(planned: Sequence[Planned], spec: ExperimentSpec, console: Console) -> None:
    run = planned[0].run
    problem, source, scale = run.problem, run.spec.source, run.spec.scale
    console.print(f"experiment {spec.name}, task {run.task}, source {source}, scale {scale}")
    console.print(f"data: {problem.data.source_note} (sha256 {problem.fingerprints['data'][:12]})")
    full = problem.full
    console.print(
        f"checkpoint: {problem.checkpoint.label}, {full.parameters:,} parameters, "
        f"{full.encoder_parameters:,} of them in the encoder "
        f"(sha256 {problem.fingerprints['checkpoint'][:12]})"
    )
    table = Table(box=None)
    for column in ("method", "seed", "run", "budget", "state"):
        table.add_column(column)
    for p in planned:
        budget = f"{p.run.budget.amount:g} {p.run.budget.unit}"
        table.add_row(p.run.method.name, str(p.run.problem.seed), p.run.run_id, budget, _state(p))
    console.print(table)
    left = [p for p in planned if not p.finished]
    if left:
        count = min(spec.runtime.processes, len(left))
        console.print(f"{len(left)} runs to make in {count} processes: {estimate(left, count)}")


def _state(planned: Planned) -> str:
    if planned.stored is None:
        return "new"
    trials = len(planned.stored.trials)
    if not planned.stored.finished:
        return f"to be resumed after {trials} trials"
    made_by = planned.stored.header.provenance
    now = provenance.provenance(())
    if made_by.get("dirty"):
        return f"done ({trials} trials, by a dirty tree)"
    if made_by.get("commit") != now.get("commit"):
        return f"done ({trials} trials, by commit {str(made_by.get('commit'))[:8]})"
    return f"done ({trials} trials)"

"""Run files into memory: as records, or as one tidy table of trials."""

from __future__ import annotations

import gc
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.comparison import compare, mixture
from analysis.selection import front, score
from nasbench.errors import InputError
from nasbench.records import Sizes, Trial
from nasbench.results import Run, find_runs, read_run

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["load_runs", "load_trials"]


def load_runs(results: Path, unreadable: list[InputError] | None = None) -> list[Run]:
    """All runs, finished or not, of a run file, an experiment's folder or a folder of experiments.

    Args:
        unreadable: takes what is wrong with files of a folder that cannot be read, which are left out then; None where
            a single such file is an error.

    Raises:
        InputError: there is no such file or folder, it holds no runs, or one of them cannot be read.
    """
    if not results.is_dir() and results.exists():
        return [read_run(results)]
    paths = find_runs(results)
    if not paths:
        raise InputError(
            f"there are no runs in {results}: name a folder that holds run files (*.jsonl), or one of them"
        )
    runs = []
    with _without_collector():
        for path in paths:
            try:
                runs.append(read_run(path))
            except InputError as error:
                if unreadable is None or (path == paths[-1] and not runs):
                    raise
                unreadable.append(error)
    return runs


@contextmanager
def _without_collector() -> Iterator[None]:
    """Millions of records that all live on make the garbage collector walk through them over and over, for nothing."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def load_trials(results: Path) -> pd.DataFrame:
    """One row a trial of every run, in the order of runs and trials; a run that repeats another is left out.

    Columns:
        run_id, experiment, method, seed, task, metric, model, source, scale: of the run's header.
        setting: a digest; only runs of equal settings may be compared.
        label: the method, told apart from runs of the same method under another configuration.
        finished: whether the run ended; the numbers of an unfinished one are not final.
        trial, status, fidelity, resumes, parent, analysis_only: as in `nasbench.records`; no value (NaN) for none.
        architecture: as JSON.
        on_front: in the run's validation front.
        parameters, encoder_parameters, macs: of the sub-network; with `relative_` as fractions of the unpruned one's.
        validation_score: the task's main metric on the validation split; test_score: on test, for front members.
        validation_<objective>, test_<objective>: each objective of the run, minimised (`error`, `size`, ...).
        cost, spent: MACs billed to the trial, and to the run up to and including it.
        epochs_spent: `spent` in training epochs of the full network.
        seconds: wall-clock seconds of the trial.

    Scores and objectives are NaN where there are none. `attrs["notes"]` says what was left out or is mixed.

    Raises:
        InputError: as `load_runs`.
    """
    import pandas as pd

    rows: list[dict[str, Any]] = []
    comparisons = compare(load_runs(results))
    notes = mixture(comparisons)
    for comparison in comparisons:
        notes += comparison.notes
        for label, runs in comparison.methods.items():
            for run in runs:
                rows += _rows(run, {"setting": comparison.setting.digest, "label": label})
    frame = pd.DataFrame(rows)
    frame.attrs["notes"] = notes
    return frame


def _rows(run: Run, common: dict[str, Any]) -> list[dict[str, Any]]:
    header = run.header
    names = ("run_id", "experiment", "method", "seed", "task", "metric", "model", "source", "scale")
    common = {name: getattr(header, name) for name in names} | common | {"finished": run.finished}
    members = set(front(run))
    tests = {test.trial: test for test in run.tests if test.ok}
    rows = []
    for trial in run.trials:
        row = common | _facts(trial, header.full) | {"epochs_spent": trial.spent / header.epoch_macs}
        row["on_front"] = trial.index in members
        row["validation_score"] = score(run, trial.evaluation.scores) if trial.ok else float("nan")
        row["test_score"] = score(run, tests[trial.index].scores) if trial.index in tests else float("nan")
        tested = tests[trial.index].objectives if trial.index in tests else {}
        for name in header.objectives:
            row[f"validation_{name}"] = trial.evaluation.validation.get(name, float("nan"))
            row[f"test_{name}"] = tested.get(name, float("nan"))
        rows.append(row)
    return rows


def _facts(trial: Trial, full: Sizes) -> dict[str, Any]:
    sizes = trial.evaluation.sizes
    return {
        "trial": trial.index,
        "status": str(trial.evaluation.status),
        "fidelity": trial.proposal.fidelity,
        "resumes": trial.proposal.resumes,
        "parent": trial.proposal.parent,
        "analysis_only": trial.proposal.analysis_only,
        "architecture": json.dumps(trial.proposal.architecture.to_json()),
        "parameters": sizes.parameters,
        "encoder_parameters": sizes.encoder_parameters,
        "macs": sizes.macs,
        "relative_parameters": sizes.parameters / full.parameters,
        "relative_encoder_parameters": sizes.encoder_parameters / full.encoder_parameters,
        "relative_macs": sizes.macs / full.macs,
        "cost": trial.evaluation.cost,
        "spent": trial.spent,
        "seconds": trial.evaluation.seconds,
    }

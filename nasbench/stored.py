"""What can be done with a stored run: repeat it, export a network of it."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from nasbench.compose import RunSpec
from nasbench.diff import compare_rows, diff
from nasbench.errors import InputError, Interrupted
from nasbench.interruption import listening
from nasbench.models.export import export as export_model
from nasbench.models.export import free
from nasbench.precision import Precision
from nasbench.records import RunHeader, Trial
from nasbench.results import Run as StoredRun
from nasbench.results import read_run
from nasbench.run import Run, assemble
from nasbench.runtime import Runtime


def rerun(path: Path, *, out: Path | None = None, any_numerics: bool = False) -> int:
    """Repeat a run from its header, elsewhere, and compare; returns 1 where a row differs.

    A run that is unfinished is repeated to its end, and compared as far as it goes.

    Args:
        out: a folder to keep the repetition in, as `<experiment>/<run_id>.jsonl`; one that is unfinished there goes on.
        any_numerics: repeat it under other numerics too, where rows cannot be expected to be equal.

    Raises:
        InputError: the run file, `out`, or the data, checkpoint or numerics that are there.
        Interrupted: it was told to stop.
    """
    stored = read_run(path)
    with tempfile.TemporaryDirectory() as folder:
        again = revive(stored, out or Path(folder))
        _check_elsewhere(again.path, path)
        if not any_numerics and again.header().numerics != stored.header.numerics:
            raise InputError(
                f"{path} was made under other numerics ({_differing(again, stored)}): its bytes cannot be repeated here"
            )
        try:
            with listening() as stop:
                again.execute(lambda event: None, stop)
        except Interrupted as error:
            raise Interrupted(f"stopped after a whole row; {_what_goes_on(path, out)}") from error
        return _compare(stored, again.path)


def _check_elsewhere(again: Path, path: Path) -> None:
    if again.exists() and (again.samefile(path) or read_run(again).finished):
        raise InputError(f"{again} is there already: name an empty folder for the repetition")


def _what_goes_on(path: Path, out: Path | None) -> str:
    if out is None:
        return "what was repeated is gone, for it was not to be kept (--out DIR)"
    return f"the same command goes on with {out}, to be compared with {path}"


def _compare(stored: StoredRun, again: Path) -> int:
    first = next(compare_rows(stored.path, again), None)
    if stored.finished or first is None or first.lacking != 0:
        return diff(stored.path, again, tolerance=0.0)
    print(f"{stored.path} is unfinished: equal to its repetition, row by row, as far as it goes")
    return 0


def revive(stored: StoredRun, results: Path) -> Run:
    """The run that a stored header describes, over the same data and checkpoint, to be made in another folder.

    Raises:
        InputError: the data or the checkpoint has changed since, or the header describes no run.
    """
    try:
        run = _described(stored.header, results)
    except InputError:
        raise
    except Exception as error:  # whatever values of a file of others lead to
        raise InputError(f"{stored.path} makes no run: its configuration or numerics, at {error}") from error
    for name, was in stored.header.fingerprints.items():
        now = run.problem.fingerprints.get(name)
        if now is None or now != was:
            there = now[:12] if now else "none"
            raise InputError(f"{stored.path}: its {name} had sha256 {was[:12]}, what is there now has {there}")
    return run


def _described(header: RunHeader, results: Path) -> Run:
    runtime = Runtime(
        workers=1,
        threads=header.numerics["threads"],
        device=header.numerics["device"],
        precision=Precision(header.numerics["dtype"]),
        results=str(results),
    )
    torch.set_num_threads(runtime.threads)
    return assemble(
        RunSpec(
            experiment=header.experiment,
            scale=header.scale,
            source=header.source,
            science=header.config,
            overrides=tuple(header.provenance.get("overrides", ())),
            runtime=runtime,
        )
    )


def _differing(again: Run, stored: StoredRun) -> str:
    was, now = stored.header.numerics, again.header().numerics
    return ", ".join(f"{name}: {was.get(name)}, here {now[name]}" for name in now if was.get(name) != now[name])


def export(path: Path, *, trial: int, format: str, directory: Path) -> int:
    """Save the sub-network of a stored trial, with tokenizer and card, for transformers to load.

    Raises:
        InputError: there is no such trial, it found no network, `directory` is not empty, or its weights are gone and
            would be others if they were trained here, under other numerics.
    """
    stored = read_run(path)
    if not 0 <= trial < len(stored.trials):
        raise InputError(f"{path} has trials 0 to {len(stored.trials) - 1}, not {trial}")
    chosen = stored.trials[trial]
    if not chosen.ok:
        raise InputError(f"trial {trial} of {path} is {chosen.evaluation.status}: it has no network worth exporting")
    free(directory)  # told before anything is trained
    run = _with_weights(revive(stored, path.parent.parent), stored, chosen)
    session = run.method.start(run.problem)
    model = session.extract(chosen)
    tokenizer = run.problem.checkpoint.tokenizer()
    export_model(model, tokenizer, directory, format=format, card=card(stored, trial))
    print(f"trial {trial} of {path}: saved in {directory} ({format})")
    return 0


def _with_weights(run: Run, stored: StoredRun, trial: Trial) -> Run:
    """The run as it finds the weights that are stored of it: those of other numerics are under the keys of those.

    Weights that are gone are trained again, which is said; only equal numerics give the same ones.
    """
    if run.recalled:
        return run
    problem, was = run.problem, stored.header.numerics
    made = (*(phase.weights for phase in stored.phases), trial.evaluation.weights)
    if gone := [key for key in made if key is not None and problem.weights.get(key) is None]:
        if problem.numerics != was:
            raise InputError(
                f"the weights {gone[0]} of {stored.path} are not stored any more, and trained here they would be "
                f"others, under other numerics ({_differing(run, stored)}): export where it was made"
            )
        print(f"the weights {gone[0]} of {stored.path} are not stored any more: trained again")
    return replace(run, problem=replace(problem, numerics=was))


def card(stored: StoredRun, trial: int) -> dict[str, dict[str, Any]]:
    """What an exported network's model card tells: scores, sizes, provenance."""
    chosen, header = stored.trials[trial], stored.header
    test = next((test for test in stored.tests if test.trial == trial), None)
    sizes, full = chosen.evaluation.sizes, header.full
    return {
        "Scores": {
            "task": header.task,
            **{f"validation {name}": value for name, value in chosen.evaluation.scores.items()},
            **{f"test {name}": value for name, value in (test.scores if test else {}).items()},
        },
        "Sizes": {
            "parameters": sizes.parameters,
            "encoder parameters": sizes.encoder_parameters,
            "share of the full encoder": f"{sizes.encoder_parameters / full.encoder_parameters:.1%}",
            "multiply-accumulates of one sequence of the maximum length": sizes.macs,
        },
        "Provenance": {
            "base model": header.model,
            "source": header.source,
            "method": header.method,
            "run": header.run_id,
            "trial": trial,
            "seed": header.seed,
            "architecture": chosen.proposal.architecture.to_json(),
            **{f"sha256 of the {name}": value for name, value in header.fingerprints.items()},
            **{f"made by: {name}": header.provenance.get(name) for name in ("commit", "dirty", "versions", "cpu")},
        },
    }

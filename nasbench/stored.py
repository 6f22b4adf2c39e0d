"""What can be done with a stored run: repeat it, export a network of it."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import torch

from nasbench.compose import RunSpec
from nasbench.diff import diff
from nasbench.errors import InputError
from nasbench.models.export import export as export_model
from nasbench.precision import Precision
from nasbench.records import RunHeader
from nasbench.results import Run as StoredRun
from nasbench.results import read_run
from nasbench.run import Run, assemble
from nasbench.runtime import Runtime


def rerun(path: Path, *, out: Path | None = None, any_numerics: bool = False) -> int:
    """Repeat a run from its header, elsewhere, and compare; returns 1 where a row differs.

    Args:
        out: a folder to keep the repetition in, as `<experiment>/<run_id>.jsonl`.
        any_numerics: repeat it under other numerics too, where rows cannot be expected to be equal.
    """
    stored = read_run(path)
    with tempfile.TemporaryDirectory() as folder:
        again = revive(stored, out or Path(folder))
        if again.path.exists():
            raise InputError(f"{again.path} is there already: name an empty folder for the repetition")
        if not any_numerics and again.header().numerics != stored.header.numerics:
            raise InputError(
                f"{path} was made under other numerics ({_differing(again, stored)}): its bytes cannot be repeated here"
            )
        again.execute(lambda event: None)
        return diff(path, again.path, tolerance=0.0)


def revive(stored: StoredRun, results: Path) -> Run:
    """The run that a stored header describes, over the same data and checkpoint, to be made in another folder.

    Raises:
        InputError: the data or the checkpoint has changed since, or the header describes no run.
    """
    try:
        run = _described(stored.header, results)
    except InputError:
        raise
    except (KeyError, TypeError, AttributeError, ValueError) as error:
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
    """Save the sub-network of a stored trial, with tokenizer and card, for transformers to load."""
    stored = read_run(path)
    if not 0 <= trial < len(stored.trials):
        raise InputError(f"{path} has trials 0 to {len(stored.trials) - 1}, not {trial}")
    chosen = stored.trials[trial]
    if not chosen.ok:
        raise InputError(f"trial {trial} of {path} is {chosen.evaluation.status}: it has no network worth exporting")
    run = revive(stored, path.parent.parent)
    session = run.method.start(run.problem)
    model = session.extract(chosen)
    tokenizer = run.problem.checkpoint.tokenizer()
    export_model(model, tokenizer, directory, format=format, card=card(stored, trial))
    print(f"trial {trial} of {path}: saved in {directory} ({format})")
    return 0


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

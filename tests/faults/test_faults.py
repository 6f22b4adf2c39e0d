"""What goes wrong within an experiment: told in a sentence, other runs go on, nothing stored is lost, exit code 1."""

from __future__ import annotations

import errno
import io
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from rich.console import Console

from nasbench import results, tensors
from nasbench.compose import ExperimentSpec, experiment
from nasbench.estimators import fine_tuning, weight_sharing
from nasbench.estimators.fine_tuning import FineTuning
from nasbench.experiment import run_experiment
from nasbench.results import RunWriter, read_run
from nasbench.run import assemble
from nasbench.training import Trained
from tests.conftest import TINY
from tests.faults.compare import finished, unlike

SPEC = (*TINY, "limits.train=16", "methods=[s_nas,ws_nas]", "search.max_trials=3")


@pytest.fixture(scope="module")
def spec() -> ExperimentSpec:
    return experiment(SPEC)


def run(spec: ExperimentSpec, folder: Path) -> tuple[int, str]:
    """Make an experiment's runs in a folder; returns the exit code and what was said."""
    runtime = replace(spec.runtime, results=str(folder))
    said = io.StringIO()
    here = replace(spec, runtime=runtime, runs=tuple(replace(one, runtime=runtime) for one in spec.runs))
    code = run_experiment(here, Console(file=said, width=1000), draw=False)
    return code, said.getvalue()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, spec: ExperimentSpec) -> Path:
    """The results that nothing was done to."""
    folder = tmp_path_factory.mktemp("whole") / "results"
    assert run(spec, folder)[0] == 0
    return folder


def no_memory(*_: Any, **__: Any) -> None:
    raise MemoryError


def no_memory_of_torch(*_: Any, **__: Any) -> None:
    raise torch.OutOfMemoryError("tried to allocate 2 GiB")


def diverges(*_: Any, **__: Any) -> Trained:
    return Trained(loss=math.nan, optimizer={})


def no_space(*_: Any, **__: Any) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def read_only(*_: Any, **__: Any) -> None:
    raise OSError(errno.EROFS, "Read-only file system")


FAULTS: list[tuple[str, Any, str, Callable[..., Any], str]] = [
    ("s_nas", FineTuning, "train", no_memory, "out of memory: take fewer runtime.workers"),
    ("s_nas", FineTuning, "train", no_memory_of_torch, "tried to allocate 2 GiB"),
    ("s_nas", tensors, "save_file", no_space, "could not be stored in"),
    ("ws_nas", weight_sharing, "train_super_network", diverges, "the super-network's training diverged"),
    ("ws_nas", weight_sharing, "train_super_network", no_memory, "out of memory"),
]


@pytest.mark.parametrize(
    ("failing", "owner", "name", "fault", "told"), FAULTS, ids=lambda value: getattr(value, "__name__", str(value)[:40])
)
def test_a_run_that_fails_is_told_the_other_goes_on_and_repeating_the_command_completes_it(
    failing: str,
    owner: Any,
    name: str,
    fault: Callable[..., Any],
    told: str,
    spec: ExperimentSpec,
    whole: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = tmp_path / "results"
    only = (failing,) if owner is tensors else ("s_nas", "ws_nas")
    chosen = replace(spec, runs=tuple(one for one in spec.runs if one.science["method"]["name"] in only))
    with monkeypatch.context() as patched:
        patched.setattr(owner, name, fault)
        code, said = run(chosen, folder)
    assert code == 1
    (sentence,) = [line for line in said.splitlines() if line.startswith(f"{failing} seed 0 failed: ")]
    assert told in sentence
    assert "Traceback" not in said
    assert "resume: " in said
    states = {stored.header.method: stored.finished for stored in map(read_run, folder.glob("*/*.jsonl"))}
    assert states == {name: name != failing for name in only}
    assert run(spec, folder)[0] == 0
    assert finished(folder)
    assert unlike(whole, folder) == []


@pytest.mark.parametrize("fault", [no_space, read_only])
def test_a_disk_that_takes_no_more_rows_stops_the_runs_whole(
    fault: Callable[..., Any], spec: ExperimentSpec, whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, calls = tmp_path / "results", 0
    write = results._write

    def takes_five(*args: Any) -> None:
        nonlocal calls
        calls += 1
        fault() if calls > 5 else write(*args)

    with monkeypatch.context() as patched:
        patched.setattr(results, "_write", takes_five)
        code, said = run(spec, folder)
    assert code == 1
    assert sum("seed 0 failed: " in line for line in said.splitlines()) == 2
    assert run(spec, folder)[0] == 0
    assert unlike(whole, folder) == []


def test_a_run_that_another_process_writes_is_refused_and_untouched(
    spec: ExperimentSpec, whole: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "results"
    runtime = replace(spec.runtime, results=str(folder))
    held = assemble(replace(spec.runs[0], runtime=runtime))
    with RunWriter.open(held.path, held.header()):
        before = held.path.read_bytes()
        code, said = run(spec, folder)
        assert code == 1
        assert f"another process is writing {held.path}: wait for it, or stop it" in said
        assert held.path.read_bytes() == before
    assert run(spec, folder)[0] == 0
    assert unlike(whole, folder) == []


def test_damaged_weights_are_set_aside_and_made_again_to_the_same_bytes(
    spec: ExperimentSpec, whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "results"
    with monkeypatch.context() as patched:
        patched.setattr(weight_sharing.WeightSharingEvaluator, "evaluate", no_memory)
        assert run(spec, folder)[0] == 1
    (stored,) = [read_run(path) for path in folder.glob("*/*.jsonl") if read_run(path).header.method == "ws_nas"]
    entry = folder / ".weights" / str(stored.phases[0].weights)
    content = bytearray((entry / "weights.safetensors").read_bytes())
    content[-1] ^= 1
    (entry / "weights.safetensors").write_bytes(content)
    assert run(spec, folder)[0] == 0
    assert f"{entry.name} are damaged" in caplog.text
    aside = entry.with_name(f"{entry.name}.damaged-1")
    assert {str((aside / name).relative_to(folder)) for name in ("meta.json", "weights.safetensors")} == {
        line.removesuffix(" is left over") for line in unlike(whole, folder)
    }


def test_a_trial_whose_loss_is_not_a_number_is_a_row_and_the_search_goes_on(
    spec: ExperimentSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, trained = fine_tuning.train, []

    def first_diverges(*args: Any, **kwargs: Any) -> Any:
        trained.append(real(*args, **kwargs))
        return replace(trained[0], loss=math.nan) if len(trained) == 1 else trained[-1]

    monkeypatch.setattr(fine_tuning, "train", first_diverges)
    code, _ = run(replace(spec, runs=spec.runs[:1]), tmp_path / "results")
    assert code == 0
    (stored,) = map(read_run, (tmp_path / "results").glob("*/*.jsonl"))
    assert [str(trial.evaluation.status) for trial in stored.trials] == ["diverged", "ok", "ok"]
    assert stored.trials[0].evaluation.note == "loss or score not finite"
    assert stored.finished

"""One sweep by each engine: the same rows, whoever makes them; parts that are done are not made again."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nasbench.compose import experiment
from nasbench.executors.choice import executor_of
from nasbench.launchers import is_installed
from nasbench.results import find_runs, read_run
from nasbench.run import assemble
from tests.conftest import REPOSITORY, TINY

Make = Callable[..., Path]
Rows = Callable[[Path], list[dict[str, Any]]]

SWEEP = ("-m", "+experiment=smoke", "method=ws_nas,s_nas,head_pruning", "seed=range(0,4)")
JOBS = ("runtime.executor=submitit", "runtime.workers_per_run=2", "runtime.submitit.cluster=slurm")
LAUNCHERS = {
    "joblib": ("hydra/launcher=cores", "hydra.launcher.n_jobs=2"),
    "slurm": ("hydra/launcher=slurm", "hydra.launcher.mem_gb=null"),
    "ray": ("hydra/launcher=ray_cluster", "+hydra.launcher.ray.init.num_cpus=2"),
}


def check_there(launcher: str) -> None:
    """Skip the test where the engine is not there."""
    if not is_installed(launcher):
        pytest.skip(f'the {launcher} launcher is not installed: pip install "nasbench[{launcher}]"')
    if launcher == "slurm" and (shutil.which("sinfo") is None or subprocess.run(["sinfo"], check=False).returncode):
        pytest.skip("there is no SLURM: start one with tests/scale_out/slurm.sh, and set SLURM_CONF")


def sweep(folder: Path, *overrides: str) -> float:
    """Make the sweep in a folder; returns the seconds that it took."""
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "nasbench", *SWEEP, *overrides],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY), "RAY_USAGE_STATS_ENABLED": "0"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return time.perf_counter() - started


@pytest.fixture(scope="module")
def serial(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("serial")
    print(f"\nserial: {sweep(folder):.0f} s")
    return folder / "results"


@pytest.mark.slow
def test_a_batch_of_slurm_jobs_has_the_rows_of_a_serial_run(tmp_path: Path, make_run: Make, rows: Rows) -> None:
    check_there("slurm")
    overrides = ("search.batch_size=4", "search.max_trials=4", "budget.amount=6")
    (spec,) = experiment([*TINY, "method=s_nas", *overrides, *JOBS, f"runtime.results={tmp_path / 'jobs'}"]).runs
    run = assemble(spec)
    with executor_of(run) as executor:
        run.execute(lambda progress: None, executor=executor)
    assert any((tmp_path / "jobs" / ".jobs").rglob("*_result.pkl"))
    assert rows(run.path) == rows(make_run(tmp_path / "here", "s_nas", *overrides))


@pytest.mark.slow
@pytest.mark.parametrize("launcher", LAUNCHERS)
def test_a_sweep_has_the_rows_of_a_serial_one_and_only_its_rest_is_made_again(
    tmp_path: Path, serial: Path, rows: Rows, launcher: str
) -> None:
    check_there(launcher)
    seconds = sweep(tmp_path, *LAUNCHERS[launcher])
    made = {path.name: rows(path) for path in find_runs(tmp_path / "results")}
    assert made == {path.name: rows(path) for path in find_runs(serial)}
    assert len(made) == 12

    gone, cut, *others = find_runs(tmp_path / "results")
    whole, untouched = cut.read_bytes(), {path: path.stat().st_mtime_ns for path in others}
    gone.unlink()
    cut.write_bytes(whole[:-10])
    again = sweep(tmp_path, *LAUNCHERS[launcher])
    assert {path.name: rows(path) for path in find_runs(tmp_path / "results")} == made
    assert {path: path.stat().st_mtime_ns for path in others} == untouched
    assert all(read_run(path).finished for path in (gone, cut))
    print(f"\n{launcher}: {seconds:.0f} s; the rest of it, 2 of 12 runs: {again:.0f} s")

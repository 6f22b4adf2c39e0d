"""How long statistics of tables and figures take: processor time on one core, of the whole command wall clock."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analysis.ranks import bootstrap_ranks
from nasbench.pareto import hypervolume, hypervolume_trajectory
from tests.benchmarks.run_tree import METHODS, TASKS, write_tree

RANKS_SECONDS = 2
TRAJECTORY_SECONDS = 0.5
TREE_RUNS, TREE_TRIALS = 5000, 100
TREE_SECONDS, TREE_BYTES = 60, 2 * 2**30

pytestmark = pytest.mark.benchmark(timer=time.process_time)


def test_average_ranks_over_time(benchmark: Any) -> None:
    """1,000 bootstrap samples of 6 methods, 9 tasks, 10 seeds and 100 time steps."""
    losses = np.random.default_rng(0).random((6, 9, 10, 100))
    benchmark.pedantic(bootstrap_ranks, args=(losses,), rounds=3)
    assert benchmark.stats.stats.median < RANKS_SECONDS


@pytest.mark.parametrize("shape", ["square", "front"])
def test_a_hypervolume_trajectory(benchmark: Any, shape: str) -> None:
    """10,000 points, at random or all of them on the front."""
    stream = np.random.default_rng(0)
    x = stream.random(10_000)
    points = np.stack([x, stream.random(10_000) if shape == "square" else 1 - x], axis=1)
    found = benchmark.pedantic(hypervolume_trajectory, args=(points, [1, 1]), rounds=3)
    for n in (1, 100, 10_000):
        assert found[n - 1] == pytest.approx(hypervolume(points[:n], [1, 1]))
    assert benchmark.stats.stats.median < TRAJECTORY_SECONDS


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    results = tmp_path_factory.mktemp("tree") / "results"
    write_tree(results, seeds=TREE_RUNS // len(TASKS) // len(METHODS), trials=TREE_TRIALS)
    return results


@pytest.mark.benchmark(timer=time.perf_counter)
@pytest.mark.parametrize("figures", [(), ("--figure", "all")], ids=["default", "all"])
def test_the_whole_command_on_5000_runs(benchmark: Any, figures: tuple[str, ...], tree: Path, tmp_path: Path) -> None:
    """Loads 500,000 trials of two tasks, and writes tables and figures: wall clock, for it takes several cores."""
    peak = benchmark.pedantic(analysed, args=(tree, tmp_path, *figures), rounds=1)
    benchmark.extra_info.update(gigabytes=peak / 2**30)
    assert benchmark.stats.stats.median < TREE_SECONDS
    assert peak < TREE_BYTES


def analysed(results: Path, out: Path, *arguments: str) -> int:
    """Run `python -m analysis`; returns the most memory in bytes that all its processes were seen to hold."""
    command = [sys.executable, "-m", "analysis", str(results), "--out", str(out), *arguments]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, start_new_session=True)
    peak = 0
    while process.poll() is None:
        peak = max(peak, sum(_proportional_bytes(pid) for pid in _of_session(process.pid)))
        time.sleep(0.5)
    assert process.returncode == 0
    return peak


def _of_session(leader: int) -> list[Path]:
    return [folder for folder in Path("/proc").glob("[0-9]*") if _session(folder) == leader]


def _session(process: Path) -> int | None:
    try:
        return int((process / "stat").read_text().rpartition(")")[2].split()[3])
    except OSError:  # it has ended
        return None


def _proportional_bytes(process: Path) -> int:
    """Resident memory, that shared with others in equal parts."""
    try:
        lines = (process / "smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((1024 * int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)

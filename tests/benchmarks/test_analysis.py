"""How much processor time the statistics of tables and figures take on one core."""

from __future__ import annotations

import os
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
    """Loads 500,000 trials of two tasks, and writes tables and figures; a process of its own, whose peak is known."""
    seconds, peak = benchmark.pedantic(analysed, args=(tree, tmp_path, *figures), rounds=1)
    assert seconds < TREE_SECONDS
    assert peak < TREE_BYTES


def analysed(results: Path, out: Path, *arguments: str) -> tuple[float, int]:
    """Processor seconds and the most memory in bytes of `python -m analysis`."""
    command = [sys.executable, "-m", "analysis", str(results), "--out", str(out), *arguments]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024

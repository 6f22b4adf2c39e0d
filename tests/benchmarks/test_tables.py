"""How long it takes to compare search methods on a table of the package, from the command to its figure."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.benchmarks.peers import median_seconds
from tests.conftest import REPOSITORY

METHODS = ("random_search", "local_search", "mo_rea", "nsga2", "nsga2_paraskeva")
"""All that a table can answer but `ehvi`, which takes a second or so a proposal; MO-ASHA needs several fidelities."""
SEEDS, TRIALS = 20, 100


@pytest.mark.benchmark(timer=time.perf_counter)
def test_search_on_a_table_with_its_figure(benchmark: Any, tmp_path: Path) -> None:
    asked = ("--search", ",".join(METHODS), "--seeds", str(SEEDS), "--trials", str(TRIALS), "--set", "search.keep=1")
    command = [sys.executable, "-m", "nasbench", "table", "search", "bbc_topics_minilm", *asked]

    def search() -> None:
        subprocess.run(command, cwd=tmp_path, env={"PYTHONPATH": str(REPOSITORY)}, check=True, capture_output=True)

    benchmark.pedantic(search, rounds=1)
    assert len(list(tmp_path.rglob("*.jsonl"))) == len(METHODS) * SEEDS
    assert list(tmp_path.rglob("table_regret*.png"))
    benchmark.extra_info.update(seconds_of_a_run=median_seconds(benchmark) / len(METHODS) / SEEDS)
    assert median_seconds(benchmark) < 180

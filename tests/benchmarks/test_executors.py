"""How much faster two processes evaluate a batch than one: on the clock, so that it needs two cores that are free."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nasbench.compose import experiment
from nasbench.executors.base import Executor, InTurn
from nasbench.executors.choice import begin, parallel
from nasbench.executors.pool import Pool
from nasbench.executors.processes import Process
from nasbench.method import Session
from nasbench.run import Run, assemble
from tests.benchmarks.peers import alternate
from tests.conftest import TINY

BATCH = 8
METHODS = {
    "s_nas": ("method=s_nas", "limits.train=512"),
    "ws_nas": ("method=ws_nas", "model=minilm", "limits.validation=200"),
}


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    with Pool([Process(begin), Process(begin)]) as pool:
        yield pool


def evaluate(run: Run, session: Session, executor: Executor) -> list[dict[str, float]]:
    proposals = session.propose([])
    assert len(proposals) == BATCH
    return [dict(evaluation.scores) for evaluation in executor.evaluations(session, [], proposals)]


@pytest.mark.parametrize("name", METHODS)
def test_two_processes_are_half_as_fast_again_as_one(benchmark: Any, tmp_path: Path, pool: Pool, name: str) -> None:
    overrides = [*TINY, "task=bbc_topics", *METHODS[name], f"search.batch_size={BATCH}", f"runtime.results={tmp_path}"]
    (spec,) = experiment([*overrides, "budget.amount=100"]).runs
    run = assemble(spec)
    session = run.method.start(run.problem)
    spread = parallel(run, pool)
    assert evaluate(run, session, spread) == evaluate(run, session, InTurn())  # and the workers are warm
    speed_up = alternate(
        benchmark,
        lambda: evaluate(run, session, spread),
        lambda: evaluate(run, session, InTurn()),
        clock=time.perf_counter,
    )
    benchmark.extra_info.update(speed_up=speed_up)
    assert speed_up >= 1.5

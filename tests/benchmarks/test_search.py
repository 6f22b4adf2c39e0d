"""How long search methods take for one proposal at 100 observations, on one core."""

from __future__ import annotations

import time
from importlib.util import find_spec
from typing import Any

import pytest

from nasbench import rng
from nasbench.records import Proposal
from nasbench.search.base import SearchMethod
from nasbench.search.ehvi import ExpectedHypervolumeImprovement
from nasbench.search.local_search import LocalSearch
from nasbench.search.mo_rea import RegularizedEvolution
from nasbench.search.nsga2 import NSGA2
from nasbench.search.random_search import RandomSearch
from tests.benchmarks.peers import median_seconds
from tests.search.toy import ZDT1_SPACE, drive, zdt1

OBSERVATIONS = 100
PROPOSAL_SECONDS = 0.002

QUICK: dict[str, SearchMethod] = {
    "random_search": RandomSearch(),
    "local_search": LocalSearch(),
    "mo_rea": RegularizedEvolution(),
    "nsga2": NSGA2(),
    "nsga2, one at a time": NSGA2(batch_size=1),
}

pytestmark = pytest.mark.benchmark(timer=time.process_time)


def timed(benchmark: Any, search: SearchMethod, *, found_by: SearchMethod, rounds: int) -> float:
    """Median seconds of one proposal, of as many as the method makes at a time, from what a method had found."""
    history = drive(found_by, ZDT1_SPACE, zdt1, OBSERVATIONS)

    def propose() -> list[Proposal]:
        return search.propose(ZDT1_SPACE, history, rng.generator(0, "search", OBSERVATIONS))

    made = len(propose())
    benchmark.pedantic(propose, rounds=rounds, warmup_rounds=1)
    seconds = median_seconds(benchmark) / made
    benchmark.extra_info.update(milliseconds_a_proposal=1000 * seconds)
    return seconds


@pytest.mark.parametrize("name", QUICK)
def test_a_proposal_takes_less_than_two_milliseconds(benchmark: Any, name: str) -> None:
    assert timed(benchmark, QUICK[name], found_by=QUICK[name], rounds=300) < PROPOSAL_SECONDS


@pytest.mark.skipif(find_spec("botorch") is None, reason="BoTorch is not installed")
def test_a_proposal_of_ehvi(benchmark: Any) -> None:
    """Reported, not bounded: most of it is the fit of the surrogate models."""
    timed(benchmark, ExpectedHypervolumeImprovement(), found_by=RandomSearch(), rounds=3)

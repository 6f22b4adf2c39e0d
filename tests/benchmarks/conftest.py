"""Timing means something only where little else runs beside it, on one core: in `make bench`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from threadpoolctl import threadpool_limits


@pytest.fixture(scope="module", autouse=True)
def asked_for(pytestconfig: pytest.Config) -> None:
    """Of a module, so that nothing which a module's tests share is made for nothing."""
    if not pytestconfig.getoption("benchmark_enable"):
        pytest.skip("timed by make bench")


@pytest.fixture(autouse=True)
def timed_on_one_core() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with threadpool_limits(1):
        yield
    torch.set_num_threads(threads)


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Ratios and what else a benchmark found, below the table of its times."""
    session = getattr(config, "_benchmarksession", None)
    found = [benchmark for benchmark in session.benchmarks if benchmark.extra_info] if session else []
    if not found:
        return
    terminalreporter.section("found")
    for benchmark in found:
        facts = (f"{name.replace('_', ' ')} {value:.3g}" for name, value in benchmark.extra_info.items())
        terminalreporter.write_line(f"{benchmark.name}: {', '.join(facts)}")

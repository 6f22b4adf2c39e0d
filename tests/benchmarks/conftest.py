"""Timing means something only where little else runs beside it, on one core: in `make bench`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from threadpoolctl import threadpool_limits


@pytest.fixture(autouse=True)
def timed_on_one_core(pytestconfig: pytest.Config) -> Iterator[None]:
    if not pytestconfig.getoption("benchmark_enable"):
        pytest.skip("timed by make bench")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with threadpool_limits(1):
        yield
    torch.set_num_threads(threads)

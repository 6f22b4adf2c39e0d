"""What runs will take, before they are made: time from a timed matrix product, disk by a formula (docs/cluster.md)."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from nasbench.budget import Unit
from nasbench.results import Run as StoredRun
from nasbench.run import Run

MATMUL_SHARE = 0.45
"""Share of a plain matrix product's speed that training a small encoder reaches: for the estimate of time alone."""

HEADER_BYTES, TRIAL_BYTES = 8_000, 1_000
"""Of a run file, at most: what stands in it once, and what a trial adds (its row, and a test row of the front)."""

NETWORK_BYTES = 20_000
"""Of a stored network beside its parameters, at most: names of tensors, and the recipe that it was made by."""

PARAMETER_BYTES, MOMENTS = 4, 2
"""float32; AdamW keeps two moments of each parameter, which are stored as long as a training may go on."""

COPIES = 2
"""Of each network that is built: as it was pre-trained, and as it was fine-tuned."""

FRONT = 16
"""Members of a front whose weights are stored: as many as are reckoned with before there is one."""


def run_file_bytes(trials: int, packed: int = 0) -> int:
    """Of a run file, at most.

    Args:
        packed: bytes of an architecture of LARGE (`packed_bytes`); those of other spaces are within a trial's.
    """
    return HEADER_BYTES + (TRIAL_BYTES + packed) * trials


def packed_bytes(layers: int, heads: int, units: int) -> int:
    """Of an architecture of LARGE, at most: a string a layer, of whole bytes in hexadecimal, a bit a head and unit."""
    return layers * ((heads + units) // 4 + 6)


def weights_bytes(parameters: int, networks: int, undecided: int = 0) -> int:
    """Of stored networks of at most so many parameters each, and of undecided ones, whose training may go on."""
    whole, resumable = PARAMETER_BYTES * parameters, PARAMETER_BYTES * (1 + MOMENTS) * parameters
    return networks * (whole + NETWORK_BYTES) + undecided * (resumable + NETWORK_BYTES)


@dataclass(frozen=True, kw_only=True)
class Planned:
    """A run to be made, and what its file holds of it already."""

    run: Run
    stored: StoredRun | None

    @property
    def finished(self) -> bool:
        return self.stored is not None and self.stored.finished

    @property
    def name(self) -> str:
        return f"{self.run.method.name} seed {self.run.problem.seed}"

    @property
    def upfront(self) -> int:
        """COST in MACs of what is to be computed before the first trial."""
        done = self.run.recalled or (self.stored and self.stored.phases)
        return 0 if done else self.run.method.upfront_price(self.run.problem)

    @property
    def networks(self) -> int:
        """Whose weights it is reckoned to store: the one that all others are made of, or those of its front."""
        if self.run.recalled:
            return 0
        if self.built:
            return 1 + COPIES * self.built
        if self.run.method.upfront_price(self.run.problem):
            return 1
        return min(FRONT, getattr(getattr(self.run.method, "search", None), "max_trials", None) or FRONT)

    @property
    def built(self) -> int:
        """Networks, of those that are built and not cut out, which may be stored at a time: population and children."""
        search = getattr(self.run.method, "search", None)
        if not getattr(getattr(self.run.method, "estimator", None), "builds", False) or search is None:
            return 0
        return getattr(search, "population_size", 0) + search.batch_size

    @property
    def cost(self) -> int | None:
        """COST in MACs that is left to spend, at most; None where the budget does not tell."""
        total = self.run.budget.macs(self.run.problem.epoch_macs)
        if total is None:
            return None
        spent = self.stored.trials[-1].spent if self.stored and self.stored.trials else 0
        return total - spent


def estimate(left: Sequence[Planned], processes: int) -> str:
    """What unfinished runs will take in so many processes, as far as it can be known."""
    speed = _matmul_macs_per_second() * MATMUL_SHARE
    size = sum(weights_bytes(p.run.problem.full.parameters, p.networks) for p in left)
    return f"{_time(left, processes, speed)}, {size / 1e6:.0f} MB on disk"


def _time(left: Sequence[Planned], processes: int, speed: float) -> str:
    seconds = [known for p in left if (known := _seconds(p, speed)) is not None]
    if len(seconds) == len(left):
        return f"about {_spread(seconds, processes)} at most ({sum(seconds) / 3600:.1f} core-hours)"
    before = [p.upfront / speed for p in left]
    if any(before):
        return f"about {_spread(before, processes)} before the first trials, then as long as so many trials take"
    return "as long as so many trials take"


def _seconds(planned: Planned, speed: float) -> float | None:
    """That a run takes one core, at most; None where its budget bounds no time: in trials, or of what is looked up."""
    budget = planned.run.budget
    if budget.unit is Unit.SECONDS:
        return budget.amount
    return None if planned.cost is None or planned.run.recalled else planned.cost / speed


def _spread(seconds: Sequence[float], processes: int) -> str:
    return f"{max(max(seconds), sum(seconds) / processes) / 60:.0f} min"


def _matmul_macs_per_second() -> float:
    a, b = torch.ones(1024, 384), torch.ones(384, 1536)
    torch.mm(a, b)
    started, repeats = time.perf_counter(), 0
    while time.perf_counter() - started < 0.1:
        torch.mm(a, b)
        repeats += 1
    return repeats * a.numel() * b.shape[1] / (time.perf_counter() - started)

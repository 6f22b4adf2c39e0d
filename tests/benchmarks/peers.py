"""What the suite's execution of sub-networks is timed against, and how: the masked full network, in alternation.

The peer is the usual implementation of a super-network: transformers' own model (SDPA attention), masks on the heads'
contexts and on the units before the second feed-forward matrix, all of its arithmetic done whatever is masked.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from nasbench import cost, rng
from nasbench.models.checkpoint import EmbeddedCheckpoint
from nasbench.models.elastic import ElasticModel
from nasbench.records import Head, SubNetwork
from nasbench.spaces.base import SearchSpace
from nasbench.spaces.small import Small
from nasbench.tasks.base import Split, Tokens
from tests.models.masked_oracle import masked

ROUNDS = 5
BATCH, LENGTH = 32, 128


def minilm() -> ElasticModel:
    return EmbeddedCheckpoint().load(Head.SEQUENCE_CLASSIFICATION, 2, seed=0).eval()


def small(model: ElasticModel) -> SearchSpace:
    return Small().bind(model.shape)


def draws(space: SearchSpace, n: int) -> list[SubNetwork]:
    stream = rng.generator(0, "benchmark")
    return [space.network(space.sample(stream)) for _ in range(n)]


def random_split(items: int, length: int = LENGTH) -> Split:
    """Items of equal length, random words and labels, no metrics."""
    stream = rng.generator(1, "benchmark")
    return Split(
        tokens=Tokens(
            columns={"input_ids": stream.integers(1000, 30000, size=items * length)},
            padding={"input_ids": 0},
            lengths=stream.integers(length, length, size=items, endpoint=True),
        ),
        targets={"labels": stream.integers(2, size=items)},
        examples=items,
        scorer=lambda outputs: {},
    )


def padded_batches(split: Split, size: int = BATCH, length: int = LENGTH) -> list[dict[str, Tensor]]:
    """A split in its own order, every sequence padded to the maximum."""
    batches = []
    for start in range(0, len(split), size):
        batch = split.batch(range(start, min(start + size, len(split))))
        missing = length - batch["input_ids"].size(-1)
        inputs: dict[str, Tensor] = {
            name: batch[name] for name in ("input_ids", "attention_mask", "token_type_ids") if name in batch
        }
        batches.append({name: torch.nn.functional.pad(tensor, (0, missing)) for name, tensor in inputs.items()})
    return batches


@torch.inference_mode()
def run_masked(model: ElasticModel, batches: Sequence[dict[str, Tensor]], network: SubNetwork) -> None:
    with masked(model.network, network):
        for batch in batches:
            model.network(**batch)


def macs(model: ElasticModel, networks: Sequence[SubNetwork], lengths: Sequence[int]) -> int:
    return sum(cost.forward_macs(model.shape, network, lengths) for network in networks)


def alternate(
    benchmark: Any,
    ours: Callable[[], object],
    theirs: Callable[[], object],
    rounds: int = ROUNDS,
    clock: Callable[[], float] = time.process_time,
) -> float:
    """Median time of `theirs` over that of `ours`, run in turns so that both meet the same machine.

    Args:
        clock: the one that the benchmark takes for `ours`.
    """
    seconds: list[float] = []

    def peer() -> None:
        started = clock()
        theirs()
        seconds.append(clock() - started)

    ours()
    benchmark.pedantic(ours, setup=peer, rounds=rounds)
    return statistics.median(seconds) / median_seconds(benchmark)


def median_seconds(benchmark: Any) -> float:
    return float(benchmark.stats.stats.median)


def gigaflops(macs: int, seconds: float) -> float:
    return 2e-9 * macs / seconds

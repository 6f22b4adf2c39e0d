"""How much faster a sub-network evaluates when it is sliced than when the full network is masked."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

import torch

from nasbench import cost, rng
from nasbench.models.checkpoint import EmbeddedCheckpoint
from nasbench.records import Head
from nasbench.spaces.small import Small
from tests.models.masked_oracle import masked

ROUNDS = 5
BATCH, LENGTH, NETWORKS = 32, 128, 8


def median_seconds(run: Callable[[], None]) -> float:
    seconds = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds)


@torch.inference_mode()
def test_random_small_networks(benchmark: Any) -> None:
    """At equal padding: the limit is the ratio of multiply-accumulates."""
    model = EmbeddedCheckpoint().load(Head.QUESTION_ANSWERING, 2, seed=0).eval()
    space = Small().bind(model.shape)
    stream = rng.generator(0, "benchmark")
    networks = [space.network(space.sample(stream)) for _ in range(NETWORKS)]
    ids = torch.from_numpy(stream.integers(1000, 30000, size=(BATCH, LENGTH)))
    batch = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}

    def sliced() -> None:
        for network in networks:
            model(batch, network)

    def full_and_masked() -> None:
        for network in networks:
            with masked(model.network, network):
                model.network(**batch)

    lengths = [LENGTH] * BATCH
    full = NETWORKS * cost.forward_macs(model.shape, model.shape.full(), lengths)
    limit = full / sum(cost.forward_macs(model.shape, network, lengths) for network in networks)
    benchmark.pedantic(sliced, rounds=ROUNDS, warmup_rounds=1)
    speed_up = median_seconds(full_and_masked) / benchmark.stats.stats.median
    benchmark.extra_info.update(speed_up=speed_up, arithmetic_limit=limit)
    assert speed_up > 1

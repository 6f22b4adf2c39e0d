"""How much faster sub-networks are scored than the masked full network is, against the limit that arithmetic sets."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.nn import functional as F

from nasbench.models.checkpoint import EmbeddedCheckpoint
from nasbench.models.elastic import ElasticModel
from nasbench.records import SubNetwork
from nasbench.scoring import score, score_many
from nasbench.tasks.base import Limits, Source, Split
from nasbench.tasks.glue import TextClassification
from nasbench.training import Training
from tests.benchmarks.peers import (
    BATCH,
    LENGTH,
    alternate,
    draws,
    gigaflops,
    macs,
    median_seconds,
    minilm,
    padded_batches,
    random_split,
    run_masked,
    small,
)

pytestmark = pytest.mark.benchmark(timer=time.process_time)

SETTINGS = Training(scoring_batch_size=BATCH)
NETWORKS = 40
EXAMPLES = 128
"""Of RTE's validation split: their lengths are its own."""

VALIDATION = 400
"""Examples for which the seconds of the whole grid are told, as multiples of what is timed."""

HEADS, UNITS = range(1, 13), range(64, 1537, 64)
SAMPLED_HEADS, SAMPLED_UNITS = (2, 7, 11), (192, 576, 1024, 1408)
"""Widths of the grid that are timed; their mean size is the grid's to a hundredth."""


@pytest.fixture(scope="module")
def rte(nasbench_data: Path) -> Split:
    task = TextClassification(
        name="rte",
        source=Source.LOCAL,
        folder=str(nasbench_data / "glue" / "rte"),
        text_columns=("sentence1", "sentence2"),
        labels=("entailment", "not_entailment"),
    )
    return task.load(EmbeddedCheckpoint().tokenizer(), Limits(train=1, validation=EXAMPLES, test=1)).validation


def depths(heads: int, units: int) -> list[SubNetwork]:
    return [SubNetwork(tuple(range(n)), (range(heads),) * n, (range(units),) * n) for n in range(7)]


def grid(heads: Sequence[int], units: Sequence[int]) -> list[SubNetwork]:
    return [network for h in heads for u in units for network in depths(h, u)]


def one_masked_pass(model: ElasticModel, split: Split) -> Callable[[], None]:
    """Of a random sub-network: what is masked does not change its price."""
    batches, (network,) = padded_batches(split), draws(small(model), 1)
    return lambda: run_masked(model, batches, network)


def test_random_small_networks_at_equal_padding(benchmark: Any) -> None:
    """Each by itself: the limit is the ratio of multiply-accumulates."""
    model, split = minilm(), random_split(BATCH)
    networks = draws(small(model), NETWORKS)

    def sliced() -> None:
        for network in networks:
            score(model, split, SETTINGS, network)

    speed_up = NETWORKS * alternate(benchmark, sliced, one_masked_pass(model, split))
    lengths = [LENGTH] * BATCH
    limit = NETWORKS * macs(model, [model.whole], lengths) / macs(model, networks, lengths)
    benchmark.extra_info.update(speed_up=speed_up, arithmetic_limit=limit, share_of_limit=speed_up / limit)
    assert speed_up >= 0.85 * limit


def test_random_small_networks_on_real_lengths(benchmark: Any, rte: Split) -> None:
    """As one batch of proposals, against the masked network with every sequence padded to the maximum."""
    model = minilm()
    networks = draws(small(model), NETWORKS)
    sliced = alternate(benchmark, lambda: score_many(model, rte, SETTINGS, networks), one_masked_pass(model, rte))
    speed_up = NETWORKS * sliced
    padded, real = [LENGTH] * EXAMPLES, rte.lengths.ravel().tolist()
    limit = NETWORKS * macs(model, [model.whole], padded) / macs(model, networks, real)
    benchmark.extra_info.update(speed_up=speed_up, arithmetic_limit=limit, share_of_limit=speed_up / limit)
    assert speed_up >= 6.5


def test_all_depths_of_one_width(benchmark: Any) -> None:
    model, split = minilm(), random_split(BATCH)
    networks = depths(6, 768)
    deepest_over_all = alternate(
        benchmark,
        lambda: score_many(model, split, SETTINGS, networks),
        lambda: score(model, split, SETTINGS, networks[-1]),
    )
    benchmark.extra_info.update(price_of_all_depths=1 / deepest_over_all)
    assert 1 / deepest_over_all <= 1.15


def test_grid_at_equal_padding(benchmark: Any) -> None:
    """A sample of 12 heads x 24 unit steps x 7 depths; the limit shares the layers of all depths of a width."""
    model, split = minilm(), random_split(BATCH)
    networks = grid(SAMPLED_HEADS, SAMPLED_UNITS)
    sliced = alternate(benchmark, lambda: score_many(model, split, SETTINGS, networks), one_masked_pass(model, split))
    lengths = [LENGTH] * BATCH
    speed_up = len(networks) * sliced
    limit = len(networks) * macs(model, [model.whole], lengths) / macs(model, networks[6::7], lengths)
    whole = grid(HEADS, UNITS)
    of_grid = len(whole) * macs(model, [model.whole], lengths) / macs(model, whole[6::7], lengths)
    benchmark.extra_info.update(
        speed_up=speed_up,
        arithmetic_limit=limit,
        share_of_limit=speed_up / limit,
        arithmetic_limit_of_the_whole_grid=of_grid,
    )
    assert speed_up >= 0.85 * limit


def test_grid_on_real_lengths(benchmark: Any, rte: Split) -> None:
    model = minilm()
    networks = grid(SAMPLED_HEADS, SAMPLED_UNITS)
    sliced = alternate(benchmark, lambda: score_many(model, rte, SETTINGS, networks), one_masked_pass(model, rte))
    speed_up = len(networks) * sliced
    whole = len(grid(HEADS, UNITS)) / len(networks) * VALIDATION / EXAMPLES
    benchmark.extra_info.update(speed_up=speed_up, seconds_of_the_whole_grid=whole * median_seconds(benchmark))
    assert speed_up >= 20


@torch.inference_mode()
def test_rate_of_the_full_network(benchmark: Any) -> None:
    """What is reached of the rate at which its plain matrix products run, one after the other."""
    model, split = minilm(), random_split(BATCH)
    tokens = BATCH * LENGTH
    small_inputs, large_inputs = torch.randn(tokens, 384), torch.randn(tokens, 1536)
    inner, up, down = torch.randn(384, 384), torch.randn(1536, 384), torch.randn(384, 1536)

    def products() -> None:
        for _ in range(model.shape.layers):
            for _ in range(4):
                F.linear(small_inputs, inner)
            F.linear(small_inputs, up)
            F.linear(large_inputs, down)

    products_over_pass = alternate(benchmark, lambda: score(model, split, SETTINGS), products)
    seconds = median_seconds(benchmark)
    product_macs = model.shape.layers * tokens * 384 * (4 * 384 + 2 * 1536)
    benchmark.extra_info.update(
        gigaflops=gigaflops(macs(model, [model.whole], [LENGTH] * BATCH), seconds),
        gigaflops_of_matrix_products=gigaflops(product_macs, products_over_pass * seconds),
    )

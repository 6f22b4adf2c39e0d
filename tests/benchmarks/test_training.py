"""How much faster super-network steps are than masked ones, and what the full network costs beside transformers'."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from nasbench import rng
from nasbench.models.elastic import ElasticModel
from nasbench.supernet.base import Pass, Strategy
from nasbench.supernet.random import RandomSubNetwork
from nasbench.supernet.sandwich import Sandwich
from nasbench.supernet.training import accumulate_gradients
from nasbench.tasks.losses import distillation_loss, task_loss
from tests.benchmarks.peers import LENGTH, ROUNDS, alternate, macs, minilm, random_split, small
from tests.models.masked_oracle import masked

pytestmark = pytest.mark.benchmark(timer=time.process_time)

FULL = Sandwich(seed=0, k=2, distil=True)
STEPS, OF = 4, 400
"""Steps of a round, each with draws of its own: those in a row, of so many, that are nearest to the mean in size."""


def optimiser(module: nn.Module) -> torch.optim.Optimizer:
    return torch.optim.AdamW(module.parameters(), lr=1e-5, fused=True)


def sliced_step(model: ElasticModel, batch: dict[str, Tensor], strategy: Strategy) -> Callable[[list[Pass]], None]:
    optimizer = optimiser(model)

    def step(passes: list[Pass]) -> None:
        model.zero_gradients()
        with model.gradients_in_place():
            accumulate_gradients(model, batch, passes, strategy)
        optimizer.step()

    return step


def masked_step(model: ElasticModel, batch: dict[str, Tensor], strategy: Strategy) -> Callable[[list[Pass]], None]:
    """The same losses on the masked network, one backward pass after the other."""
    network: Any = model.network
    optimizer, distillation = optimiser(network), strategy.distillation
    inputs = {name: batch[name] for name in ("input_ids", "attention_mask")}

    def step(passes: list[Pass]) -> None:
        optimizer.zero_grad(set_to_none=False)
        teacher = torch.empty(0)
        for item in passes:
            with masked(network, item.network):
                logits = network(**inputs).logits
            loss = task_loss(model.head, logits, batch)
            if item.distil:
                loss = loss + distillation_loss(
                    model.head, logits, teacher, batch, temperature=distillation.temperature, squared=True
                )
            if item.teacher:
                teacher = logits.detach()
            loss.backward()
        optimizer.step()

    return step


def typical_plans(model: ElasticModel, strategy: Strategy) -> list[list[Pass]]:
    """The passes of `STEPS` steps that cost about what steps of the strategy cost on average."""
    space = small(model)
    plans = [strategy.plan(space, rng.generator(0, "benchmark", step), 0.5) for step in range(OF)]
    prices = np.array([macs(model, [item.network for item in passes], [LENGTH]) for passes in plans])
    means = np.convolve(prices, np.full(STEPS, 1 / STEPS), mode="valid")
    first = int(np.abs(means - prices.mean()).argmin())
    return plans[first : first + STEPS]


def speed_up_of_steps(benchmark: Any, strategy: Strategy, batch_size: int) -> float:
    """Over masked steps, beside the limit that the arithmetic of the same draws sets."""
    model = minilm().train()
    peer = copy.deepcopy(model)
    batch = random_split(batch_size).batch(range(batch_size))
    plans = typical_plans(model, strategy)
    sliced, theirs = sliced_step(model, batch, strategy), masked_step(peer, batch, strategy)
    ratio = alternate(benchmark, lambda: [sliced(passes) for passes in plans], lambda: theirs(plans[0]), rounds=ROUNDS)
    lengths = [LENGTH] * batch_size
    full = macs(model, [model.whole], lengths) * sum(map(len, plans))
    limit = full / sum(macs(model, [item.network for item in passes], lengths) for passes in plans)
    speed_up = STEPS * ratio
    benchmark.extra_info.update(speed_up=speed_up, arithmetic_limit=limit, share_of_limit=speed_up / limit)
    return speed_up


@pytest.mark.parametrize(("batch_size", "wanted"), [(32, 2.3), (4, 2.0)])
def test_sandwich_step_with_distillation(benchmark: Any, batch_size: int, wanted: float) -> None:
    assert speed_up_of_steps(benchmark, FULL, batch_size) >= wanted


def test_step_of_one_random_network(benchmark: Any) -> None:
    assert speed_up_of_steps(benchmark, RandomSubNetwork(seed=0), 32) >= 3


@torch.inference_mode()
def test_full_forward_pass_beside_transformers(benchmark: Any) -> None:
    model, batch = minilm(), random_split(16).batch(range(16))
    inputs = {name: batch[name] for name in ("input_ids", "attention_mask")}
    theirs_over_ours = alternate(benchmark, lambda: model(batch), lambda: model.network(**inputs), rounds=15)
    benchmark.extra_info.update(price_beside_transformers=1 / theirs_over_ours)
    assert 1 / theirs_over_ours <= 1.1


def test_full_training_step_beside_transformers(benchmark: Any) -> None:
    model = minilm().train()
    network: Any = copy.deepcopy(model.network)
    batch = random_split(8).batch(range(8))
    inputs = {name: batch[name] for name in ("input_ids", "attention_mask")}
    step, optimizer = sliced_step(model, batch, RandomSubNetwork(seed=0)), optimiser(network)

    def theirs() -> None:
        optimizer.zero_grad()
        task_loss(model.head, network(**inputs).logits, batch).backward()
        optimizer.step()

    passes = [Pass(network=model.whole)]
    theirs_over_ours = alternate(benchmark, lambda: step(passes), theirs, rounds=15)
    benchmark.extra_info.update(price_beside_transformers=1 / theirs_over_ours)
    assert 1 / theirs_over_ours <= 1.1

"""Strategies plan the passes that Klein et al. 2024 (sections 3.2.1 and 4.1.3) describe, on common random draws."""

from typing import Any

import numpy as np
import pytest

from nasbench import cost, rng
from nasbench.errors import InputError
from nasbench.records import SubNetwork
from nasbench.spaces.small import Small
from nasbench.supernet.base import Distillation, Pass, price
from nasbench.supernet.kd import InPlaceDistillation
from nasbench.supernet.random import RandomSubNetwork
from nasbench.supernet.sandwich import Sandwich
from nasbench.supernet.standard import Standard
from tests.spaces.test_small import SHAPE

SPACE = Small().bind(SHAPE)
FULL, SMALLEST = SHAPE.full(), SubNetwork((), (), ())


def plan(strategy: Any, step: int = 0, progress: float = 0.5) -> list[Pass]:
    return strategy.plan(SPACE, rng.generator(strategy.seed, "sub_networks", step), progress)


def draws(step: int, k: int) -> list[SubNetwork]:
    """The stream's first k architectures, drawn as the space's definition says: each entry uniform."""
    stream = rng.generator(0, "sub_networks", step)
    networks = []
    for _ in range(k):
        layers, heads, units = stream.integers([0, 1, 1], [2, 3, 4], endpoint=True).tolist()
        networks.append(SubNetwork(tuple(range(layers)), (range(heads),) * layers, (range(units),) * layers))
    return networks


def test_standard_trains_the_full_network_alone() -> None:
    assert plan(Standard(seed=0)) == [Pass(network=FULL)]


def test_random_trains_one_random_network_a_step() -> None:
    assert [plan(RandomSubNetwork(seed=0), step) for step in range(5)] == [
        [Pass(network=draws(step, 1)[0])] for step in range(5)
    ]


def test_random_linear_moves_from_the_full_network_to_random_ones() -> None:
    strategy = RandomSubNetwork(seed=0, linear=True)
    for progress in (0.0, 0.3, 0.9):
        chosen = [plan(strategy, step, progress)[0].network for step in range(400)]
        random_share = np.mean([network == draws(step, 1)[0] for step, network in enumerate(chosen)])
        assert all(network in (FULL, draws(step, 1)[0]) for step, network in enumerate(chosen))
        assert random_share == pytest.approx(progress, abs=0.08)


def test_sandwich_trains_largest_smallest_and_k_random() -> None:
    passes = plan(Sandwich(seed=0, k=3))
    assert [item.network for item in passes] == [FULL, SMALLEST, *draws(0, 3)]
    assert all(item.labels and not item.distil and not item.teacher for item in passes)


def test_full_is_sandwich_with_the_largest_as_teacher() -> None:
    teacher, *students = plan(Sandwich(seed=0, k=2, distil=True))
    assert teacher == Pass(network=FULL, teacher=True)
    assert students == [Pass(network=network, distil=True) for network in (SMALLEST, *draws(0, 2))]


@pytest.mark.parametrize("train_teacher", [False, True])
def test_kd_distils_k_random_networks(train_teacher: bool) -> None:
    teacher, *students = plan(InPlaceDistillation(seed=0, k=2, train_teacher=train_teacher))
    assert teacher == Pass(network=FULL, labels=train_teacher, teacher=True)
    assert students == [Pass(network=network, distil=True) for network in draws(0, 2)]


def test_price_trains_at_three_forwards_and_only_teaches_at_one() -> None:
    lengths = np.array([3, 5])
    half = SubNetwork((0,), (range(3),), (range(4),))
    passes = [Pass(network=FULL, labels=False, teacher=True), Pass(network=half, distil=True)]
    # By hand: d=8, inner 3*2=6, 4 units; a layer costs s(4*8*6 + 2*8*4) + 2*6 s^2, the output 16 s.
    layer = 8 * (192 + 64) + 12 * (9 + 25)
    output = 16 * 8
    assert cost.forward_macs(SHAPE, half, lengths) == layer + output
    assert price(SHAPE, passes, lengths) == (2 * layer + output) + 3 * (layer + output)


@pytest.mark.parametrize("make", [lambda: Sandwich(seed=0, k=0), lambda: InPlaceDistillation(seed=0, k=-1)])
def test_k_must_be_positive(make: Any) -> None:
    with pytest.raises(InputError, match=r"strategy\.k"):
        make()


def test_temperature_must_be_positive() -> None:
    with pytest.raises(InputError, match="temperature must be above 0, not 0"):
        Distillation(temperature=0.0)

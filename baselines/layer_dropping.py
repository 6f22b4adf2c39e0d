"""Layer dropping (LD), Sajjad et al. 2022: the pretrained network without n of its layers, fine-tuned; n = 1, 2, ...

`dropping_order` says which layers go first and `similarities` what the strategy `contribution` goes by; both work by
themselves. `LayerDropping` is the method of the comparison: one fine-tuning a trial, until the budget ends.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, ClassVar

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import ArrayLike, NDArray

from baselines.calibration import Calibration, Sample
from baselines.gradients import Batch
from baselines.sub_layers import sub_layers
from baselines.wrapping import Model, elastic, evaluating, on_device_of
from nasbench.cost import NetworkShape, forward_macs
from nasbench.errors import InputError
from nasbench.estimators.standard import Standard
from nasbench.method import SearchSession
from nasbench.models.elastic import padding_mask
from nasbench.problem import Problem
from nasbench.records import Phase, Proposal, SubNetwork, Trial
from nasbench.spaces.base import Inverts, SearchSpace
from nasbench.spaces.layer import Layer


class Strategy(StrEnum):
    """Which layers go first (Sajjad et al. 2022, section 3)."""

    TOP = "top"  # the last ones
    BOTTOM = "bottom"  # the first ones
    SYMMETRIC = "symmetric"  # those in the middle
    ALTERNATE = "alternate"  # every other one, from the top
    CONTRIBUTION = "contribution"  # those that change their input least


class Parity(StrEnum):
    """Which layers alternate dropping takes, counted from 1."""

    EVEN = "even"
    ODD = "odd"


def dropping_order(
    layers: int, strategy: Strategy | str, *, parity: Parity | str = Parity.EVEN, similarities: ArrayLike | None = None
) -> tuple[int, ...]:
    """Indices, from 0, of the layers that may go, in the order in which they do.

    The n layers in the middle are those after the first ceil((layers - n) / 2).

    Args:
        parity: for `alternate`, which drops half of the layers at most.
        similarities: for `contribution`, [layers]: of each layer's input and output, as the function of that name
            gives them; the most similar go first.

    Raises:
        InputError: similarities are needed and there is not one for each layer.
    """
    indices = range(layers)
    match Strategy(strategy):
        case Strategy.TOP:
            return tuple(reversed(indices))
        case Strategy.BOTTOM:
            return tuple(indices)
        case Strategy.SYMMETRIC:
            return tuple(sorted(indices, key=lambda i: (abs(2 * i + 1 - layers), -i)))
        case Strategy.ALTERNATE:
            rest = 0 if Parity(parity) is Parity.EVEN else 1
            return tuple(i for i in reversed(indices) if (i + 1) % 2 == rest)
        case Strategy.CONTRIBUTION:
            values = np.asarray([] if similarities is None else similarities, dtype=np.float64)
            if values.shape != (layers,):
                raise InputError(f"contribution needs {layers} similarities, one a layer, not {values.size}")
            return tuple(np.argsort(-values, kind="stable").tolist())


def similarities(model: Model, batches: Iterable[Batch]) -> NDArray[np.float64]:
    """Mean cosine similarity of the hidden states before and after each layer, over all real tokens: [L].

    Raises:
        InputError: no batches, or a model that is not known.
    """
    network = elastic(model)
    totals, tokens = np.zeros(len(network.layers)), 0
    with evaluating(network), torch.no_grad():
        for batch in batches:
            given = on_device_of(network, batch)
            real, padding = given["attention_mask"].flatten(0, -2).bool(), padding_mask(given["attention_mask"])
            before = hidden = network.embed(given)
            for i, layer in enumerate(sub_layers(network)):
                hidden = layer.norm(layer.residual(hidden, layer.inputs(hidden, padding)))
                if not layer.attention:
                    totals[i // 2] += float(F.cosine_similarity(before, hidden, dim=-1)[real].double().sum())
                    before = hidden
            tokens += int(real.sum())
    if not tokens:
        raise InputError("the similarity of layers needs at least one batch of examples")
    return totals / tokens


@dataclass(frozen=True, kw_only=True)
class LayerDropping:
    """Attributes:
    parity: for `alternate`.
    calibration: the examples of `contribution` (a `baselines.calibration.Calibration`).
    """

    name: str = "layer_dropping"
    strategy: Strategy = Strategy.TOP
    parity: Parity = Parity.EVEN
    calibration: Any = field(default_factory=Calibration)

    def upfront_price(self, problem: Problem) -> int:
        return _price(problem, self._sample(problem)) if self.strategy is Strategy.CONTRIBUTION else 0

    def start(self, problem: Problem) -> SearchSession:
        found: NDArray[np.float64] | None = None
        phases: tuple[Phase, ...] = ()
        if self.strategy is Strategy.CONTRIBUTION:
            started = time.perf_counter()
            sample = self._sample(problem)
            found = similarities(problem.pretrained(), sample.batches())
            phases = (_phase(_price(problem, sample), found, time.perf_counter() - started),)
        order = dropping_order(problem.shape.layers, self.strategy, parity=self.parity, similarities=found)
        space = Layer().bind(problem.shape)
        return SearchSession(
            seed=problem.seed,
            space=space,
            search=_InOrder(networks=shallower(problem.shape, order)),
            evaluator=dataclasses.replace(Standard().start(problem, space), phases=phases),
        )

    def _sample(self, problem: Problem) -> Sample:
        sample: Sample = self.calibration.draw(problem.data.train, problem.seed)
        return sample


def shallower(shape: NetworkShape, order: Sequence[int]) -> tuple[SubNetwork, ...]:
    """The network without the first 1, 2, ... layers of an order, as long as one is left."""
    networks = []
    for n in range(1, min(len(order), shape.layers - 1) + 1):
        left = tuple(i for i in range(shape.layers) if i not in order[:n])
        networks.append(SubNetwork(left, (range(shape.heads),) * len(left), (range(shape.units),) * len(left)))
    return tuple(networks)


@dataclass(frozen=True, kw_only=True)
class _InOrder:
    """A search method that proposes given networks one after the other."""

    networks: tuple[SubNetwork, ...]
    batch_size: ClassVar[int] = 1
    max_trials: ClassVar[int | None] = None

    def propose(self, space: SearchSpace, history: Sequence[Trial], rng: np.random.Generator) -> list[Proposal]:
        if not isinstance(space, Inverts):
            raise InputError(f"space {space.name} cannot say which of its architectures a network is")
        return [Proposal(space.architecture(network)) for network in self.networks[len(history) : len(history) + 1]]


def _price(problem: Problem, sample: Sample) -> int:
    return forward_macs(problem.shape, problem.shape.full(), sample.lengths)


def _phase(cost: int, found: NDArray[np.float64], seconds: float) -> Phase:
    scores = {f"layer_{number}": float(value) for number, value in enumerate(found, 1)}
    return Phase(name="layer_similarities", cost=cost, scores=scores, seconds=seconds)

"""What a super-network training strategy is: which sub-networks one step runs, and on which losses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from nasbench.cost import TRAINING_FACTOR, NetworkShape, forward_macs
from nasbench.errors import InputError
from nasbench.records import SubNetwork
from nasbench.spaces.base import HasLargest, SearchSpace


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """One sub-network run on the step's batch; the gradients of a step's passes are summed.

    Attributes:
        labels: its loss against the labels is trained on.
        distil: its divergence from the step's teacher is trained on too.
        teacher: its detached output is the teacher of the passes after it.
    """

    network: SubNetwork
    labels: bool = True
    distil: bool = False
    teacher: bool = False


@dataclass(frozen=True, kw_only=True)
class Distillation:
    """In-place knowledge distillation (Klein et al. 2024, equation 2; Hinton et al. 2015, section 2).

    Attributes:
        temperature: T, softens both output distributions.
        squared: the divergence is multiplied by T^2, which keeps the scale of its gradient.
    """

    temperature: float = 10.0
    squared: bool = True

    def __post_init__(self) -> None:
        if not self.temperature > 0:
            raise InputError(f"strategy.distillation.temperature must be above 0, not {self.temperature}")


class Strategy(Protocol):
    """A super-network training strategy. It plans and computes nothing, so its price is known before it runs.

    Attributes:
        seed: of the streams that training draws from; one super-network a seed.
        distillation: how passes that distil do so.
    """

    @property
    def seed(self) -> int: ...

    @property
    def distillation(self) -> Distillation: ...

    def plan(self, space: SearchSpace, rng: np.random.Generator, progress: float) -> list[Pass]:
        """The passes of one step, the teacher before those that distil.

        Args:
            rng: the stream (seed, "sub_networks", step). Strategies draw sub-networks from it before anything else, so
                that all of them meet the same ones.
            progress: share of the training done, in [0, 1).
        """


def largest(space: SearchSpace) -> SubNetwork:
    """The full network of a space.

    Raises:
        InputError: the space has no upper bound to train as a super-network.
    """
    if not isinstance(space, HasLargest):
        raise InputError(f"{type(space).__name__} has no largest network, which training a super-network needs")
    return space.network(space.largest())


def random_networks(space: SearchSpace, k: int, rng: np.random.Generator) -> list[SubNetwork]:
    return [space.network(space.sample(rng)) for _ in range(k)]


def price(shape: NetworkShape, passes: Sequence[Pass], lengths: NDArray[np.int64]) -> int:
    """COST of one step in MACs: what is only a teacher runs forward, the rest is trained."""
    return sum(
        (TRAINING_FACTOR if p.labels or p.distil else 1) * forward_macs(shape, p.network, lengths) for p in passes
    )


def check_k(k: int) -> None:
    if k < 1:
        raise InputError(f"strategy.k, the number of random sub-networks a step, must be at least 1, not {k}")

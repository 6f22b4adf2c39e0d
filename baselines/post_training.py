"""What pruning after training is as a method of the suite: one fine-tuned network, and sub-networks of it to score."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from baselines import fine_tuning
from baselines.calibration import Sample
from nasbench.cost import training_macs
from nasbench.estimators.base import scored_on_test
from nasbench.models.elastic import ElasticModel
from nasbench.problem import Problem
from nasbench.records import Evaluation, Phase, Proposal, SubNetwork, TestResult, Trial
from nasbench.scoring import score
from nasbench.spaces.large import LargeSpace


def upfront_price(problem: Problem, sample: Sample) -> int:
    """COST in MACs of what comes before the first trial: fine-tuning, and gradients of the full network."""
    return fine_tuning.price(problem) + _gradient_price(problem, sample)


def gradient_phase(problem: Problem, sample: Sample, *, seconds: float) -> Phase:
    """The bill of one gradient pass of the full network over a sample: that of training on it."""
    scores = {"examples": float(len(sample.indices))}
    return Phase(name="mask_gradients", cost=_gradient_price(problem, sample), scores=scores, seconds=seconds)


def _gradient_price(problem: Problem, sample: Sample) -> int:
    return training_macs(problem.shape, problem.shape.full(), sample.lengths)


class Plan(Protocol):
    """Which networks a method prunes to, one after the other. It depends on the fine-tuned network alone."""

    def network(self, step: int) -> SubNetwork | None:
        """The network of a step, from 0; None after the last. All are different."""

    def price(self, network: SubNetwork) -> int:
        """COST in MACs of choosing one of these networks and of making it, scoring apart."""

    def pruned(self, network: SubNetwork) -> ElasticModel:
        """One of these networks, standing alone."""


@dataclass(frozen=True, kw_only=True)
class PruningSession:
    """Scores the networks of a plan in order. What it keeps in memory it can always make again from the phases.

    Attributes:
        phases: the first is the fine-tuning, whose weights every trial's are made of.
    """

    problem: Problem
    space: LargeSpace
    phases: Sequence[Phase]
    plan: Plan

    def propose(self, history: Sequence[Trial]) -> list[Proposal]:
        network = self.plan.network(len(history))
        return [] if network is None else [Proposal(self.space.architecture(network))]

    def price(self, proposal: Proposal, history: Sequence[Trial]) -> int:
        network = self.space.network(proposal.architecture)
        return self.plan.price(network) + self.problem.scoring_cost(network, self.problem.data.validation)

    def evaluate(self, proposal: Proposal, history: Sequence[Trial]) -> Evaluation:
        started = time.perf_counter()
        network = self.space.network(proposal.architecture)
        scores = score(self.plan.pruned(network), self.problem.data.validation, self.problem.training)
        return self.problem.evaluation(
            self.problem.sizes(network),
            scores,
            cost=self.price(proposal, history),
            seconds=time.perf_counter() - started,
            weights=self.phases[0].weights,
        )

    def keep(self, needed: Sequence[Trial], history: Sequence[Trial], *, over: bool = False) -> None:
        """Nothing to do: every trial's weights are made of the fine-tuned network's, which are stored."""

    def test(self, trial: Trial) -> TestResult:
        started = time.perf_counter()
        scores = score(self.extract(trial), self.problem.data.test, self.problem.training)
        network = self.space.network(trial.proposal.architecture)
        return scored_on_test(self.problem, trial, network, scores, time.perf_counter() - started)

    def extract(self, trial: Trial) -> ElasticModel:
        return self.plan.pruned(self.space.network(trial.proposal.architecture))

"""What an estimator is: how a proposed sub-network gets its scores, and what that costs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from nasbench.models.elastic import ElasticModel
from nasbench.problem import Problem
from nasbench.records import Evaluation, Phase, Proposal, SubNetwork, TestResult, Trial
from nasbench.spaces.base import SearchSpace


class Evaluator(Protocol):
    """An estimator at work on one problem."""

    @property
    def phases(self) -> Sequence[Phase]:
        """Billed work done before the first trial."""

    def price(self, proposal: Proposal, resumed: Trial | None) -> int:
        """COST in MACs of evaluating a proposal, before doing so; `resumed` is the trial that it continues."""

    def evaluate(self, proposal: Proposal, resumed: Trial | None) -> Evaluation:
        """Scores on the validation split."""

    def test(self, trial: Trial) -> TestResult:
        """Scores of a trial's network on the test split."""

    def keep(self, needed: Sequence[Trial], history: Sequence[Trial]) -> None:
        """Store the weights behind some trials of the history; those of the others may go."""

    def extract(self, trial: Trial) -> ElasticModel:
        """The trial's network with the weights it was scored with, standing alone."""


class Estimator(Protocol):
    @property
    def fidelities(self) -> bool:
        """Whether proposals may ask for fewer epochs than all, and resume one another."""

    def upfront_price(self, problem: Problem, space: SearchSpace) -> int:
        """COST in MACs of the phases, without doing them."""

    def start(self, problem: Problem, space: SearchSpace) -> Evaluator:
        """Do the phases, or take their results from the weights store."""


def scored_on_test(
    problem: Problem, trial: Trial, network: SubNetwork, scores: dict[str, float], seconds: float
) -> TestResult:
    """The test row of a trial whose network got these scores on the test split."""
    return TestResult(
        trial=trial.index,
        objectives=problem.objective_values(network, scores),
        scores=scores,
        cost=problem.scoring_cost(network, problem.data.test),
        seconds=seconds,
    )

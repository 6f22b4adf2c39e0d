"""What an estimator is: how a proposed sub-network gets its scores, and what that costs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from nasbench.objectives import Objective
from nasbench.problem import Problem
from nasbench.records import Evaluation, Network, Phase, Proposal, TestResult, Trial
from nasbench.spaces.base import SearchSpace

if TYPE_CHECKING:
    from nasbench.models.checkpoint import Checkpoint
    from nasbench.models.elastic import ElasticModel


class Evaluator(Protocol):
    """An estimator at work on one problem."""

    @property
    def phases(self) -> Sequence[Phase]:
        """Billed work done before the first trial."""

    def price(self, proposal: Proposal, history: Sequence[Trial]) -> int:
        """COST in MACs of evaluating a proposal, before doing so.

        Args:
            history: the trials so far, among them those that the proposal resumes or descends from.
        """

    def evaluate(self, proposal: Proposal, history: Sequence[Trial]) -> Evaluation:
        """Scores on the validation split; the history is as of `price`."""

    def test(self, trial: Trial) -> TestResult:
        """Scores of a trial's network on the test split."""

    def keep(self, needed: Sequence[Trial], history: Sequence[Trial]) -> None:
        """Store the weights behind some trials of the history; those of the others may go."""

    def extract(self, trial: Trial) -> ElasticModel:
        """The trial's network with the weights it was scored with, standing alone."""


@runtime_checkable
class Anticipates(Protocol):
    """Optional capability: an evaluator that works faster where it knows what it will be asked for."""

    def expect(self, proposals: Sequence[Proposal]) -> None:
        """Told the proposals of a batch, of which any may then be evaluated; a hint that changes seconds alone."""


@runtime_checkable
class Divisible(Protocol):
    """Optional capability: an evaluator of which several processes may each evaluate a part of a batch.

    What it evaluates must follow from the proposal, the history before the batch and the weights store alone.
    """

    def together(self, proposals: Sequence[Proposal]) -> Sequence[Sequence[int]]:
        """The places of a batch's proposals, parted into those that one process had better evaluate together."""


class Estimator(Protocol):
    @property
    def builds(self) -> bool:
        """Whether it takes networks that are built (`nasbench.spaces.base.Inherits`), or sub-networks."""

    @property
    def fidelities(self) -> bool:
        """Whether proposals may ask for fewer epochs than all, and resume one another."""

    def upfront_price(self, problem: Problem, space: SearchSpace) -> int:
        """COST in MACs of the phases, without doing them."""

    def start(self, problem: Problem, space: SearchSpace) -> Evaluator:
        """Do the phases, or take their results from the weights store."""


@runtime_checkable
class ReadsMore(Protocol):
    """Optional capability: an estimator with data of its own, beside the task's."""

    def fingerprints(self, checkpoint: Checkpoint) -> Mapping[str, str]:
        """SHA-256 of the content of that data, by name."""


@runtime_checkable
class MeasuresEarly(Protocol):
    """Optional capability: an estimator whose trials, where they stop early, have other scores than finished ones."""

    @property
    def early_scores(self) -> Sequence[str]:
        """Their names."""


@runtime_checkable
class Recorded(Protocol):
    """Optional capability: an estimator whose problem is on record, so that neither data nor checkpoint is read."""

    def problem(
        self,
        science: Mapping[str, Any],
        objectives: Mapping[str, Objective],
        seed: int,
        identity: Callable[[Any], Any],
    ) -> Problem:
        """The recorded problem.

        Args:
            science: the run's configuration, as resolved.
            identity: of a part of a configuration: equal for parts that mean the same.

        Raises:
            InputError: the configuration is of another problem, or there is no record.
        """


def scored_on_test(
    problem: Problem, trial: Trial, network: Network, scores: dict[str, float], seconds: float
) -> TestResult:
    """The test row of a trial whose network got these scores on the test split; without any that are not finite."""
    values = problem.objective_values(problem.sizes(network), scores)
    return TestResult(
        trial=trial.index,
        objectives=values,
        scores=scores if values else {},
        cost=problem.scoring_cost(network, problem.data.test),
        seconds=seconds,
    )

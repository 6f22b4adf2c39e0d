"""Standard estimation: each sub-network is extracted from the pretrained weights and fine-tuned by itself."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from nasbench.estimators.base import scored_on_test
from nasbench.estimators.fine_tuning import FineTuning
from nasbench.models.elastic import ElasticModel
from nasbench.problem import Problem
from nasbench.records import Evaluation, Phase, Proposal, TestResult, Trial
from nasbench.scoring import score
from nasbench.spaces.base import SearchSpace
from nasbench.training import Trained


@dataclass(frozen=True, kw_only=True)
class Standard:
    fidelities: ClassVar[bool] = True
    builds: ClassVar[bool] = False

    def upfront_price(self, problem: Problem, space: SearchSpace) -> int:
        return 0

    def start(self, problem: Problem, space: SearchSpace) -> StandardEvaluator:
        problem.weights.sweep()  # a checkpoint that was being stored is not stored again if nobody goes on from it
        return StandardEvaluator(problem=problem, space=space)


@dataclass
class StandardEvaluator:
    """Holds what was just trained until it is known whether it is worth storing."""

    problem: Problem
    space: SearchSpace
    phases: Sequence[Phase] = ()
    _fresh: dict[str, tuple[FineTuning, ElasticModel, Trained]] = field(default_factory=dict)

    def price(self, proposal: Proposal, history: Sequence[Trial]) -> int:
        tuning = self._tuning(proposal)
        scoring = self.problem.scoring_cost(tuning.network, self.problem.data.validation)
        return tuning.price(self._done(proposal, history)) + scoring

    def evaluate(self, proposal: Proposal, history: Sequence[Trial]) -> Evaluation:
        started = time.perf_counter()
        tuning = self._tuning(proposal)
        model, trained = tuning.train(self._done(proposal, history))
        scores = {"loss": trained.loss}
        if not math.isnan(trained.loss):
            scores = score(model, self.problem.data.validation, self.problem.training)
            self._fresh[tuning.key] = (tuning, model, trained)
        return self.problem.evaluation(
            self.problem.sizes(tuning.network),
            scores,
            cost=self.price(proposal, history),
            seconds=trained.earlier + time.perf_counter() - started,
            weights=tuning.key,
        )

    def test(self, trial: Trial) -> TestResult:
        started = time.perf_counter()
        scores = score(self.extract(trial), self.problem.data.test, self.problem.training)
        network = self.space.network(trial.proposal.architecture)
        return scored_on_test(self.problem, trial, network, scores, time.perf_counter() - started)

    def together(self, proposals: Sequence[Proposal]) -> Sequence[Sequence[int]]:
        return [[place] for place in range(len(proposals))]

    def keep(self, needed: Sequence[Trial], history: Sequence[Trial]) -> None:
        keys = {trial.evaluation.weights for trial in needed}
        for key, (tuning, model, trained) in self._fresh.items():
            if key in keys:
                tuning.store(model, trained)
        self._fresh.clear()
        for gone in {trial.evaluation.weights for trial in history} - keys:
            if gone is not None:
                self.problem.weights.discard(gone)

    def extract(self, trial: Trial) -> ElasticModel:
        model, _ = self._tuning(trial.proposal).obtain()
        return model

    def _tuning(self, proposal: Proposal) -> FineTuning:
        network = self.space.network(proposal.architecture)
        return FineTuning(problem=self.problem, network=network, epochs=self._epochs_of(proposal))

    def _done(self, proposal: Proposal, history: Sequence[Trial]) -> int:
        """Epochs of the trial that the proposal resumes."""
        return 0 if proposal.resumes is None else self._epochs_of(history[proposal.resumes].proposal)

    def _epochs_of(self, proposal: Proposal) -> int:
        return proposal.fidelity or self.problem.training.epochs

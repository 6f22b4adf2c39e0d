"""Standard estimation: each sub-network is extracted from the pretrained weights and fine-tuned by itself."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from torch import Tensor

from nasbench.estimators.base import scored_on_test
from nasbench.models.elastic import ElasticModel
from nasbench.models.extraction import extract
from nasbench.problem import Problem
from nasbench.records import Evaluation, Phase, Proposal, SubNetwork, TestResult, Trial
from nasbench.spaces.base import SearchSpace
from nasbench.training import score, supervised, train
from nasbench.weights import WeightsStore


@dataclass(frozen=True, kw_only=True)
class Standard:
    def upfront_price(self, problem: Problem, space: SearchSpace) -> int:
        return 0

    def start(self, problem: Problem, space: SearchSpace) -> StandardEvaluator:
        return StandardEvaluator(problem=problem, space=space)


@dataclass
class StandardEvaluator:
    """Holds the weights of the trial just trained until it is known whether they are worth storing."""

    problem: Problem
    space: SearchSpace
    phases: Sequence[Phase] = ()
    _fresh: dict[str, dict[str, Tensor]] = field(default_factory=dict)
    _stored: set[str] = field(default_factory=set)

    def price(self, proposal: Proposal) -> int:
        network = self.space.network(proposal.architecture)
        training = self.problem.training_cost(network, self.problem.training.epochs)
        return training + self.problem.scoring_cost(network, self.problem.data.validation)

    def evaluate(self, proposal: Proposal) -> Evaluation:
        started = time.perf_counter()
        network = self.space.network(proposal.architecture)
        model, loss = self._fine_tuned(network)
        key = WeightsStore.key(self._recipe(network))
        scores = {"loss": loss}
        if not math.isnan(loss):
            scores = score(model, self.problem.data.validation, self.problem.training)
            self._fresh[key] = model.state_dict()
        return self.problem.evaluation(
            network,
            scores,
            cost=self.price(proposal),
            seconds=time.perf_counter() - started,
            weights=key,
        )

    def test(self, trial: Trial) -> TestResult:
        started = time.perf_counter()
        scores = score(self.extract(trial), self.problem.data.test, self.problem.training)
        network = self.space.network(trial.proposal.architecture)
        return scored_on_test(self.problem, trial, network, scores, time.perf_counter() - started)

    def keep(self, front: Sequence[Trial]) -> None:
        keys = {trial.evaluation.weights for trial in front}
        for trial in front:
            key = trial.evaluation.weights
            if key in self._fresh:
                self._put(key, self._fresh[key], self.space.network(trial.proposal.architecture))
                self._stored.add(key)
        self._fresh.clear()
        for key in self._stored - keys:
            self.problem.weights.discard(key)
        self._stored &= keys

    def extract(self, trial: Trial) -> ElasticModel:
        """Where the weights are gone (dropped once, or deleted), training repeats: equal, and not billed again."""
        network = self.space.network(trial.proposal.architecture)
        key = WeightsStore.key(self._recipe(network))
        stored = self.problem.weights.get(key)
        if stored is None:
            model, _ = self._fine_tuned(network)
            self._put(key, model.state_dict(), network)
            return model
        model = extract(self.problem.pretrained(), network)
        model.load_state_dict(dict(stored.tensors))
        return model

    def _fine_tuned(self, network: SubNetwork) -> tuple[ElasticModel, float]:
        model = extract(self.problem.pretrained(), network)
        cost = self.problem.training_cost(network, self.problem.training.epochs)
        trained = train(
            model,
            self.problem.data.train,
            self.problem.training,
            seed=self.problem.seed,
            backward=supervised(model),
            report=lambda share: self.problem.report(share * cost),
        )
        return model, trained.loss

    def _put(self, key: str, tensors: Mapping[str, Tensor], network: SubNetwork) -> None:
        cost = self.problem.training_cost(network, self.problem.training.epochs)
        self.problem.weights.put(key, tensors, recipe=self._recipe(network), meta={"cost": cost})

    def _recipe(self, network: SubNetwork) -> dict[str, object]:
        return self.problem.recipe(
            made_by="fine-tuning",
            network=network.to_json(),
            training=dataclasses.asdict(self.problem.training),
            seed=self.problem.seed,
        )

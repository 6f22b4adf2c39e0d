"""Weight sharing: one super-network is trained, then every sub-network is scored with its weights as they are."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar

from nasbench.errors import RunError
from nasbench.estimators.base import scored_on_test
from nasbench.models.elastic import ElasticModel
from nasbench.models.extraction import extract
from nasbench.models.prefixes import first_sub_layer
from nasbench.problem import Problem
from nasbench.records import Evaluation, Phase, Proposal, SubNetwork, TestResult, Trial
from nasbench.scoring import Scorer, score
from nasbench.spaces.base import SearchSpace
from nasbench.supernet.base import Strategy, largest
from nasbench.supernet.training import train_super_network, training_price
from nasbench.weights import WeightsStore


@dataclass(frozen=True, kw_only=True)
class WeightSharing:
    """Attributes:
    strategy: how the super-network is trained (a `nasbench.supernet` strategy). Its seed is the run's own; one that is
        pinned (`strategy.seed=0` with several run seeds) gives all of them the same super-network, billed to each.
    """

    strategy: Any
    fidelities: ClassVar[bool] = False
    builds: ClassVar[bool] = False

    def upfront_price(self, problem: Problem, space: SearchSpace) -> int:
        return training_price(
            problem.data.train, problem.training, strategy=self.strategy, space=space, shape=problem.shape
        )

    def start(self, problem: Problem, space: SearchSpace) -> WeightSharingEvaluator:
        model = problem.pretrained(self.strategy.seed)
        phase = _super_network(model, problem, self.strategy, space, self.upfront_price(problem, space))
        return WeightSharingEvaluator(problem=problem, space=space, model=model, phases=(phase,))


@dataclass
class WeightSharingEvaluator:
    """Scores what it was told to expect together, as far as it begins alike; whatever else, alone.

    A run that is cut, or whose budget ends, within a batch has at most scored the rest of such a group in vain.
    """

    problem: Problem
    space: SearchSpace
    model: ElasticModel
    phases: Sequence[Phase]
    _expected: Sequence[SubNetwork] = ()
    _scored: dict[SubNetwork, tuple[dict[str, float], float]] = field(default_factory=dict)

    @cached_property
    def _validation(self) -> Scorer:
        return Scorer(model=self.model, split=self.problem.data.validation, training=self.problem.training)

    def price(self, proposal: Proposal, history: Sequence[Trial]) -> int:
        return self.problem.scoring_cost(self.space.network(proposal.architecture), self.problem.data.validation)

    def expect(self, proposals: Sequence[Proposal]) -> None:
        self._expected = [self.space.network(proposal.architecture) for proposal in proposals]
        self._scored.clear()

    def together(self, proposals: Sequence[Proposal]) -> Sequence[Sequence[int]]:
        parts: dict[Any, list[int]] = {}
        for place, proposal in enumerate(proposals):
            parts.setdefault(first_sub_layer(self.space.network(proposal.architecture)), []).append(place)
        return list(parts.values())

    def evaluate(self, proposal: Proposal, history: Sequence[Trial]) -> Evaluation:
        network = self.space.network(proposal.architecture)
        if network not in self._scored:
            self._score_with(network)
        scores, seconds = self._scored[network]
        return self.problem.evaluation(
            self.problem.sizes(network),
            scores,
            cost=self.price(proposal, history),
            seconds=seconds,
            weights=self.phases[0].weights,
        )

    def _score_with(self, network: SubNetwork) -> None:
        """Score a network and the expected ones that begin like it; each takes its share of the time."""
        started = time.perf_counter()
        alike = [n for n in self._expected if first_sub_layer(n) == first_sub_layer(network)]
        together = list(dict.fromkeys([network, *alike]))
        scores = self._validation.scores(together)
        seconds = (time.perf_counter() - started) / len(together)
        self._scored.update((n, (found, seconds)) for n, found in zip(together, scores, strict=True))

    def test(self, trial: Trial) -> TestResult:
        started = time.perf_counter()
        network = self.space.network(trial.proposal.architecture)
        scores = score(self.model, self.problem.data.test, self.problem.training, network)
        return scored_on_test(self.problem, trial, network, scores, time.perf_counter() - started)

    def keep(self, needed: Sequence[Trial], history: Sequence[Trial]) -> None:
        """Nothing to do: every trial's weights are slices of the super-network, which is stored."""

    def extract(self, trial: Trial) -> ElasticModel:
        return extract(self.model, self.space.network(trial.proposal.architecture))


def _super_network(model: ElasticModel, problem: Problem, strategy: Strategy, space: SearchSpace, cost: int) -> Phase:
    """Train the model, or fill it with what was trained before; its phase row is the same either way."""
    recipe = problem.recipe(
        made_by="super-network",
        strategy={"name": type(strategy).__name__, **dataclasses.asdict(strategy)},  # type: ignore[call-overload]
        space={"name": space.name, "smallest": space.smallest().to_json(), "largest": largest(space).to_json()},
        training=dataclasses.asdict(problem.training),
        seed=strategy.seed,
    )
    key = WeightsStore.key(recipe)
    with problem.weights.lock(key), problem.weights.unfinished(key) as unfinished:
        stored = problem.weights.get(key)
        if stored is None:
            started = time.perf_counter()
            trained = train_super_network(
                model,
                problem.data.train,
                problem.training,
                strategy=strategy,
                space=space,
                report=lambda share: problem.report(share * cost),
                unfinished=unfinished,
            )
            if math.isnan(trained.loss):
                unfinished.over()
                raise RunError("the super-network's training diverged: its loss or gradient was not finite")
            seconds = trained.earlier + time.perf_counter() - started
            meta: Mapping[str, Any] = {"cost": cost, "scores": {"loss": trained.loss}, "seconds": seconds}
            problem.weights.put(key, model.state_dict(), recipe=recipe, meta=meta)
        else:
            meta = stored.meta
            model.load_state_dict(dict(stored.tensors))
        unfinished.over()
    return Phase(name="super_network", cost=cost, weights=key, scores=meta["scores"], seconds=meta["seconds"])

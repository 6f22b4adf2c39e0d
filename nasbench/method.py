"""How a search space, a search method and an estimator make a method of the comparison."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from nasbench import rng
from nasbench.errors import InputError
from nasbench.estimators.base import Anticipates, Evaluator, MeasuresEarly, Recorded
from nasbench.problem import Problem
from nasbench.records import Evaluation, Phase, Proposal, TestResult, Trial
from nasbench.search.base import Breeds, Cuts, HasDemands, SearchMethod
from nasbench.spaces.base import Inherits, SearchSpace

if TYPE_CHECKING:
    from nasbench.models.elastic import ElasticModel


class Session(Protocol):
    """A method at work on one problem: what a run drives, step by step."""

    @property
    def phases(self) -> Sequence[Phase]: ...

    def propose(self, history: Sequence[Trial]) -> list[Proposal]: ...

    def price(self, proposal: Proposal, history: Sequence[Trial]) -> int: ...

    def evaluate(self, proposal: Proposal, history: Sequence[Trial]) -> Evaluation: ...

    def keep(self, needed: Sequence[Trial], history: Sequence[Trial], *, over: bool = False) -> None: ...

    def test(self, trial: Trial) -> TestResult: ...

    def extract(self, trial: Trial) -> ElasticModel: ...


class Method(Protocol):
    """A row of the comparison."""

    @property
    def name(self) -> str: ...

    def upfront_price(self, problem: Problem) -> int:
        """COST in MACs of what the method does before its first trial."""

    def start(self, problem: Problem) -> Session: ...


@dataclass(frozen=True, kw_only=True)
class NeuralArchitectureSearch:
    """A search method over a search space, scored by an estimator.

    Attributes:
        name: of the method, in tables and figures.
        space: a `nasbench.spaces` configuration.
        search: a `nasbench.search` method, or a baseline that proposes like one.
        estimator: a `nasbench.estimators` estimator.
    """

    name: str
    space: Any
    search: Any
    estimator: Any

    def upfront_price(self, problem: Problem) -> int:
        self._check_cut()
        space = self.space.bind(problem.shape)
        if isinstance(space, Inherits) != self.estimator.builds:
            raise InputError(
                f"estimator {type(self.estimator).__name__} takes networks that are "
                f"{'built' if self.estimator.builds else 'cut out of the pretrained one'}, which those of space "
                f"{space.name} are not: space=hierarchical goes with method=two_phase_nas, the other spaces with the "
                "other methods"
            )
        if isinstance(self.search, HasDemands):
            self.search.check_problem(space, len(problem.objectives))
        first = self.search.propose(space, (), rng.generator(problem.seed, "search", 0))
        if not self.estimator.fidelities and any(proposal.fidelity is not None for proposal in first):
            raise InputError(self._one_fidelity())
        return self.estimator.upfront_price(problem, space)

    def _one_fidelity(self) -> str:
        """Why a search that asks for several fidelities is refused, and what would do."""
        told = f"search {type(self.search).__name__} trains some networks for fewer epochs than others, "
        whole = "search.keep=1" if hasattr(self.search, "keep") else ""
        if isinstance(self.estimator, Recorded):
            return f"{told}whose scores no table has: take {whole or 'a search of one fidelity, such as random_search'}"
        where = f"method=s_nas, or with {whole}" if whole else "method=s_nas"
        return f"{told}which {type(self.estimator).__name__} cannot: it goes with {where}"

    def start(self, problem: Problem) -> SearchSession:
        space = self.space.bind(problem.shape)
        evaluator = self.estimator.start(problem, space)
        return SearchSession(seed=problem.seed, space=space, search=self.search, evaluator=evaluator)

    def _check_cut(self) -> None:
        """Raises InputError where the search is to cut by what the estimator does not measure before the cut."""
        if not (isinstance(self.search, Cuts) and self.search.cuts and isinstance(self.estimator, MeasuresEarly)):
            return
        if self.search.cut_score not in self.estimator.early_scores:
            raise InputError(
                f"search.cut_score={self.search.cut_score} is not measured before the cut: "
                f"{type(self.estimator).__name__} measures {', '.join(self.estimator.early_scores)}"
            )


@dataclass(frozen=True, kw_only=True)
class SearchSession:
    seed: int
    space: SearchSpace
    search: SearchMethod
    evaluator: Evaluator

    @property
    def phases(self) -> Sequence[Phase]:
        return self.evaluator.phases

    def propose(self, history: Sequence[Trial]) -> list[Proposal]:
        """Proposals of the search method, cut to the trials it may still make; the evaluator is told them."""
        stream = rng.generator(self.seed, "search", len(history))
        limit = self.search.max_trials
        proposals = self.search.propose(self.space, history, stream)
        proposals = proposals if limit is None else proposals[: max(0, limit - len(history))]
        self.expect(proposals)
        return proposals

    def expect(self, proposals: Sequence[Proposal]) -> None:
        """Tell the evaluator what it may be asked for next."""
        if isinstance(self.evaluator, Anticipates):
            self.evaluator.expect(proposals)

    def price(self, proposal: Proposal, history: Sequence[Trial]) -> int:
        return self.evaluator.price(proposal, history)

    def evaluate(self, proposal: Proposal, history: Sequence[Trial]) -> Evaluation:
        return self.evaluator.evaluate(proposal, history)

    def keep(self, needed: Sequence[Trial], history: Sequence[Trial], *, over: bool = False) -> None:
        """Beside what is needed anyhow, the weights that the search method may still build on, if it is not over."""
        goes_on = bool(history) and not over
        breeding = self.search.breeding(history) if goes_on and isinstance(self.search, Breeds) else []
        self.evaluator.keep([*needed, *breeding], history)

    def test(self, trial: Trial) -> TestResult:
        return self.evaluator.test(trial)

    def extract(self, trial: Trial) -> ElasticModel:
        return self.evaluator.extract(trial)

"""Estimation by look-up: every architecture's scores are in a table, and COST is what weight sharing would bill."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, ClassVar, NoReturn

from nasbench.errors import InputError
from nasbench.estimators.base import scored_on_test
from nasbench.objectives import Objective
from nasbench.pareto import hypervolume
from nasbench.problem import Problem
from nasbench.records import Evaluation, Phase, Proposal, TestResult, Trial
from nasbench.spaces.base import SearchSpace
from nasbench.tables.record import Table
from nasbench.tables.recorded import check_configuration, recorded_problem
from nasbench.tables.shipped import find_table


@dataclass(frozen=True, kw_only=True)
class TableLookup:
    """Attributes:
    table: the path of a table, or the name of one that comes with the package.
    """

    table: str = field(metadata={"location": True})  # its content is hashed
    fidelities: ClassVar[bool] = False
    builds: ClassVar[bool] = False

    def problem(
        self,
        science: Mapping[str, Any],
        objectives: Mapping[str, Objective],
        seed: int,
        identity: Callable[[Any], Any],
    ) -> Problem:
        """The table's problem, which a configuration must agree with (`nasbench.estimators.base.Recorded`)."""
        table = find_table(self.table)
        check_configuration(table, science, identity)
        return recorded_problem(table, objectives=objectives, seed=seed)

    def upfront_price(self, problem: Problem, space: SearchSpace) -> int:
        return sum(phase.cost for phase in self._checked(space).header.phases)

    def start(self, problem: Problem, space: SearchSpace) -> LookupEvaluator:
        table = self._checked(space)
        return LookupEvaluator(problem=problem, space=space, table=table, phases=_phases(table, problem))

    def _checked(self, space: SearchSpace) -> Table:
        table = find_table(self.table)
        if space.name != table.header.space:
            raise InputError(
                f"{self.table} is a table of space {table.header.space}, not of {space.name}: take that space, or "
                f"another table"
            )
        return table


@dataclass(frozen=True)
class LookupEvaluator:
    problem: Problem
    space: SearchSpace
    table: Table
    phases: Sequence[Phase]

    def price(self, proposal: Proposal, history: Sequence[Trial]) -> int:
        return self.table.row(proposal.architecture).cost

    def evaluate(self, proposal: Proposal, history: Sequence[Trial]) -> Evaluation:
        row = self.table.row(proposal.architecture)
        return self.problem.evaluation(
            row.sizes,
            row.scores,
            cost=row.cost,
            seconds=0.0,
            weights=self.phases[0].weights,
        )

    def test(self, trial: Trial) -> TestResult:
        architecture = trial.proposal.architecture
        scores = dict(self.table.row(architecture).test_scores)
        return scored_on_test(self.problem, trial, self.space.network(architecture), scores, 0.0)

    def keep(self, needed: Sequence[Trial], history: Sequence[Trial]) -> None:
        """Nothing to do: there are no weights."""

    def extract(self, trial: Trial) -> NoReturn:
        raise InputError(
            "a table holds no weights: run method=ws_nas with the table's configuration and export from that run"
        )


def _phases(table: Table, problem: Problem) -> tuple[Phase, ...]:
    """The super-network's training, and what no other run knows: the hypervolume of the table's true front."""
    asked = _Truth(table.checksum, repr(problem.objectives), table, problem)
    scores = {"true_hypervolume": _hypervolume(asked), "architectures": len(table.rows)}
    return (*table.header.phases, Phase(name="table", cost=0, scores=scores))


@dataclass(frozen=True)
class _Truth:
    """What the true front's hypervolume is of; the first two fields, which alone are compared, determine it."""

    checksum: str
    objectives: str
    table: Table = field(compare=False)
    problem: Problem = field(compare=False)


@lru_cache(maxsize=16)
def _hypervolume(asked: _Truth) -> float:
    """Once for all seeds and methods of a search, since it takes longer than all of a run's look-ups."""
    found = (asked.problem.objective_values(row.sizes, row.scores) for row in asked.table.rows.values())
    points = [list(values.values()) for values in found if values]
    return hypervolume(points, [1.0] * len(asked.problem.objectives))

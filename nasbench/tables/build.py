"""Building a table: every architecture of a space is scored on validation and test, by either kind of estimation.

What is done is kept as a run file in a hidden folder, so a build cut anywhere goes on from its last whole row; the
parquet file appears at the end.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from nasbench.compose import RunSpec
from nasbench.config import build, canonical, identity
from nasbench.drive import telling_of_memory
from nasbench.errors import InputError
from nasbench.estimators.base import Evaluator
from nasbench.estimators.standard import Standard, StandardEvaluator
from nasbench.estimators.weight_sharing import WeightSharing
from nasbench.method import NeuralArchitectureSearch
from nasbench.precision import arithmetic
from nasbench.records import Architecture, RunHeader
from nasbench.results import Run as StoredRun
from nasbench.results import RunWriter, read_run, run_id
from nasbench.run import Run, assemble
from nasbench.spaces.base import Enumerates, SearchSpace
from nasbench.tables.file import read_table, write_table
from nasbench.tables.record import TableHeader, TableRow
from nasbench.tables.scores import Report, in_order, score_together, train_each

LARGEST = 100_000
"""Architectures of a table at most: more would take weeks to score."""


@dataclass(frozen=True, kw_only=True)
class Build:
    """A table to be built: data read, nothing trained and nothing written.

    Attributes:
        path: the parquet file to be.
    """

    run: Run
    header: RunHeader
    estimator: WeightSharing | Standard
    space: SearchSpace
    architectures: tuple[Architecture, ...]
    path: Path

    @property
    def rows_path(self) -> Path:
        """Where rows are kept until all are there: hidden, so that no analysis takes it for a run."""
        return Path(self.run.spec.runtime.results) / ".tables" / f"{self.header.run_id}.jsonl"

    @property
    def facts(self) -> list[str]:
        """For the user, in lines: what is to be built, and what it costs."""
        problem, networks = self.run.problem, {self.space.network(a) for a in self.architectures}
        splits = (problem.data.validation, problem.data.test)
        scoring = sum(problem.scoring_cost(network, split) for network in networks for split in splits)
        if isinstance(self.estimator, WeightSharing):
            trained, training = "the super-network", self.estimator.upfront_price(problem, self.space)
        else:
            epochs = problem.training.epochs
            trained, training = "each network", sum(problem.training_cost(network, epochs) for network in networks)
        return [
            f"task {self.run.task}, checkpoint {problem.checkpoint.label}, source {self.run.spec.source}: "
            f"{problem.data.source_note}",
            f"space {self.space.name}: {len(self.architectures)} architectures of {len(networks)} different networks",
            f"COST: {training / problem.epoch_macs:.2f} epochs of training {trained}, "
            f"{scoring / problem.epoch_macs:.1f} of scoring",
        ]

    def done(self) -> bool:
        """Whether the file holds this very table.

        Raises:
            InputError: it holds another one, or is damaged.
        """
        if not self.path.exists():
            return False
        stored = read_table(self.path).header.run
        if stored.run_id != self.header.run_id:
            raise InputError(f"{self.path} holds another table, {stored.run_id}: name another file with --out")
        return True

    @telling_of_memory("take a smaller training.batch_size")
    def execute(self, report: Report) -> None:
        """Make what is left of the table.

        Raises:
            InputError: the file of rows was begun under other numerics, or a file cannot be written.
            RunError: memory ran out, or the super-network's training diverged.
        """
        if not self.done():
            runtime = self.run.spec.runtime
            with arithmetic(runtime.precision, runtime.device):
                evaluator = self._scored_rows(report)
            write_table(self.path, self._table_header(evaluator), self._rows(read_run(self.rows_path)))
        self.rows_path.unlink(missing_ok=True)  # also where a build was cut just before

    def _scored_rows(self, report: Report) -> Evaluator:
        evaluator = self.estimator.start(self.run.problem, self.space)
        with RunWriter.open(self.rows_path, self.header) as writer:
            for phase in evaluator.phases[len(writer.phases) :]:
                writer.append_phase(phase)
            if isinstance(evaluator, StandardEvaluator):
                train_each(evaluator, self.architectures, writer, report)
            else:
                score_together(evaluator, self.architectures, writer, report)
        return evaluator

    def _table_header(self, evaluator: Evaluator) -> TableHeader:
        problem = self.run.problem
        splits = {"train": problem.data.train, "validation": problem.data.validation, "test": problem.data.test}
        return TableHeader(
            run=self.header,
            space=self.space.name,
            shape=problem.shape,
            max_length=problem.data.max_length,
            lengths={name: tuple(split.lengths.ravel().tolist()) for name, split in splits.items()},
            data_note=problem.data.source_note,
            phases=tuple(evaluator.phases),
        )

    def _rows(self, stored: StoredRun) -> list[TableRow]:
        """In the order of the space, whatever the order of scoring."""
        tests = {test.trial: test for test in stored.tests}
        rows = {}
        for trial in stored.trials:
            e, test = trial.evaluation, tests.get(trial.index)
            network = self.space.network(trial.proposal.architecture)
            rows[trial.proposal.architecture] = TableRow(
                architecture=trial.proposal.architecture,
                status=e.status,
                sizes=e.sizes,
                cost=e.cost,
                test_cost=self.run.problem.scoring_cost(network, self.run.problem.data.test),
                validation=e.validation,
                scores=e.scores,
                test=test.objectives if test else {},
                test_scores=test.scores if test else {},
            )
        assert isinstance(self.space, Enumerates)
        return [rows[architecture] for architecture in self.space.architectures()]


def plan(spec: RunSpec, out: Path | None) -> Build:
    """Read data and checkpoint facts of the table that a run specification describes.

    Args:
        out: the parquet file; None for one named by the table's id in the experiment's folder of results.

    Raises:
        InputError: the specification's method has no such networks, or its space is too large to list.
    """
    run = assemble(spec)
    method = run.method
    if not (isinstance(method, NeuralArchitectureSearch) and isinstance(method.estimator, WeightSharing | Standard)):
        raise InputError(
            f"a table is built by method=ws_nas, of a super-network, or by method=s_nas, of networks that are each "
            f"trained, not by {method.name}"
        )
    space = method.space.bind(run.problem.shape)
    header = _header(run, method)
    return Build(
        run=run,
        header=header,
        estimator=method.estimator,
        space=space,
        architectures=in_order(space, _all_of(space)),
        path=out or Path(spec.runtime.results) / spec.experiment / f"{header.run_id}.parquet",
    )


def _header(run: Run, method: NeuralArchitectureSearch) -> RunHeader:
    """Of the run that makes the table: search and budget are no part of it, nor of its identity."""
    built = {"space": method.space, "estimator": method.estimator}
    others = {name: node for name, node in run.science.items() if name not in ("method", "budget")}
    identified = {name: identity(build(run.spec.science[name], name)) for name in others}
    return replace(
        run.header(),
        run_id=run_id({**identified, "table": identity(built)}, run.problem.fingerprints),
        config={**others, "table": canonical(built)},
        budget={},
        budget_macs=None,
    )


def _all_of(space: SearchSpace) -> Iterable[Architecture]:
    if not isinstance(space, Enumerates) or space.size > LARGEST:
        size = f"{space.size:.3g} architectures" if isinstance(space, Enumerates) else "no list of its architectures"
        raise InputError(
            f"space {space.name} has {size}, and a table holds at most {LARGEST:,}: take a coarser one, as in "
            f"space=small space.units_step=128"
        )
    return space.architectures()

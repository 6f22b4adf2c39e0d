"""Building a table: a super-network is trained, then every architecture of its space is scored on validation and test.

What is done is kept as a run file in a hidden folder, so a build cut anywhere goes on from its last whole row; the
parquet file appears at the end.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Any

from nasbench.compose import RunSpec
from nasbench.config import build, canonical, identity
from nasbench.errors import InputError
from nasbench.estimators.base import scored_on_test
from nasbench.estimators.weight_sharing import WeightSharing, WeightSharingEvaluator
from nasbench.method import NeuralArchitectureSearch
from nasbench.precision import arithmetic
from nasbench.records import Architecture, Kept, Proposal, RunHeader, SubNetwork, Trial
from nasbench.results import Run as StoredRun
from nasbench.results import RunWriter, read_run, run_id
from nasbench.run import Run, assemble
from nasbench.scoring import Scorer
from nasbench.spaces.base import Enumerates, SearchSpace
from nasbench.tables.file import read_table, write_table
from nasbench.tables.record import TableHeader, TableRow
from nasbench.tasks.base import Split

LARGEST = 100_000
"""Architectures of a table at most: more would take weeks to score."""

Report = Callable[[int, int], None]
"""Told how many scorings of how many are done."""


@dataclass(frozen=True, kw_only=True)
class Build:
    """A table to be built: data read, nothing trained and nothing written.

    Attributes:
        path: the parquet file to be.
    """

    run: Run
    header: RunHeader
    estimator: WeightSharing
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
        training = self.estimator.upfront_price(problem, self.space)
        return [
            f"task {self.run.task}, checkpoint {problem.checkpoint.label}, source {self.run.spec.source}: "
            f"{problem.data.source_note}",
            f"space {self.space.name}: {len(self.architectures)} architectures of {len(networks)} different networks",
            f"COST: {training / problem.epoch_macs:.2f} epochs of training the super-network, "
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

    def execute(self, report: Report) -> None:
        """Make what is left of the table.

        Raises:
            InputError: the file of rows was begun under other numerics, or a file cannot be written.
        """
        runtime = self.run.spec.runtime
        with arithmetic(runtime.precision, runtime.device):
            evaluator = self._scored_rows(report)
        write_table(self.path, self._table_header(evaluator), self._rows(read_run(self.rows_path)))
        self.rows_path.unlink()

    def _scored_rows(self, report: Report) -> WeightSharingEvaluator:
        evaluator = self.estimator.start(self.run.problem, self.space)
        with RunWriter.open(self.rows_path, self.header) as writer:
            for phase in evaluator.phases[len(writer.phases) :]:
                writer.append_phase(phase)
            self._validate(evaluator, writer, report)
            self._test(evaluator, writer, report)
        return evaluator

    def _validate(self, evaluator: WeightSharingEvaluator, writer: RunWriter, report: Report) -> None:
        problem, trials = self.run.problem, writer.trials
        spent = trials[-1].spent if trials else sum(phase.cost for phase in writer.phases)
        left = self.architectures[len(trials) :]
        for architecture, scores, seconds in _scored(evaluator, problem.data.validation, left):
            network, proposal = self.space.network(architecture), Proposal(architecture)
            price, weights = evaluator.price(proposal, writer.trials), evaluator.phases[0].weights
            evaluation = problem.evaluation(network, scores, cost=price, seconds=seconds, weights=weights)
            spent, index = spent + price, len(trials)
            writer.append_trial(Trial(index=index, batch=index, proposal=proposal, evaluation=evaluation, spent=spent))
            report(len(trials), 2 * len(self.architectures))

    def _test(self, evaluator: WeightSharingEvaluator, writer: RunWriter, report: Report) -> None:
        tested = [trial for trial in writer.trials if trial.ok]
        left = tested[len(writer.tests) :]
        problem = self.run.problem
        scored = _scored(evaluator, problem.data.test, [trial.proposal.architecture for trial in left])
        for trial, (architecture, scores, seconds) in zip(left, scored, strict=True):
            network = self.space.network(architecture)
            writer.append_test(scored_on_test(problem, trial, network, dict(scores), seconds))
            report(len(writer.trials) + len(writer.tests), 2 * len(self.architectures))

    def _table_header(self, evaluator: WeightSharingEvaluator) -> TableHeader:
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
        InputError: the specification trains no super-network, or its space is too large to list.
    """
    run = assemble(spec)
    method = run.method
    if not (isinstance(method, NeuralArchitectureSearch) and isinstance(method.estimator, WeightSharing)):
        raise InputError(f"a table is built of a super-network, which method {method.name} has none of: take ws_nas")
    space = method.space.bind(run.problem.shape)
    header = _header(run, method)
    return Build(
        run=run,
        header=header,
        estimator=method.estimator,
        space=space,
        architectures=_in_order(space, _all_of(space)),
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


def _in_order(space: SearchSpace, architectures: Iterable[Architecture]) -> tuple[Architecture, ...]:
    """Sorted by their networks' layers, so that those with equal first layers come one after the other."""
    return tuple(sorted(architectures, key=lambda architecture: _layers(space.network(architecture))))


def _layers(network: SubNetwork) -> list[tuple[Any, ...]]:
    layers = zip(network.layers_kept, network.heads, network.units, strict=True)
    return [(layer, _kept(heads), _kept(units)) for layer, heads, units in layers]


def _kept(indices: Kept) -> tuple[int, ...]:
    return (len(indices),) if isinstance(indices, range) else (len(indices), *indices)


def _scored(
    evaluator: WeightSharingEvaluator, split: Split, architectures: Sequence[Architecture]
) -> Iterator[tuple[Architecture, Mapping[str, float], float]]:
    """Each architecture with its scores on a split and the seconds they took, networks of equal first layer at once."""
    scorer = Scorer(model=evaluator.model, split=split, training=evaluator.problem.training)
    networks = {architecture: evaluator.space.network(architecture) for architecture in architectures}
    for _, group in groupby(architectures, key=lambda architecture: _layers(networks[architecture])[:1]):
        members, started = list(group), time.perf_counter()
        distinct = list(dict.fromkeys(networks[architecture] for architecture in members))
        scores = dict(zip(distinct, scorer.scores(distinct), strict=True))
        seconds = (time.perf_counter() - started) / len(members)
        yield from ((architecture, scores[networks[architecture]], seconds) for architecture in members)

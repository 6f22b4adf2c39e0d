"""One run: one method, one seed, one file. Resumes from the file's rows alone."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nasbench import provenance
from nasbench.budget import Budget
from nasbench.compose import RunSpec
from nasbench.config import build, canonical, identity
from nasbench.errors import InputError, Interrupted, RunError
from nasbench.estimators.base import ReadsMore, Recorded
from nasbench.executors.base import Executor, InTurn
from nasbench.interruption import Stop, never
from nasbench.method import Method, Session
from nasbench.pareto import hypervolume, non_dominated
from nasbench.precision import arithmetic
from nasbench.problem import Problem
from nasbench.records import Evaluation, Proposal, RunHeader, Trial
from nasbench.results import RunWriter, run_id
from nasbench.rows import canonical_json

if TYPE_CHECKING:  # a run on a table does without torch
    from nasbench.models.checkpoint import Checkpoint
    from nasbench.tasks.base import Limits, Task, TaskData


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a run is: what its line on the screen shows.

    Attributes:
        share: of the budget, in [0, 1].
        error: the best validation value of the first objective; None before there is one.
        hypervolume: of the validation front, reference point all ones.
    """

    run_id: str
    trials: int
    share: float
    error: float | None
    hypervolume: float
    seconds: float


Report = Callable[[Progress], None]

REPORT_SECONDS = 0.5
"""At least so long between two reports from within a phase or trial."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """A run specification brought to life: data read, prices known, nothing trained and nothing written.

    Attributes:
        science: the specification's, in canonical form.
        run_id: hash of the identity of the science and of the content of data and checkpoint.
    """

    spec: RunSpec
    method: Method
    problem: Problem
    budget: Budget
    task: str
    science: Mapping[str, Any]
    run_id: str

    @property
    def recalled(self) -> bool:
        """Whether its problem is on record, so that there is neither data nor a network."""
        return isinstance(getattr(self.method, "estimator", None), Recorded)

    @property
    def path(self) -> Path:
        return Path(self.spec.runtime.results) / self.spec.experiment / f"{self.run_id}.jsonl"

    def header(self) -> RunHeader:
        problem, budget = self.problem, self.budget
        return RunHeader(
            run_id=self.run_id,
            experiment=self.spec.experiment,
            method=self.method.name,
            seed=problem.seed,
            task=self.task,
            metric=problem.data.metric,
            model=problem.checkpoint.label,
            source=self.spec.source,
            scale=self.spec.scale,
            config=self.science,
            fingerprints=problem.fingerprints,
            full=problem.full,
            epoch_macs=problem.epoch_macs,
            budget={"amount": budget.amount, "unit": str(budget.unit)},
            budget_macs=budget.macs(problem.epoch_macs),
            objectives=tuple(problem.objectives),
            numerics=problem.numerics,
            provenance=provenance.provenance(self.spec.overrides),
        )

    def execute(self, report: Report, stop: Stop = never, executor: Executor | None = None) -> None:
        """Make the run, or what is left of it.

        Args:
            stop: asked at the beginning and before each trial and each test.
            executor: of its batches; None: the proposals are evaluated here, one after the other.

        Raises:
            Interrupted: it was told to stop.
            InputError: the file holds another run, or one made under other numerics.
            RunError: the run cannot go on.
        """
        check_affordable(self)
        with RunWriter.open(self.path, self.header()) as writer:
            if writer.end is None:
                _Drive(
                    run=self,
                    writer=writer,
                    report=report,
                    stop=stop,
                    executor=executor or InTurn(),
                    started=time.perf_counter(),
                ).go()


def assemble(spec: RunSpec) -> Run:
    """Read a run's data and checkpoint facts, or recall them from the table that its estimator looks up.

    Raises:
        InputError: a setting or a file is at fault; nothing has been written.
    """
    method = build(spec.science["method"], "method")
    estimator = getattr(method, "estimator", None)
    return _recalled(spec, method, estimator) if isinstance(estimator, Recorded) else _computed(spec)


def _recalled(spec: RunSpec, method: Method, estimator: Recorded) -> Run:
    own = {name: build(spec.science[name], name) for name in ("objective", "budget", "seed")} | {"method": method}
    if own["budget"].unit == "seconds":
        raise InputError("budget.unit cannot be seconds on a table, which takes none: take trials or epochs")
    problem = estimator.problem(
        spec.science, own["objective"], own["seed"], lambda part: identity(build(part, "table"))
    )
    science = {name: canonical(own[name]) if name in own else node for name, node in spec.science.items()}
    return Run(
        spec=spec,
        method=method,
        problem=problem,
        budget=own["budget"],
        task=science["task"]["name"],
        science=science,
        run_id=run_id(identity(own), problem.fingerprints),
    )


def _computed(spec: RunSpec) -> Run:
    from nasbench.weights import WeightsStore

    runtime = spec.runtime
    science = {name: build(node, name) for name, node in spec.science.items()}
    checkpoint, task, limits = science["model"], science["task"], science["limits"]
    data, checkpoint_hash = _load(_Frozen(spec.science["task"]), _Frozen(spec.science["model"]), limits)
    numerics = provenance.numerics(threads=runtime.threads, device=runtime.device, dtype=str(runtime.precision))
    problem = Problem(
        checkpoint=checkpoint,
        data=data,
        shape=checkpoint.shape(data.head, data.num_labels),
        objectives=science["objective"],
        training=science["training"],
        seed=science["seed"],
        weights=WeightsStore(Path(runtime.results) / ".weights"),
        fingerprints={"data": data.fingerprint, "checkpoint": checkpoint_hash, **_more(science["method"], checkpoint)},
        numerics=numerics,
        device=runtime.device,
    )
    return Run(
        spec=spec,
        method=science["method"],
        problem=problem,
        budget=science["budget"],
        task=task.name,
        science=canonical(science),
        run_id=run_id(identity(science), problem.fingerprints),
    )


def _more(method: Method, checkpoint: Checkpoint) -> Mapping[str, str]:
    """Content hashes of data that a method reads beside the task's."""
    estimator = getattr(method, "estimator", None)
    return estimator.fingerprints(checkpoint) if isinstance(estimator, ReadsMore) else {}


class _Frozen:
    """A configuration node as a key of a cache."""

    def __init__(self, node: Mapping[str, Any]) -> None:
        self.node = node
        self._text = canonical_json(node)

    def __hash__(self) -> int:
        return hash(self._text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Frozen) and self._text == other._text


@lru_cache(maxsize=8)
def _load(task_node: _Frozen, model_node: _Frozen, limits: Limits) -> tuple[TaskData, str]:
    """Data, and the checkpoint's content hash: read once for all the runs of an experiment."""
    task: Task = build(task_node.node, "task")
    checkpoint: Checkpoint = build(model_node.node, "model")
    checkpoint_hash = checkpoint.fingerprint()
    return task.load(checkpoint.tokenizer(), limits), checkpoint_hash


@contextmanager
def _telling_of_memory() -> Iterator[None]:
    try:
        yield
    except MemoryError as error:
        raise RunError(
            "out of memory: take fewer runtime.workers or a smaller training.batch_size, or free some; the run resumes "
            "from its last whole row"
        ) from error


@dataclass(kw_only=True)
class _Drive:
    """A run in progress."""

    run: Run
    writer: RunWriter
    report: Report
    stop: Stop
    executor: Executor
    started: float
    _told: float = field(default=0.0, init=False)

    @_telling_of_memory()
    def go(self) -> None:
        runtime = self.run.spec.runtime
        with arithmetic(runtime.precision, runtime.device):
            self._go()

    def _go(self) -> None:
        self._check_stop()
        self._tell()
        session = self.run.method.start(replace(self.run.problem, report=self._tell_within))
        for phase in session.phases[len(self.writer.phases) :]:
            self.writer.append_phase(phase)
        self._tell()
        reason = self._search(session)
        session.keep(front(self.writer.trials), self.writer.trials)
        self._test(session)
        self._finish(reason)

    @property
    def spent(self) -> int:
        trials, phases = self.writer.trials, self.writer.phases
        return trials[-1].spent if trials else sum(phase.cost for phase in phases)

    @property
    def seconds(self) -> float:
        """Of computing, whenever it was done: a resumed run counts what it had counted before."""
        phases = sum(phase.seconds for phase in self.writer.phases)
        return phases + sum(trial.evaluation.seconds for trial in self.writer.trials)

    def _search(self, session: Session) -> str:
        """Trials until the budget or the method ends; returns which of them did."""
        trials = self.writer.trials
        batch = trials[-1].batch if trials else 0
        while True:
            proposals = session.propose(trials[:batch])
            if not proposals:
                return "search"
            while rest := proposals[len(trials) - batch :]:
                fitting = self._fitting(session, rest)
                if not fitting:
                    return "budget"
                with closing(self.executor.evaluations(session, trials, fitting)) as evaluations:
                    for proposal in fitting:
                        if not self._allows(session.price(proposal, trials)):
                            return "budget"
                        self._check_stop()
                        self._append(proposal, next(evaluations), batch)
                        session.keep([*front(trials), *self._undecided()], trials)
                        self._tell()
            batch = len(trials)

    def _append(self, proposal: Proposal, evaluation: Evaluation, batch: int) -> None:
        self.writer.append_trial(
            Trial(
                index=len(self.writer.trials),
                batch=batch,
                proposal=proposal,
                evaluation=evaluation,
                spent=self.spent + evaluation.cost,
            )
        )

    def _fitting(self, session: Session, proposals: Sequence[Proposal]) -> Sequence[Proposal]:
        """Those of a batch that the budget allows, if each costs its price: what may be evaluated at the same time."""
        ahead = 0
        for count, proposal in enumerate(proposals):
            price = session.price(proposal, self.writer.trials)
            if not self._allows(ahead + price, trials=count):
                return proposals[:count]
            ahead += price
        return proposals

    def _undecided(self) -> list[Trial]:
        """Trials at less than full fidelity that none has resumed yet."""
        resumed = {trial.proposal.resumes for trial in self.writer.trials}
        epochs = self.run.problem.training.epochs
        return [
            t
            for t in self.writer.trials
            if t.ok and (t.proposal.fidelity or epochs) < epochs and t.index not in resumed
        ]

    def _allows(self, price: int, trials: int = 0) -> bool:
        """Whether there is budget for so much COST, after as many more trials."""
        return self.run.budget.allows(
            price=price,
            spent=self.spent,
            epoch_macs=self.run.problem.epoch_macs,
            trials=len(self.writer.trials) + trials,
            seconds=self.seconds,
        )

    def _test(self, session: Session) -> None:
        for trial in front(self.writer.trials)[len(self.writer.tests) :]:
            self._check_stop()
            self.writer.append_test(session.test(trial))

    def _check_stop(self) -> None:
        if self.stop():
            raise Interrupted(f"{self.run.method.name} seed {self.run.problem.seed} was stopped after a whole row")

    def _finish(self, reason: str) -> None:
        chosen = front(self.writer.trials)
        self.writer.finish(
            {
                "reason": reason,
                "trials": len(self.writer.trials),
                "front": [trial.index for trial in chosen],
                "spent": self.spent,
                "test_cost": sum(test.cost for test in self.writer.tests),
                "search_seconds": self.seconds,
                "test_seconds": sum(test.seconds for test in self.writer.tests),
            }
        )

    def _tell_within(self, macs: float) -> None:
        """Progress within a phase or trial, not too often."""
        if time.perf_counter() - self._told > REPORT_SECONDS:
            self._tell(macs)

    def _tell(self, within: float = 0.0) -> None:
        """Report progress: what is stored, and the MACs done beyond that."""
        self._told = time.perf_counter()
        values = _points(self.writer.trials)
        used = self.seconds if self.run.budget.unit == "seconds" else len(self.writer.trials)
        total = self.run.budget.macs(self.run.problem.epoch_macs)
        share = (self.spent + within) / total if total else used / self.run.budget.amount
        self.report(
            Progress(
                run_id=self.run.run_id,
                trials=len(self.writer.trials),
                share=min(share, 1.0),
                error=min((point[0] for point in values), default=None),
                hypervolume=hypervolume(values, [1.0] * len(values[0])) if values else 0.0,
                seconds=time.perf_counter() - self.started,
            )
        )


def check_affordable(run: Run) -> None:
    """Raises InputError where what a method does before its first trial exceeds the budget."""
    upfront = run.method.upfront_price(run.problem)
    total = run.budget.macs(run.problem.epoch_macs)
    if total is not None and upfront > total:
        needed = upfront / run.problem.epoch_macs
        raise InputError(
            f"budget.amount={run.budget.amount:g} epochs is less than the {needed:.2f} that {run.method.name} needs "
            f"before its first trial: raise budget.amount above {needed:.2f}"
        )


def front(trials: Sequence[Trial]) -> list[Trial]:
    """The trials on the validation front, in order."""
    candidates = [trial for trial in trials if trial.ok]
    if not candidates:
        return []
    return [trial for trial, kept in zip(candidates, non_dominated(_points(candidates)), strict=True) if kept]


def _points(trials: Sequence[Trial]) -> list[list[float]]:
    return [list(trial.evaluation.validation.values()) for trial in trials if trial.ok]

"""One run: one method, one seed, one file. Resumes from the file's rows alone."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nasbench import provenance
from nasbench.budget import Budget
from nasbench.compose import RunSpec
from nasbench.config import build, canonical, identity
from nasbench.drive import Drive, Report
from nasbench.errors import InputError
from nasbench.estimators.base import ReadsMore, Recorded
from nasbench.executors.base import Executor, InTurn
from nasbench.interruption import Stop, never
from nasbench.method import Method
from nasbench.precision import arithmetic
from nasbench.problem import Problem
from nasbench.records import RunHeader
from nasbench.results import RunWriter, run_id
from nasbench.rows import SCIENCE_VERSION, canonical_json

if TYPE_CHECKING:  # a run on a table does without torch
    from nasbench.models.checkpoint import Checkpoint
    from nasbench.tasks.base import Limits, Task, TaskData


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
            science_version=SCIENCE_VERSION,
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
        runtime = self.spec.runtime
        with RunWriter.open(self.path, self.header()) as writer, arithmetic(runtime.precision, runtime.device):
            if writer.end is None:
                Drive(
                    run_id=self.run_id,
                    method=self.method,
                    problem=self.problem,
                    budget=self.budget,
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
        weights=WeightsStore(Path(runtime.results) / ".weights", unfinished_every=runtime.checkpoint_seconds),
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

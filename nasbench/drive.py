"""A run at work: proposals to rows, until the budget or the method ends; then the front's tests, and the totals."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace

from nasbench.budget import Budget
from nasbench.errors import Interrupted, RunError
from nasbench.executors.base import Executor
from nasbench.interruption import Stop
from nasbench.method import Method, Session
from nasbench.pareto import hypervolume, non_dominated
from nasbench.problem import Problem
from nasbench.records import Evaluation, Proposal, Trial
from nasbench.results import RunWriter
from nasbench.sharing import needed_elsewhere


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


@contextmanager
def telling_of_memory(remedy: str) -> Iterator[None]:
    """A sentence, with what there is to do, in place of a MemoryError.

    Raises:
        RunError: memory ran out.
    """
    try:
        yield
    except MemoryError as error:
        raise RunError(f"out of memory: {remedy}, or free some; it resumes from its last whole row") from error


@dataclass(kw_only=True)
class Drive:
    """A run in progress."""

    run_id: str
    method: Method
    problem: Problem
    budget: Budget
    writer: RunWriter
    report: Report
    stop: Stop
    executor: Executor
    started: float
    _told: float = field(default=0.0, init=False)

    @telling_of_memory("take fewer runtime.workers or a smaller training.batch_size")
    def go(self) -> None:
        self._check_stop()
        self._tell()
        session = self.method.start(replace(self.problem, report=self._tell_within))
        for phase in session.phases[len(self.writer.phases) :]:
            self.writer.append_phase(phase)
        self._tell()
        reason = self._search(session)
        self._keep(session, over=True)
        self._check_any()
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
                        self._keep(session)
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

    def _keep(self, session: Session, *, over: bool = False) -> None:
        """Store the front's weights, and let those go that neither this run nor another needs."""
        trials = self.writer.trials
        own = {trial.evaluation.weights for trial in trials} - {None, *(phase.weights for phase in self.writer.phases)}
        shared = needed_elsewhere({key for key in own if key}, self.writer.path)
        needed = [*front(trials), *(t for t in trials if t.evaluation.weights in shared)]
        session.keep(needed, trials, over=over)

    def _check_any(self) -> None:
        """Raises RunError where there were trials, and not one has objectives."""
        trials = self.writer.trials
        if trials and not front(trials):
            how = Counter(str(trial.evaluation.status) for trial in trials)
            counts = " and ".join(f"{count} {status}" for status, count in how.items())
            note = next((t.evaluation.note for t in trials if t.evaluation.note), None)
            raise RunError(
                f"none of its {len(trials)} trials has a result ({counts}{f'; the first: {note}' if note else ''}): "
                "where training diverged, take a smaller learning rate"
            )

    def _allows(self, price: int, trials: int = 0) -> bool:
        """Whether there is budget for so much COST, after as many more trials."""
        return self.budget.allows(
            price=price,
            spent=self.spent,
            epoch_macs=self.problem.epoch_macs,
            trials=len(self.writer.trials) + trials,
            seconds=self.seconds,
        )

    def _test(self, session: Session) -> None:
        for trial in front(self.writer.trials)[len(self.writer.tests) :]:
            self._check_stop()
            self.writer.append_test(session.test(trial))

    def _check_stop(self) -> None:
        if self.stop():
            raise Interrupted(f"{self.method.name} seed {self.problem.seed} was stopped after a whole row")

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
        used = self.seconds if self.budget.unit == "seconds" else len(self.writer.trials)
        total = self.budget.macs(self.problem.epoch_macs)
        share = (self.spent + within) / total if total else used / self.budget.amount
        self.report(
            Progress(
                run_id=self.run_id,
                trials=len(self.writer.trials),
                share=min(share, 1.0),
                error=min((point[0] for point in values), default=None),
                hypervolume=hypervolume(values, [1.0] * len(values[0])) if values else 0.0,
                seconds=time.perf_counter() - self.started,
            )
        )


def front(trials: Sequence[Trial]) -> list[Trial]:
    """The trials on the validation front, in order."""
    candidates = [trial for trial in trials if trial.ok]
    if not candidates:
        return []
    return [trial for trial, kept in zip(candidates, non_dominated(_points(candidates)), strict=True) if kept]


def _points(trials: Sequence[Trial]) -> list[list[float]]:
    return [list(trial.evaluation.validation.values()) for trial in trials if trial.ok]

"""A batch of proposals spread over workers: results come back in the batch's order, so nothing changes but time."""

from __future__ import annotations

import heapq
from collections.abc import Generator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from nasbench.compose import RunSpec
from nasbench.estimators.base import Divisible
from nasbench.executors.base import InTurn
from nasbench.executors.pool import Pool, Worker, WorkerDied
from nasbench.executors.worker import Task, evaluate
from nasbench.method import SearchSession, Session
from nasbench.problem import Problem
from nasbench.records import Evaluation, Proposal, Trial
from nasbench.sharing import needed_elsewhere

Part = tuple[int, ...]
"""Places, in a batch, of proposals that one worker evaluates together."""

Answer = tuple[Future[list[Evaluation]], int]
"""Where a proposal's evaluation will be: the place in a task's answer."""


@dataclass(frozen=True, kw_only=True)
class Parallel:
    """Evaluates by workers what can be divided among them; all else in turn.

    Attributes:
        path: of the run's file.
        spec: of the run, whose results folder is an absolute path.
        few_tasks: give each worker one part of a batch, because a task of its own is dear (a job has to be scheduled);
            else workers take small parts as they get free.
    """

    path: Path
    spec: RunSpec
    problem: Problem
    pool: Pool
    few_tasks: bool = False

    def evaluations(
        self, session: Session, history: Sequence[Trial], proposals: Sequence[Proposal]
    ) -> Generator[Evaluation, None, None]:
        if isinstance(session, SearchSession) and isinstance(session.evaluator, Divisible):
            parts = [tuple(part) for part in session.evaluator.together(proposals)]
            if len(parts) > 1:
                yield from self._spread(session, history, proposals, parts)
                return
        yield from InTurn().evaluations(session, history, proposals)

    def _spread(
        self, session: SearchSession, history: Sequence[Trial], proposals: Sequence[Proposal], parts: Sequence[Part]
    ) -> Generator[Evaluation, None, None]:
        prices = [session.price(proposal, history) for proposal in proposals]
        before = tuple(history)
        answers: dict[int, Answer] = {}
        for part in _dearest_first(parts, prices, at_most=self.pool.size if self.few_tasks else None):
            task = Task(spec=self.spec, history=before, proposals=tuple(proposals[i] for i in part))
            future = self.pool.submit(partial(self._evaluate, session, task))
            answers |= {i: (future, place) for place, i in enumerate(part)}
        given = 0
        try:
            for given in range(len(proposals)):
                future, place = answers[given]
                evaluation = future.result()[place]
                given += 1
                yield evaluation
        finally:
            self._discard(session, history, [(proposals[i], answers[i]) for i in range(given, len(proposals))])

    def _discard(
        self, session: SearchSession, history: Sequence[Trial], unused: Sequence[tuple[Proposal, Answer]]
    ) -> None:
        """Give up what was not asked for in the end, and have the weights removed that were stored for it alone."""
        count = len(history)
        beyond = [
            Trial(index=count + n, batch=count, proposal=proposal, evaluation=future.result()[place], spent=0)
            for n, (proposal, (future, place)) in enumerate(unused)
            if not future.cancel() and future.done() and future.exception() is None
        ]
        shared = needed_elsewhere({key for trial in beyond if (key := trial.evaluation.weights)}, self.path)
        session.evaluator.keep(history, [trial for trial in beyond if trial.evaluation.weights not in shared])

    def _evaluate(self, session: SearchSession, task: Task, worker: Worker) -> list[Evaluation]:
        """A task's evaluations; where its worker dies, those of its proposals one by one."""
        try:
            return worker.call(evaluate, task)
        except WorkerDied:
            return [self._again(session, single, worker) for single in task.singly()]

    def _again(self, session: SearchSession, single: Task, worker: Worker) -> Evaluation:
        try:
            (evaluation,) = worker.call(evaluate, single)
        except WorkerDied as error:
            (proposal,) = single.proposals
            return self.problem.failure(
                session.space.network(proposal.architecture),
                cost=session.price(proposal, single.history),
                note=f"two workers ended while they evaluated it ({error}); the system may have run out of memory",
            )
        return evaluation


def _dearest_first(parts: Sequence[Part], prices: Sequence[int], *, at_most: int | None) -> list[Part]:
    """Parts by falling COST, so that none that takes long begins last; merged into so many of about equal COST."""

    def price(part: Part) -> int:
        return sum(prices[i] for i in part)

    ordered = sorted(parts, key=price, reverse=True)
    if at_most is None or len(ordered) <= at_most:
        return ordered
    merged: list[tuple[int, int, Part]] = [(0, number, ()) for number in range(at_most)]
    for part in ordered:  # each to the one that has least to do
        load, number, others = merged[0]
        heapq.heapreplace(merged, (load + price(part), number, others + part))
    return [part for _, _, part in sorted(merged, reverse=True)]

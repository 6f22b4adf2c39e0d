"""What a worker does: a part of a batch, in a session that it has built from the run's specification.

Nothing large travels to it. Data and checkpoint are read where it runs; a super-network comes from the weights store,
by the hash of its recipe and verified by its checksum; what was trained goes there too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from nasbench.compose import RunSpec
from nasbench.errors import RunError
from nasbench.method import SearchSession
from nasbench.precision import arithmetic
from nasbench.records import Evaluation, Proposal, Trial
from nasbench.run import assemble


@dataclass(frozen=True, kw_only=True)
class Task:
    """Proposals of one batch.

    Attributes:
        spec: of the run, whose results folder is an absolute path.
        history: the trials before the batch, as far as they were stored.
    """

    spec: RunSpec
    history: tuple[Trial, ...]
    proposals: tuple[Proposal, ...]

    def singly(self) -> Iterator[Task]:
        return (replace(self, proposals=(proposal,)) for proposal in self.proposals)


def evaluate(task: Task) -> list[Evaluation]:
    """The evaluations of a task's proposals, in order; weights that were trained for them are stored."""
    runtime = task.spec.runtime
    with arithmetic(runtime.precision, runtime.device):
        session = _session(task.spec)
        session.expect(task.proposals)
        return [_evaluate(session, proposal, task.history) for proposal in task.proposals]


def _evaluate(session: SearchSession, proposal: Proposal, history: Sequence[Trial]) -> Evaluation:
    evaluation = session.evaluate(proposal, history)
    # Which weights stay is decided by whoever drives the run, so all are stored here.
    trial = Trial(index=len(history), batch=len(history), proposal=proposal, evaluation=evaluation, spent=0)
    session.evaluator.keep([trial], ())
    return evaluation


_built: tuple[RunSpec, SearchSession] | None = None
"""The session of the run that the worker was last asked for; one at a time, for it may hold a whole network."""


def _session(spec: RunSpec) -> SearchSession:
    global _built
    if _built is None or _built[0] != spec:
        _built = None
        _built = (spec, _start(spec))
    return _built[1]


def _start(spec: RunSpec) -> SearchSession:
    import torch

    torch.set_num_threads(spec.runtime.threads)
    run = assemble(spec)
    session = run.method.start(run.problem)
    if not isinstance(session, SearchSession):
        raise RunError(f"{run.method.name} evaluates one network after the other: take runtime.executor=serial")
    return session

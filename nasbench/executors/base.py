"""What an executor is: where the proposals of a batch are evaluated. It changes seconds and nothing else."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Protocol

from nasbench.method import Session
from nasbench.records import Evaluation, Proposal, Trial


class Executor(Protocol):
    def evaluations(
        self, session: Session, history: Sequence[Trial], proposals: Sequence[Proposal]
    ) -> Generator[Evaluation, None, None]:
        """Evaluate proposals of one batch.

        Args:
            history: the trials so far; it grows while the batch is evaluated.

        Yields:
            Their evaluations, in their order. Closed before its end, it gives up the rest, which leaves nothing behind.
        """


class InTurn:
    """One after the other, by the session itself."""

    def evaluations(
        self, session: Session, history: Sequence[Trial], proposals: Sequence[Proposal]
    ) -> Generator[Evaluation, None, None]:
        for proposal in proposals:
            yield session.evaluate(proposal, history)

"""Made-up runs of candidates that are trained in phases, of which the better half goes on (Paraskeva et al. 2024)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nasbench import rng
from nasbench.records import Architecture, Evaluation, Proposal, Sizes, Stage, Status, TestResult, Trial
from nasbench.results import RunWriter
from tests.analysis.runs import FULL, OUTSIDE, header

STEPS = {"phase_0": 8, "phase_1": 16, "fine_tuning": 30}
COST = 10
"""MACs of a step."""


@dataclass(frozen=True, slots=True)
class Made:
    """A candidate: its losses at the ends of both phases, its error and its size."""

    cutoff: float
    final: float
    error: float
    size: float


def stage(name: str, first: float, last: float) -> Stage:
    """Four points on a line; the held-out loss is 0.1 above the training loss, and measured at the end alone."""
    steps = STEPS[name]
    losses = [first + (last - first) * i / 3 for i in range(4)]
    curve = tuple((steps * (i + 1) // 4, loss, loss + 0.1 if i == 3 else None) for i, loss in enumerate(losses))
    if name == "fine_tuning":
        curve = tuple((step, loss, None) for step, loss, _ in curve)
    return Stage(name=name, steps=steps, tokens=100 * steps, cost=COST * steps, curve=curve, seconds=1.0)


def write_phases(
    folder: Path,
    generations: Sequence[Sequence[Made | None]],
    *,
    seed: int = 0,
    finish_all: bool = True,
    **changes: Any,
) -> Path:
    """Write a run: the first generation goes through all phases at once, of each other the better half by cutoff loss.

    Args:
        generations: candidates; None for one that diverges in its first phase.
        finish_all: whether the others of the last generation finish for the analysis.
    """
    head = header("two_phase_nas", seed, **changes)
    path = folder / f"{head.run_id}.jsonl"
    folder.mkdir(parents=True, exist_ok=True)
    with RunWriter.open(path, head) as writer:
        book = _Book(writer)
        for made in generations[0]:
            assert made is not None
            book.add(made, ("phase_0", "phase_1", "fine_tuning"))
        for number, generation in enumerate(generations[1:], 2):
            book.begin()
            firsts = {book.add(made, ("phase_0",), parent=0): made for made in generation}
            whole = sorted((made.cutoff, i) for i, made in firsts.items() if made)
            better = [i for _, i in whole[: len(generation) // 2]]
            book.begin()
            for i in better:
                book.add(firsts[i], ("phase_1", "fine_tuning"), resumes=i)
            if number == len(generations) and finish_all:
                for _, i in whole[len(generation) // 2 :]:
                    book.add(firsts[i], ("phase_1", "fine_tuning"), resumes=i, analysis_only=True)
        objectives = {"error": generations[0][0].error, "size": generations[0][0].size}  # type: ignore[union-attr]
        writer.append_test(TestResult(trial=0, objectives=objectives, scores={"f1": 1 - objectives["error"]}, cost=1))
        writer.finish({})
    return path


@dataclass(slots=True)
class _Book:
    writer: RunWriter
    count: int = 0
    batch: int = 0
    spent: int = 0

    def begin(self) -> None:
        self.batch = self.count

    def add(self, made: Made | None, phases: Sequence[str], **links: Any) -> int:
        stages = tuple(self._stage(made, name) for name in phases)
        cost = sum(s.cost for s in stages)
        self.spent += cost
        index = self.count
        proposal = Proposal(Architecture((index,)), fidelity=1 if phases == ("phase_0",) else None, **links)
        evaluation = self._evaluation(made, stages, cost)
        self.writer.append_trial(
            Trial(index=index, batch=self.batch, proposal=proposal, evaluation=evaluation, spent=self.spent)
        )
        self.count += 1
        return index

    def _stage(self, made: Made | None, name: str) -> Stage:
        if made is None:
            return Stage(name=name, steps=STEPS[name], tokens=0, cost=COST * STEPS[name])
        ends = {"phase_0": (9.0, made.cutoff), "phase_1": (made.cutoff, made.final), "fine_tuning": (3.0, 1.0)}
        return stage(name, *ends[name])

    def _evaluation(self, made: Made | None, stages: tuple[Stage, ...], cost: int) -> Evaluation:
        encoder = round((made.size if made else 1.0) * FULL.encoder_parameters)
        common: dict[str, Any] = {"cost": cost, "sizes": Sizes(OUTSIDE + encoder, encoder, encoder), "stages": stages}
        if made is None:
            return Evaluation(status=Status.DIVERGED, **common)
        if stages[-1].name == "phase_0":
            return Evaluation(status=Status.STOPPED, scores={"mlm_loss": made.cutoff}, **common)
        validation = {"error": made.error, "size": made.size}
        return Evaluation(status=Status.OK, validation=validation, scores={"f1": 1 - made.error}, **common)


def generation(number: int, seed: int, name: str) -> list[Made | None]:
    """Random candidates, whose losses agree with their errors more or less."""
    stream = rng.generator(seed, f"tests.phases/{name}")
    found: list[Made | None] = []
    for _ in range(number):
        loss, luck = stream.uniform(3, 6), stream.uniform(0, 1, 3)
        found.append(
            Made(
                cutoff=round(loss + 0.5 * luck[0], 4),
                final=round(loss - 1 + 0.3 * luck[1], 4),
                error=round(0.3 + 0.1 * loss - 0.1 * luck[2], 4),
                size=round(float(stream.uniform(0.6, 1.4)), 3),
            )
        )
    return found

"""Architectures trained in phases, of which the better half goes on after the first (Paraskeva et al. 2024).

A candidate may have several rows: one that a first phase ended, and one that resumes it and finishes it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from analysis.comparison import Comparison
from analysis.drawing import NothingToDrawError
from nasbench.pareto import ranks
from nasbench.records import Stage, Status, Trial
from nasbench.results import Run
from nasbench.search.survival import Crowding, survivors

CUTOFF, FINAL = "phase_0", "phase_1"
"""Names of the two phases of pre-training (`nasbench.records.Stage`)."""
PRE_TRAINING = (CUTOFF, FINAL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One architecture.

    Attributes:
        generation: from 0, the initial population.
        trials: its rows, each of which resumes the one before.
    """

    generation: int
    trials: tuple[Trial, ...]

    @property
    def index(self) -> int:
        """Of its first row."""
        return self.trials[0].index

    @property
    def stages(self) -> dict[str, Stage]:
        """Of all its rows, by name."""
        return {stage.name: stage for trial in self.trials for stage in trial.evaluation.stages}

    @property
    def status(self) -> Status:
        return self.trials[-1].evaluation.status

    @property
    def finished(self) -> bool:
        """Whether it went through all phases, be it for the analysis alone."""
        return self.status is Status.OK

    @property
    def kept(self) -> bool:
        """Whether the search let it finish."""
        return self.finished and not self.trials[-1].proposal.analysis_only

    def held_out(self, phase: str) -> float | None:
        """The last held-out loss of a phase; None where there is none."""
        stage = self.stages.get(phase)
        losses = [loss for _, _, loss in stage.curve if loss is not None] if stage else []
        return losses[-1] if losses else None


def candidates(run: Run) -> list[Candidate]:
    """All candidates of a run, in the order of their first rows.

    Those without a parent are the initial population, in however many batches; a batch of others is a generation.
    """
    heirs = {resumed: trial for trial in run.trials if (resumed := trial.proposal.resumes) is not None}
    firsts = [trial for trial in run.trials if trial.proposal.resumes is None]
    batches = dict.fromkeys(trial.batch for trial in firsts if trial.proposal.parent is not None)
    numbers = {batch: number for number, batch in enumerate(batches, 1)}
    return [
        Candidate(
            generation=0 if first.proposal.parent is None else numbers[first.batch],
            trials=tuple(_chain(first, heirs)),
        )
        for first in firsts
    ]


def phased(comparison: Comparison) -> dict[str, tuple[Run, ...]]:
    """The finished runs of each method that trained in phases; several candidates each.

    Raises:
        NothingToDrawError: there are none.
    """
    found = {label: tuple(filter(_in_phases, comparison.finished(label))) for label in comparison.methods}
    found = {label: runs for label, runs in found.items() if runs}
    if not found:
        raise NothingToDrawError("no finished run trained its candidates in phases")
    return found


def one_run(comparison: Comparison, seed: int | None) -> tuple[str, Run]:
    """The run of the method with the most candidates, of a seed or of its first.

    Raises:
        NothingToDrawError: there is none.
    """
    found = phased(comparison)
    label = max(found, key=lambda label: (max(len(candidates(run)) for run in found[label]), label))
    runs = [run for run in found[label] if seed is None or run.header.seed == seed]
    if not runs:
        raise NothingToDrawError(f"no finished run of seed {seed} trained its candidates in phases")
    return label, runs[0]


def error(run: Run, trial: Trial) -> float:
    """The objective that tells quality."""
    return trial.evaluation.validation[quality(run)]


def quality(run: Run) -> str:
    """The objective that tells it: `error` where the run has it, else its first."""
    names = run.header.objectives
    return "error" if "error" in names else names[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """What a generation's survivors are chosen from: parents, and offspring that finished; fronts from 0, by member."""

    generation: int
    parents: tuple[Candidate, ...]
    offspring: tuple[Candidate, ...]
    fronts: tuple[int, ...]


def pools(run: Run) -> list[Pool]:
    """The pools of all generations after the initial one, whose size is that of every population of parents.

    Survivors are chosen again from the rows as the search chose them: by rank, and then crowding over all objectives or
    over size alone (`nasbench.search.nsga2_paraskeva`).
    """
    of_run = [candidate for candidate in candidates(run) if candidate.kept]
    by_generation: dict[int, list[Candidate]] = defaultdict(list)
    for candidate in of_run:
        by_generation[candidate.generation].append(candidate)
    size, crowding, names = len(by_generation[0]), _crowding(run), run.header.objectives
    found: list[Pool] = []
    parents: list[Candidate] = []
    for generation, offspring in sorted(by_generation.items()):
        members = [*parents, *offspring]
        if generation:
            values = [[c.trials[-1].evaluation.validation[name] for name in names] for c in members]
            found.append(
                Pool(
                    generation=generation,
                    parents=tuple(parents),
                    offspring=tuple(offspring),
                    fronts=tuple(ranks(values).tolist()),
                )
            )
        by_trial = {candidate.trials[-1].index: candidate for candidate in members}
        best = survivors([candidate.trials[-1] for candidate in members], size, crowding)
        parents = [by_trial[trial.index] for trial in best]
    return found


def _crowding(run: Run) -> Crowding:
    """What the run's search spread survivors by; all objectives, as in the paper, where it does not say."""
    search = run.header.config.get("method", {}).get("search", {})
    return Crowding.SIZE if search.get("survival_crowding") == Crowding.SIZE else Crowding.ALL


def _chain(first: Trial, heirs: Mapping[int, Trial]) -> Iterable[Trial]:
    trial: Trial | None = first
    while trial is not None:
        yield trial
        trial = heirs.get(trial.index)


def _in_phases(run: Run) -> bool:
    of_trials = [trial.evaluation.stages for trial in run.trials] if run.columns.staged else []
    return sum(any(stage.name in PRE_TRAINING for stage in stages) for stages in of_trials) > 1


def last_generation(of_run: Sequence[Candidate]) -> list[Candidate]:
    """Those of the highest generation."""
    last = max((candidate.generation for candidate in of_run), default=0)
    return [candidate for candidate in of_run if candidate.generation == last]

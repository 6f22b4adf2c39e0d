"""Which kills are tried, and what came of each."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.faults.children import Course, Ended, Moment, follow, kill_at
from tests.faults.compare import lost, unlike
from tests.faults.scenarios import Scenario

TRIES = 5
"""Of a kill that came too late, for the machine is not always equally fast."""

TWICE = 4
"""One in so many attempts is killed a second time, while it resumes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kill:
    """A kill that happened.

    Attributes:
        phase: that the process was in.
        boundary: the write around which it was, or "random moment".
        wrong: what was not as without the kill; nothing, as it should be.
    """

    phase: str
    boundary: str
    wrong: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A scenario run to its end without a kill, and the folder in which it was."""

    scenario: Scenario
    folder: Path
    given: Path | None
    course: Course


def refer(scenario: Scenario, scratch: Path) -> Reference:
    """Run a scenario without a kill.

    Raises:
        RuntimeError: it does not end well even so.
    """
    given = None
    if scenario.given is not None:
        given = scratch / "given"
        _well(scenario, *follow(scenario.given, given))
    folder = _begin(given, scratch / "reference")
    course = _well(scenario, *follow(scenario.run, folder))
    return Reference(scenario=scenario, folder=folder, given=given, course=course)


def kills(reference: Reference, phase: str, number: int, stream: random.Random) -> Iterator[Kill]:
    """Kills in a phase: half of them at a random moment of it, half around a write within it."""
    segments = [i for i, (name, _) in enumerate(reference.course.segments) if name == phase]
    boundaries = [i for i, boundary in enumerate(reference.course.boundaries) if boundary.phase == phase]
    made = 0
    while made < number:
        at: Moment | int
        if stream.random() < 0.5 and boundaries:
            at = stream.choice(boundaries)
        else:
            at = _moment(reference.course, segments, stream)
        attempt = _attempt(reference, phase, at, stream)
        yield from attempt
        made += len(attempt)


def _moment(course: Course, segments: Sequence[int], stream: random.Random) -> Moment:
    seconds = [course.segments[i][1] for i in segments]
    (chosen,) = stream.choices(segments, weights=seconds)
    return Moment(entered=chosen, seconds=stream.uniform(0, course.segments[chosen][1]))


def _attempt(reference: Reference, phase: str, at: Moment | int, stream: random.Random) -> list[Kill]:
    """Kill, perhaps twice, resume and compare. A kill that comes late, on a busy machine, is one of a later phase."""
    scenario = reference.scenario
    for _ in range(TRIES):
        folder = _begin(reference.given, reference.folder.with_name("attempt"))
        ended = kill_at(scenario.run, folder, at)
        if ended.killed:
            break
    else:
        raise RuntimeError(f"{scenario.name} could not be killed in {phase} at {at}: {ended.said}")
    wrong, met = lost(reference.folder, folder), [(ended.phase, _words(reference, at))]
    if stream.randrange(TWICE) == 0:
        again = kill_at(scenario.run, folder, _moment(reference.course, range(len(reference.course.segments)), stream))
        if again.killed:
            wrong += lost(reference.folder, folder)
            met.append((again.phase, "random moment"))
    resumed, _ = follow(scenario.run, folder)
    if resumed.code != 0:
        wrong.append(f"resuming ended with {resumed.code}: {resumed.said[-500:]}")
    wrong += unlike(reference.folder, folder)
    return [Kill(phase=name, boundary=words, wrong=tuple(wrong)) for name, words in met]


def _words(reference: Reference, at: Moment | int) -> str:
    return reference.course.boundaries[at].what if isinstance(at, int) else "random moment"


def _begin(given: Path | None, folder: Path) -> Path:
    """The folder, with what must be there before and nothing else."""
    shutil.rmtree(folder, ignore_errors=True)
    if given is None:
        folder.mkdir(parents=True)
    else:
        shutil.copytree(given, folder)
    return folder


def _well(scenario: Scenario, ended: Ended, course: Course) -> Course:
    if ended.code != 0:
        raise RuntimeError(f"{scenario.name} ends with {ended.code} though nothing was done to it: {ended.said}")
    return course

"""What to take from a comparison: the front of each method's best run, and the command that exports its choice."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from analysis.comparison import Comparison
from analysis.normalisation import validation_points
from analysis.selection import TOLERANCE, Member, suggested
from nasbench.pareto import hypervolume
from nasbench.results import Run

if TYPE_CHECKING:
    from rich.table import Table

SHOWN = 5
"""Members of a front that are listed: the best on validation, and the suggested one."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A method's best finished run on validation, its front, and the member to export."""

    label: str
    run: Run
    front: tuple[Member, ...]
    member: Member

    @property
    def exportable(self) -> bool:
        """Whether there are weights of it: a table holds none."""
        return all(phase.name != "table" for phase in self.run.phases)

    @property
    def export_command(self) -> str:
        trial = str(self.member.trial)
        folder = f"exported/{self.run.header.method}-seed{self.run.header.seed}-trial{trial}"
        return shlex.join(
            ["nasbench", "export", str(self.run.path), "--trial", trial, "--format", "custom", "--out", folder]
        )


def choices(comparison: Comparison) -> list[Choice]:
    """One a method that has a finished run: of its seeds the one with the largest VALIDATION hypervolume."""
    found = []
    for label in comparison.methods:
        runs = comparison.finished(label)
        if not runs:
            continue
        best = max(runs, key=lambda run: (_reached(run), -run.header.seed))
        front = tuple(comparison.fronts[best.path])
        chosen = suggested(front)
        if chosen:
            found.append(Choice(label, best, front, chosen))
    return found


def _reached(run: Run) -> float:
    """Hypervolume of all that a run validated, in raw objectives, reference (1, ..., 1)."""
    points = validation_points(run)
    return hypervolume(points, [1.0] * points.shape[1])


def listing(found: list[Choice], metric: str) -> Table:
    """The best members of each front for a terminal, the suggested ones marked."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    caption = (
        f"Front of each method's best seed on validation: the {SHOWN} best members and the suggested one (*), the "
        f"smallest within {TOLERANCE:.0%} of the best validation {metric}."
    )
    out = Table(box=box.SIMPLE_HEAD, caption=caption, caption_justify="left")
    for heading in ("method", "seed", "trial"):
        out.add_column(heading, justify="left" if heading == "method" else "right", overflow="fold")
    for heading in ("encoder", "parameters", f"validation {metric}", f"test {metric}"):
        out.add_column(heading, justify="right", overflow="fold")
    for choice in found:
        for i, row in enumerate(_rows(choice)):
            name = (choice.label, str(choice.run.header.seed)) if i == 0 else ("", "")
            out.add_row(*map(Text, (*name, *row)))
    return out


def _rows(choice: Choice) -> list[tuple[str, ...]]:
    ranked = sorted(choice.front, key=lambda member: -member.validation_score)
    shown = [member for i, member in enumerate(ranked) if i < SHOWN or member is choice.member]
    return [
        (
            f"{member.trial}{'*' if member is choice.member else ' '}",
            f"{member.relative_encoder_parameters:.1%}",
            f"{member.parameters / 1e6:.2f} M",
            f"{member.validation_score:.3f}",
            f"{member.test_score:.3f}",
        )
        for member in shown
    ]

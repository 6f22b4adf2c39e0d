"""The report: tables, figures, provenance and checklists of stored runs as one HTML file that needs nothing else."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from analysis import commands, html
from analysis.checklist import Item, Source, by_source, checklist
from analysis.checks import commit, machine
from analysis.comparison import Comparison
from analysis.draw import Figure, Rendered
from analysis.drawing import Table
from analysis.listing import choices
from analysis.table import caption, cells, end_table, headings, seconds
from analysis.trajectory import spent_epochs
from nasbench.results import Run

if TYPE_CHECKING:
    from markupsafe import Markup

FILE = "report.html"
FORM = "svg"
"""In which figures must be rendered to stand in a report."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plate:
    """A figure as a report shows it.

    Attributes:
        command: the one that draws it.
    """

    name: str
    summary: str
    command: str
    image: Markup
    table: Table | None
    notes: Sequence[str]

    @classmethod
    def of(cls, figure: Figure, rendered: Rendered, command: str, *, number: int) -> Plate:
        """`number` tells a report's plates apart."""
        image = html.inline_svg(rendered.images[FORM], prefix=f"plate{number}")
        drawing = rendered.drawing
        return cls(
            name=figure.name,
            summary=figure.summary,
            command=command,
            image=image,
            table=drawing.table,
            notes=drawing.notes,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """A table as texts; the first `text_columns` are words."""

    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    text_columns: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One setting of an experiment, with its figures, and what could not be drawn and why."""

    experiment: str
    comparison: Comparison
    plates: tuple[Plate, ...]
    missing: tuple[str, ...]

    @property
    def results(self) -> Grid:
        metric = self.comparison.setting.metric
        return Grid(headings=headings(metric), rows=cells(end_table(self.comparison)))

    @property
    def caption(self) -> str:
        return caption(self.comparison.setting.metric)

    @property
    def exports(self) -> list[tuple[str, str]]:
        """Of each method the command that exports its choice."""
        return [(choice.label, choice.export_command) for choice in choices(self.comparison) if choice.exportable]

    @property
    def checklists(self) -> Mapping[Source, Sequence[Item]]:
        return by_source(checklist(self.comparison))

    @property
    def facts(self) -> Grid:
        """All that the runs share."""
        rows = [(name, value.strip('"')) for name, value in self.comparison.setting.named.items()]
        return Grid(headings=("shared by all runs", "value"), rows=rows, text_columns=2)

    @property
    def configurations(self) -> list[tuple[str, str]]:
        """Of each method the configuration of its first run, as JSON."""
        firsts = {label: runs[0] for label, runs in self.comparison.methods.items()}
        return [
            (label, json.dumps(run.header.config, indent=1, sort_keys=True, ensure_ascii=False, default=dict))
            for label, run in firsts.items()
        ]

    @property
    def runs(self) -> Grid:
        every = [(label, run) for label, labelled in self.comparison.methods.items() for run in labelled]
        names = ("method", "file", "code", "machine", "seed", "trials", "COST (epochs)", "seconds")
        return Grid(headings=names, rows=[_run_row(label, run) for label, run in every], text_columns=4)

    @property
    def made_by(self) -> list[str]:
        """The commands that made the runs."""
        return list(dict.fromkeys(commands.of_run(run) for runs in self.comparison.methods.values() for run in runs))


def report(sections: Sequence[Section], together: Sequence[Plate], notes: Sequence[str], *, command: str) -> str:
    """The page: no script, no network; a policy in it would let neither through.

    Args:
        together: figures over all sections.
        notes: what was left out or is mixed, and which figures over all sections could not be drawn.
        command: the one that writes it.
    """
    template = html.environment("analysis").get_template("report.html.jinja")
    return template.render(
        sections=sections,
        together=together,
        notes=notes,
        command=command,
        style=html.text("analysis", "report.css"),
    )


def _run_row(label: str, run: Run) -> tuple[str, ...]:
    state = "" if run.finished else " (unfinished)"
    return (
        label,
        f"{run.path.parent.name}/{run.path.name}{state}",
        commit(run),
        machine(run),
        str(run.header.seed),
        str(len(run.trials)),
        f"{spent_epochs(run):.2f}",
        f"{seconds(run):.0f}",
    )

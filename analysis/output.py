"""What the command puts out: prints the tables and what to know of them, writes tables, figures and report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console, RenderableType

from analysis import commands, markdown
from analysis.album import Album
from analysis.comparison import Comparison, compare, mixture
from analysis.draw import Figure
from analysis.drawing import Options
from analysis.files import make_folder, write
from analysis.listing import choices, listing
from analysis.load import load_runs
from analysis.report import FILE, Section, report
from analysis.table import caption, cells, end_table, headings, rendered
from nasbench.errors import InputError
from nasbench.results import Run


@dataclass(frozen=True, kw_only=True)
class Analysis:
    """What was asked for: `names` are figures as they were named, `figures` those meant by it."""

    results: Path
    out: Path | None
    names: Sequence[str]
    figures: Sequence[Figure]
    options: Options
    report: bool

    def go(self) -> list[InputError]:
        """Put everything out; returns what is wrong with run files that could not be read, and so were left out."""
        unreadable: list[InputError] = []
        experiments: dict[Path, list[Run]] = {}
        for run in load_runs(self.results, unreadable):
            experiments.setdefault(run.path.parent, []).append(run)
        album = Album(options=self.options, command=self.command, report=self.report, say=_say)
        sections: list[Section] = []
        for folder, runs in experiments.items():
            alone = len(experiments) == 1
            target = (self.out if alone else self.out / folder.name) if self.out else self._default_folder(folder)
            sections += self._experiment(folder.name, runs, target, album)
        shared = self.out or self._default_folder(next(iter(experiments)) if len(experiments) == 1 else self.results)
        figures = [figure for figure in self.figures if figure.together]
        if figures or self.report:
            make_folder(shared)
        pooled, pooling = _pooled(sections) if figures else ([], [])
        _notes(pooling)
        together, missing = album.plates(figures, pooled, shared)
        if self.report:
            notes = [*_mixtures(sections), *pooling, *(f"left out: {error}" for error in unreadable), *missing]
            page = report(sections, together, notes, command=self.command(self.names, "--report"))
            _wrote([write(shared / FILE, page)])
        return unreadable

    def command(self, figures: Sequence[str], *flags: str) -> str:
        """The one that does this again, of these figures."""
        where = ["--out", str(self.out)] if self.out else []
        named = [text for name in figures for text in ("--figure", name)]
        return commands.of_figure([str(self.results), *where, *named, *self.options.arguments(), *flags])

    def _default_folder(self, folder: Path) -> Path:
        """Beside the runs; those of a single run apart from its experiment's."""
        return folder / "figures" / self.results.stem if self.results.is_file() else folder / "figures"

    def _experiment(self, name: str, runs: list[Run], out: Path, album: Album) -> list[Section]:
        make_folder(out)
        comparisons = compare(runs)
        _notes(mixture(comparisons))
        sections = []
        for comparison in comparisons:
            suffix = f"-{comparison.setting.digest}" if len(comparisons) > 1 else ""
            _say(f"\n{name}: {comparison.setting.title}, {comparison.setting.budget} a method")
            _tables(comparison, out, suffix)
            _notes(comparison.notes)
            plates, missing = album.plates([f for f in self.figures if not f.together], [comparison], out, suffix)
            sections.append(Section(experiment=name, comparison=comparison, plates=plates, missing=missing))
            for choice in choices(comparison):
                if choice.exportable:
                    _say(f"export the choice of {choice.label}: {choice.export_command}")
        for command in dict.fromkeys(commands.of_run(run) for run in runs if not run.finished):
            _say(f"complete what is unfinished: {command}")
        return sections


def _pooled(sections: Sequence[Section]) -> tuple[list[Comparison], list[str]]:
    """The runs of all experiments by setting, and what there is to know of that beyond what each alone says."""
    alone = [section.comparison for section in sections]
    if len({comparison.setting for comparison in alone}) == len(alone):
        return alone, []
    pooled = compare(run for c in alone for runs in c.methods.values() for run in runs)
    known = {note for comparison in alone for note in comparison.notes}
    return pooled, [note for comparison in pooled for note in comparison.notes if note not in known]


def _mixtures(sections: Sequence[Section]) -> list[str]:
    """Of each experiment in several settings what they differ in."""
    by_experiment: dict[str, list[Comparison]] = {}
    for section in sections:
        by_experiment.setdefault(section.experiment, []).append(section.comparison)
    return [f"{name}: {note}" for name, found in by_experiment.items() for note in mixture(found)]


def _tables(comparison: Comparison, out: Path, suffix: str) -> None:
    setting = comparison.setting
    frame = end_table(comparison)
    _show(rendered(frame, setting.metric))
    _show(listing(choices(comparison), setting.metric))
    page = markdown.table(headings(setting.metric), cells(frame))
    text = f"{markdown.escape(setting.title)}, {markdown.escape(setting.budget)} a method\n\n{page}\n"
    text += f"{markdown.escape(caption(setting.metric))}\n"
    text += "".join(f"- {markdown.escape(note)}\n" for note in comparison.notes)
    csv = frame.to_csv(index=False, lineterminator="\n")
    _wrote([write(out / f"table{suffix}.csv", csv), write(out / f"table{suffix}.md", text)])


def _notes(notes: Sequence[str]) -> None:
    for note in notes:
        _say(f"note: {note}")


def _wrote(paths: Sequence[Path]) -> None:
    for path in paths:
        _say(f"wrote {path}")


def _say(line: str) -> None:
    print(line)


def _show(table: RenderableType) -> None:
    """A terminal wraps cells to its width; a file or a pipe gets every row on one line."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=200)
    console.print(table)

"""What the command puts out: prints the tables and what to know of them, writes tables, figures and report."""

from __future__ import annotations

import gc
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console, RenderableType

from analysis import commands, markdown
from analysis.album import Album
from analysis.comparison import Comparison, compare, mixture
from analysis.draw import Figure
from analysis.drawing import Options
from analysis.files import make_folder, write
from analysis.listing import Choice, choices, listing
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
        folders: dict[Path, list[Run]] = {}
        for run in load_runs(self.results, unreadable):
            folders.setdefault(run.path.parent, []).append(run)
        gc.freeze()  # runs live to the end: the collector need not walk through them, here or in processes that draw
        try:
            self._put_out(folders, unreadable)
        finally:
            gc.unfreeze()
        return unreadable

    def _put_out(self, folders: Mapping[Path, list[Run]], unreadable: Sequence[InputError]) -> None:
        experiments = [self._experiment(folder, runs, alone=len(folders) == 1) for folder, runs in folders.items()]
        comparisons = [comparison for experiment in experiments for comparison in experiment.comparisons]
        apart = [figure for figure in self.figures if not figure.together]
        together = [figure for figure in self.figures if figure.together]
        shared = self.out or self._default_folder(next(iter(folders)) if len(folders) == 1 else self.results)
        if together or self.report:
            make_folder(shared)
        pooled, pooling = _pooled(comparisons) if together else ([], [])
        album = Album(options=self.options, command=self.command, report=self.report, say=_say)
        for experiment in experiments:
            make_folder(experiment.out)
            for comparison in experiment.comparisons:
                album.order(apart, [comparison], experiment.out, experiment.suffix(comparison))
        album.order(together, pooled, shared)
        with album.drawing():
            sections = [section for experiment in experiments for section in _sections(experiment, album, len(apart))]
            _notes(pooling)
            plates, missing = album.plates(len(together))
        if self.report:
            mixtures = [f"{e.name}: {note}" for e in experiments for note in mixture(e.comparisons)]
            notes = [*mixtures, *pooling, *(f"left out: {error}" for error in unreadable), *missing]
            page = report(sections, plates, notes, command=self.command(self.names, "--report"))
            _wrote([write(shared / FILE, page)])

    def command(self, figures: Sequence[str], *flags: str) -> str:
        """The one that does this again, of these figures."""
        where = ["--out", str(self.out)] if self.out else []
        named = [text for name in figures for text in ("--figure", name)]
        return commands.of_figure([str(self.results), *where, *named, *self.options.arguments(), *flags])

    def _default_folder(self, folder: Path) -> Path:
        """Beside the runs; those of a single run apart from its experiment's."""
        return folder / "figures" / self.results.stem if self.results.is_file() else folder / "figures"

    def _experiment(self, folder: Path, runs: list[Run], *, alone: bool) -> _Experiment:
        out = (self.out if alone else self.out / folder.name) if self.out else self._default_folder(folder)
        return _Experiment(name=folder.name, runs=runs, comparisons=compare(runs), out=out)


@dataclass(frozen=True, kw_only=True)
class _Experiment:
    """The runs of a folder, what of them may be compared, and where what is made of them is written."""

    name: str
    runs: Sequence[Run]
    comparisons: Sequence[Comparison]
    out: Path

    def suffix(self, comparison: Comparison) -> str:
        """What tells the files of one comparison from those of others."""
        return f"-{comparison.setting.digest}" if len(self.comparisons) > 1 else ""


def _sections(experiment: _Experiment, album: Album, figures: int) -> list[Section]:
    """Tables, notes and figures of an experiment, `figures` of each comparison, and the commands that follow on it."""
    _notes(mixture(experiment.comparisons))
    sections = []
    for comparison in experiment.comparisons:
        _say(f"\n{experiment.name}: {comparison.setting.title}, {comparison.setting.budget} a method")
        chosen = choices(comparison)
        _tables(comparison, chosen, experiment.out, experiment.suffix(comparison))
        _notes(comparison.notes)
        plates, missing = album.plates(figures)
        sections.append(Section(experiment=experiment.name, comparison=comparison, plates=plates, missing=missing))
        for choice in chosen:
            if choice.exportable:
                _say(f"export the choice of {choice.label}: {choice.export_command}")
    for command in dict.fromkeys(commands.of_run(run) for run in experiment.runs if not run.finished):
        _say(f"complete what is unfinished: {command}")
    return sections


def _pooled(alone: Sequence[Comparison]) -> tuple[Sequence[Comparison], list[str]]:
    """The runs of all experiments by setting, and what there is to know of that beyond what each alone says."""
    if len({comparison.setting for comparison in alone}) == len(alone):
        return alone, []
    pooled = compare(run for c in alone for runs in c.methods.values() for run in runs)
    known = {note for comparison in alone for note in comparison.notes}
    return pooled, [note for comparison in pooled for note in comparison.notes if note not in known]


def _tables(comparison: Comparison, chosen: list[Choice], out: Path, suffix: str) -> None:
    setting = comparison.setting
    frame = end_table(comparison)
    _show(rendered(frame, setting.metric))
    _show(listing(chosen, setting.metric))
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

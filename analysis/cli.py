"""The command line: prints the tables and what to know of them, writes tables and figures, says what to type next."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console, RenderableType

from analysis import markdown
from analysis.comparison import Comparison, compare, mixture
from analysis.draw import Draw, choose, discover, write_figure
from analysis.drawing import Axis, NothingToDrawError, Options
from analysis.files import make_folder, write
from analysis.listing import choices, listing
from analysis.load import load_runs
from analysis.table import caption, cells, end_table, headings, rendered
from nasbench.errors import InputError
from nasbench.results import Run


def main(argv: Sequence[str]) -> int:
    """Run the command; returns 0, or 2 after a sentence on standard error where the input is at fault."""
    args = _parser().parse_args(argv)
    try:
        if args.list:
            for name, draw in discover().items():
                print(f"{name}: {(sys.modules[draw.__module__].__doc__ or '').strip().splitlines()[0]}")
            return 0
        if args.results is None:
            raise InputError("name a results folder or a run file, as in python -m analysis results/smoke")
        _analyse(args.results, args.out, choose(args.figure), Options(axis=Axis(args.axis)))
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m analysis", description="Tables and figures from stored runs; nothing is run or downloaded."
    )
    parser.add_argument(
        "results", nargs="?", type=Path, metavar="RESULTS", help="results/EXPERIMENT, results or a file"
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help="where to write (default: RESULTS/figures)")
    parser.add_argument("--figure", metavar="NAME", help="draw this one alone")
    parser.add_argument("--list", action="store_true", help="list the figures and stop")
    parser.add_argument(
        "--axis", choices=[str(axis) for axis in Axis], default=str(Axis.ENCODER), help="what sizes count (%(default)s)"
    )
    return parser


def _analyse(results: Path, out: Path | None, figures: dict[str, Draw], options: Options) -> None:
    experiments: dict[Path, list[Run]] = {}
    for run in load_runs(results):
        experiments.setdefault(run.path.parent, []).append(run)
    for folder, runs in experiments.items():
        target = (
            out if out and len(experiments) == 1 else (out / folder.name if out else _default_folder(results, folder))
        )
        _analyse_experiment(folder.name, runs, target, figures, options)


def _default_folder(results: Path, folder: Path) -> Path:
    """Beside the runs; those of a single run apart from its experiment's."""
    return folder / "figures" / results.stem if results.is_file() else folder / "figures"


def _analyse_experiment(name: str, runs: list[Run], out: Path, figures: dict[str, Draw], options: Options) -> None:
    make_folder(out)
    comparisons = compare(runs)
    _notes(mixture(comparisons))
    for comparison in comparisons:
        suffix = f"-{comparison.setting.digest}" if len(comparisons) > 1 else ""
        _say(f"\n{name}: {comparison.setting.title}, {comparison.setting.budget} a method")
        _tables(comparison, out, suffix)
        _notes(comparison.notes)
        for figure, draw in figures.items():
            try:
                paths = write_figure(draw, comparison, options, out / f"{figure}{suffix}")
            except NothingToDrawError as error:
                _say(f"not drawn: {figure}, as {error}")
            else:
                _wrote(paths)
        for choice in choices(comparison):
            _say(f"export the choice of {choice.label}: {choice.export_command}")
    for command in dict.fromkeys(_resume_command(run) for run in runs if not run.finished):
        _say(f"complete what is unfinished: {command}")


def _resume_command(run: Run) -> str:
    overrides = run.header.provenance.get("overrides") or [f"+experiment={run.header.experiment}"]
    return shlex.join(["python", "-m", "nasbench", *overrides])


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

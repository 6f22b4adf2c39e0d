"""The command line: `python -m leaderboard submit | validate | verify | build`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from analysis.files import make_folder, write
from analysis.load import load_runs
from leaderboard.collection import ENTRIES, RESULTS, collect, read_checked
from leaderboard.page import page
from leaderboard.published import published
from leaderboard.site import site
from leaderboard.store import find, store
from leaderboard.submission import submit
from leaderboard.verification import TOLERANCE, verify
from leaderboard.view import view
from nasbench.errors import InputError
from nasbench.pipes import outlive_readers


def main(argv: Sequence[str]) -> int:
    """Run the command; returns 0, or 2 after a sentence on standard error where the input is at fault."""
    outlive_readers()
    options = _parser().parse_args(argv)
    try:
        options.command(options)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m leaderboard", description="Rank finished runs by fixed rules.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    new = commands.add_parser("submit", help="make an entry of a method's finished runs")
    new.add_argument("results", type=Path, metavar="RESULTS", help="results/EXPERIMENT, results or a run file")
    new.add_argument("--name", required=True, help="what the leaderboard calls the method")
    new.add_argument("--method", metavar="LABEL", help="which, where the runs are of several")
    _add_entries(new, "where to write")
    new.set_defaults(command=_submit)

    checked = commands.add_parser("validate", help="compute every number of entries again, from points and run files")
    checked.add_argument("entry", nargs="*", type=Path, metavar="ENTRY", help="default: all in the folder of entries")
    _add_entries(checked, "folder of entries")
    _add_results(checked)
    checked.set_defaults(command=_validate)

    again = commands.add_parser("verify", help="run a seed of an entry again, compare, and give it the badge")
    again.add_argument("entry", type=Path, metavar="ENTRY")
    again.add_argument("--seed", type=int, help="default: the first")
    again.add_argument("--tolerance", type=float, default=TOLERANCE, help="under other numerics (default: %(default)s)")
    _add_results(again)
    again.set_defaults(command=_verify)

    build = commands.add_parser("build", help="write the leaderboard of all entries and stored runs")
    build.add_argument("--results", type=Path, metavar="DIR", help="folder of run files (default: results)")
    build.add_argument("--entries", type=Path, metavar="DIR", help="folder of entries (default: entries)")
    build.add_argument("--out", type=Path, default=Path("LEADERBOARD.md"), metavar="FILE", help="default: %(default)s")
    build.set_defaults(command=_build)
    return parser


def _add_results(parser: argparse.ArgumentParser) -> None:
    text = "folder of the run files (default: %(default)s)"
    parser.add_argument("--results", type=Path, default=RESULTS, metavar="DIR", help=text)


def _add_entries(parser: argparse.ArgumentParser, what: str) -> None:
    text = f"{what} (default: %(default)s)"
    parser.add_argument("--entries", type=Path, default=ENTRIES, metavar="DIR", help=text)


def _submit(options: argparse.Namespace) -> None:
    made, notes = submit(load_runs(options.results), name=options.name, method=options.method)
    make_folder(options.entries)
    for entry, path in zip(made, store(made, options.entries), strict=True):
        print(f"wrote {path}: {entry.board.title}, {len(entry.seeds)} seeds")
    for note in notes:
        print(f"note: {note}")


def _validate(options: argparse.Namespace) -> None:
    paths = options.entry or find(options.entries)
    if not paths:
        raise InputError(f"there are no entries in {options.entries}: name an entry's file, or make one with submit")
    for path in paths:
        read_checked(path, options.results)
        print(f"{path}: all is as its points and run files say")


def _verify(options: argparse.Namespace) -> None:
    found = verify(options.entry, options.results, seed=options.seed, tolerance=options.tolerance)
    how = "equal bytes" if found.agreement == "bytes" else f"metrics within {found.tolerance:g}, under other numerics"
    print(f"{options.entry}: seed {found.seed} run again with {how}")


def _build(options: argparse.Namespace) -> None:
    if options.out.suffix == ".html":
        raise InputError(f"--out names the Markdown file, beside which the page is written: not {options.out}")
    made = collect(options.results, options.entries)
    shown = view(made.entries, made.notes, made.verified, made.unchecked)
    make_folder(options.out.parent)
    text, html = page(shown, published()), site(shown, published())
    wrote = [write(options.out, text), write(options.out.with_suffix(".html"), html)]
    for section in shown.sections:
        print(f"{section.board.title}: {len(section.lines)} methods ranked, {len(section.notes)} notes")
    for path in wrote:
        print(f"wrote {path}")

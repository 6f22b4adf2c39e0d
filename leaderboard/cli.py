"""The command line: `python -m leaderboard build`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from analysis.files import make_folder, write
from analysis.load import load_runs
from leaderboard.entry import boards
from leaderboard.page import page
from nasbench.errors import InputError


def main(argv: Sequence[str]) -> int:
    """Run the command; returns 0, or 2 after a sentence on standard error where the input is at fault."""
    args = _parser().parse_args(argv)
    try:
        _build(args.results, args.out)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m leaderboard", description="Rank stored runs; nothing is run.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    build = commands.add_parser("build", help="write the leaderboard of all stored runs")
    build.add_argument("--results", type=Path, default=Path("results"), metavar="DIR", help="default: %(default)s")
    build.add_argument("--out", type=Path, default=Path("LEADERBOARD.md"), metavar="FILE", help="default: %(default)s")
    return parser


def _build(results: Path, out: Path) -> None:
    found = boards(load_runs(results))
    make_folder(out.parent)
    write(out, page(found))
    for board in found:
        methods = len({entry.label for entry in board.entries})
        print(f"{board.setting.title}, {board.setting.budget}: {methods} methods ranked, {len(board.notes)} notes")
    print(f"wrote {out}")

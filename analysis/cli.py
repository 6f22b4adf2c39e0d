"""The command line."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from analysis.draw import ALL, choose, discover
from analysis.drawing import THRESHOLDS, Axis, Clock, Options
from analysis.output import Analysis
from analysis.report import FILE
from nasbench.errors import InputError
from nasbench.pipes import outlive_readers


def main(argv: Sequence[str]) -> int:
    """Run the command and return its exit code.

    That is 0; 2 after a sentence on standard error where the input is at fault; 1 after one for each run file that
    could not be read, where others of its folder could.
    """
    outlive_readers()
    args = _parser().parse_args(argv)
    try:
        if args.list:
            _list()
            return 0
        if args.results is None:
            raise InputError("name a results folder or a run file, as in python -m analysis results/smoke")
        unreadable = _analysis(args).go()
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    for problem in unreadable:
        print(f"error: left out: {problem}", file=sys.stderr)
    return 1 if unreadable else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m analysis", description="Tables and figures from stored runs; nothing is run or downloaded."
    )
    parser.add_argument(
        "results", nargs="?", type=Path, metavar="RESULTS", help="results/EXPERIMENT, results or a file"
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help="where to write (default: RESULTS/figures)")
    parser.add_argument(
        "--figure",
        metavar="NAME",
        action="append",
        default=[],
        help=f"draw this one; may be repeated; {ALL}: every one",
    )
    parser.add_argument("--report", action="store_true", help=f"write {FILE} too: one file with all of it")
    parser.add_argument("--list", action="store_true", help="list the figures and stop")
    parser.add_argument(
        "--axis", choices=[str(axis) for axis in Axis], default=str(Axis.ENCODER), help="what sizes count (%(default)s)"
    )
    parser.add_argument(
        "--clock",
        choices=[str(clock) for clock in Clock],
        default=str(Clock.COST),
        help="what trajectories run over (%(default)s)",
    )
    parser.add_argument(
        "--thresholds", type=int, choices=list(THRESHOLDS), default=9, help="sizes of klein_fig8 (%(default)s)"
    )
    parser.add_argument("--seed", type=int, help="of figures of single runs (default: the first that all methods have)")
    parser.add_argument("--baseline", metavar="NAME", help="strategy or space that others are compared with in pairs")
    return parser


def _analysis(args: argparse.Namespace) -> Analysis:
    return Analysis(
        results=args.results,
        out=args.out,
        names=tuple(args.figure),
        figures=choose(args.figure),
        options=_options(args),
        report=args.report,
    )


def _options(args: argparse.Namespace) -> Options:
    return Options(
        axis=Axis(args.axis),
        clock=Clock(args.clock),
        thresholds=args.thresholds,
        seed=args.seed,
        baseline=args.baseline,
    )


def _list() -> None:
    for figure in discover().values():
        notes = ["drawn by default"] if figure.by_default else []
        notes += [f"runs: {figure.made_by}"] if figure.made_by else []
        print(f"{figure.name}: {figure.summary}" + (f" ({'; '.join(notes)})" if notes else ""))

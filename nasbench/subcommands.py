"""The subcommands: what is done with stored runs. What is heavy is imported when one that needs it is given."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

from nasbench.errors import InputError
from nasbench.interruption import terminable
from nasbench.tables import commands as tables

SUBCOMMANDS = {
    "status": "what is done, running, failed, interrupted and missing",
    "rerun": "repeat a stored run from its header and compare, row by row",
    "diff": "compare two run files, value by value",
    "gather": "copy the runs of many results folders into one",
    "export": "save a trial's sub-network for transformers to load",
    "table": "all architectures of a space, scored: build, show, search",
}

RESUMED = ("table",)
"""Those that, interrupted and given again, go on where they were."""

RUN_FILE = "a run file, RESULTS/EXPERIMENT/RUN.jsonl"


class Parser(argparse.ArgumentParser):
    """Tells what is wrong as everything else here does: in one sentence, with exit code 2."""

    def error(self, message: str) -> NoReturn:
        raise InputError(f"{message}; {self.prog} --help tells what it takes")


def run(arguments: Sequence[str]) -> int:
    """Run a subcommand; returns the exit code.

    Raises:
        InputError: an argument is at fault.
    """
    if arguments[0] == "status":  # flags first: argparse takes what may be many from one place alone
        arguments = ["status", *sorted(arguments[1:], key=lambda text: not text.startswith("-"))]
    if list(arguments[:2]) == ["table", "build"]:
        arguments = tables.with_overrides_last(arguments)
    options = _parser().parse_args(arguments)
    with terminable():
        return _COMMANDS[options.command](options)


def _parser() -> Parser:
    parser = Parser(prog="nasbench", description="Work with stored runs.")
    commands: Any = parser.add_subparsers(dest="command", required=True, metavar="SUBCOMMAND")

    def add(name: str, example: str) -> argparse.ArgumentParser:
        words = SUBCOMMANDS[name]
        one: argparse.ArgumentParser = commands.add_parser(
            name, help=words, description=f"{words.capitalize()}.", epilog=f"example: {example}"
        )
        return one

    status = add("status", "nasbench status results +experiment=rte_bert 'seed=range(0,10)'")
    status.add_argument("what", nargs="*", metavar="RESULTS KEY=VALUE", help=_WHAT)
    status.add_argument("-m", "--multirun", action="store_true", help="makes no difference: sweeps are sweeps here")
    status.add_argument("--all", action="store_true", help="a line for each run that is done, too")

    rerun = add("rerun", "nasbench rerun results/rte_bert/RUN.jsonl")
    rerun.add_argument("run_file", type=Path, metavar="RUN", help=RUN_FILE)
    rerun.add_argument("--out", type=Path, metavar="DIR", help="results folder to keep the repetition in")
    rerun.add_argument("--any-numerics", action="store_true", help="repeat a run of other numerics too")

    diff = add("diff", "nasbench diff A.jsonl B.jsonl --tolerance 0.02")
    diff.add_argument("run_file", type=Path, metavar="RUN", help=RUN_FILE)
    diff.add_argument("other", type=Path, metavar="OTHER", help="another one")
    diff.add_argument("--tolerance", type=_tolerance, metavar="X", help="difference of numbers that count as equal")

    gather = add("gather", "nasbench gather MACHINE1 MACHINE2 --out results")
    gather.add_argument("results", type=Path, nargs="+", metavar="RESULTS", help="results folders")
    gather.add_argument("--out", type=Path, required=True, metavar="DIR", help="results folder to copy into")

    export = add("export", "nasbench export results/rte_bert/RUN.jsonl --trial 7 --out my_network")
    export.add_argument("run_file", type=Path, metavar="RUN", help=RUN_FILE)
    export.add_argument("--trial", type=int, required=True, metavar="N", help="index of the trial")
    export.add_argument("--format", choices=("custom", "padded"), default="custom", help="(%(default)s)")
    export.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder to make")

    tables.add_parser(commands)
    return parser


def _tolerance(text: str) -> float:
    value = float(text)
    if not 0 <= value < math.inf:
        raise argparse.ArgumentTypeError(f"must be a number of at least 0, such as 0.02, not {text}")
    return value


_WHAT = (
    "the results folder (results), and what was asked for, as it was given to make it (sweeps too): only its runs are "
    "looked at then, and those that are not there are told as missing"
)


def _status(options: argparse.Namespace) -> int:
    from nasbench.status import status

    overrides = [text for text in options.what if "=" in text]
    folders = [text for text in options.what if "=" not in text]
    if len(folders) > 1:
        raise InputError(f"status looks at one results folder, not at {' and '.join(folders)}")
    return status(Path(*folders or ["results"]), overrides, every_run=options.all)


def _rerun(options: argparse.Namespace) -> int:
    return _stored().rerun(options.run_file, out=options.out, any_numerics=options.any_numerics)


def _diff(options: argparse.Namespace) -> int:
    from nasbench.diff import diff

    return diff(options.run_file, options.other, options.tolerance)


def _gather(options: argparse.Namespace) -> int:
    from nasbench.gather import gather

    return gather(options.results, options.out)


def _export(options: argparse.Namespace) -> int:
    return _stored().export(options.run_file, trial=options.trial, format=options.format, directory=options.out)


def _stored() -> Any:
    from nasbench import stored

    return stored


_COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {
    "status": _status,
    "rerun": _rerun,
    "diff": _diff,
    "gather": _gather,
    "export": _export,
    "table": tables.run,
}

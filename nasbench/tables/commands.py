"""The subcommand `table`: build one, look at one, search on one."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from nasbench import compose
from nasbench.errors import InputError, RunError
from nasbench.runtime import Engine, Runtime
from nasbench.tables.shipped import find_table, shipped

if TYPE_CHECKING:
    from nasbench.tables.build import Build

LINE_SECONDS = 15.0
"""Between two lines of a build's progress."""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """`nasbench table ...` and what it takes."""
    parser = commands.add_parser("table", help="all architectures of a space, scored: build, show, search")
    actions = parser.add_subparsers(dest="action", required=True)

    build = actions.add_parser("build", help="evaluate every architecture of a space; a cut build goes on")
    build.add_argument("overrides", nargs="+", metavar="KEY=VALUE", help="as of a run: +experiment=table_small ...")
    build.add_argument("--out", type=Path, help="parquet file (default: results/EXPERIMENT/ID.parquet)")

    known = f"a parquet file, or one of {', '.join(shipped())}"
    show = actions.add_parser("show", help="what a table was made of, and its true Pareto front")
    show.add_argument("table", help=known)

    search = actions.add_parser("search", help="run search methods on a table and compare their regret")
    search.add_argument("table", nargs="+", help=f"{known}; several of one problem are taken in turn")
    search.add_argument("--search", default="random_search,local_search,mo_rea,nsga2", help="methods (%(default)s)")
    search.add_argument("--seeds", type=int, default=20, help="seeds from 0 on of each (%(default)s)")
    search.add_argument("--trials", type=int, default=100, help="evaluations of each run (%(default)s)")
    search.add_argument("--results", type=Path, default=Path("results"), help="results folder (%(default)s)")
    search.add_argument("--set", nargs="+", default=[], metavar="search.KEY=VALUE", help="of methods that have it")


def with_overrides_last(arguments: Sequence[str]) -> list[str]:
    """Arguments of `table build`, sorted: argparse takes what may be many from one place alone."""
    command, rest = list(arguments[:2]), list(arguments[2:])
    flags = [text.startswith("-") or before == "--out" for before, text in zip(["", *rest], rest, strict=False)]
    ordered = sorted(zip(flags, rest, strict=True), key=lambda pair: not pair[0])
    return [*command, *(text for _, text in ordered)]


def run(options: argparse.Namespace) -> int:
    """Returns the exit code."""
    actions: dict[str, Callable[[argparse.Namespace, Console], int]] = {
        "build": _build,
        "show": _show,
        "search": _search,
    }
    return actions[options.action](options, Console(highlight=False, markup=False, soft_wrap=True))


def _build(options: argparse.Namespace, console: Console) -> int:
    compose.refuse_sweep(options.overrides)
    spec = compose.experiment(options.overrides)
    _check_one_process(spec.runtime)
    if len(spec.runs) > 1 and options.out:
        raise InputError("--out names one table: give one method and one seed, as in method=ws_nas seed=0")
    import torch  # and all that trains: the other actions do without

    from nasbench.plan import check_writable
    from nasbench.tables.build import plan

    check_writable(Path(spec.runtime.results), "runtime.results")
    if options.out:
        check_writable(options.out.parent, "the folder of --out")

    torch.set_num_threads(spec.runtime.threads)
    for run_spec in spec.runs:
        build = plan(run_spec, options.out)
        done = build.done()
        for line in build.facts:
            console.print(line)
        if not spec.dry_run:
            _execute(build, console)
        console.print(f"table: {build.path}" + (" (not built: dry_run)" if spec.dry_run and not done else ""))
    return 0


def _check_one_process(runtime: Runtime) -> None:
    """Raises InputError where a build is asked to do what runs alone do."""
    for name, only in (("executor", (Engine.SERIAL,)), ("workers_per_run", (None, 1)), ("workers", (None, 1))):
        if getattr(runtime, name) not in only:
            raise InputError(
                f"runtime.{name}={getattr(runtime, name)} makes no table faster, for one process builds it: leave it "
                f"out, and take runtime.threads, or build the tables of several seeds by several commands"
            )


def _execute(build: Build, console: Console) -> None:
    try:
        build.execute(_Report(console))
    except RunError:
        raise
    except RuntimeError as error:  # of torch, as where its memory does not suffice
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise RunError(f"the build failed ({reason}): the same command goes on from the last whole row") from error


class _Report:
    """A line now and then: how far a build is, and when it will be done."""

    def __init__(self, console: Console) -> None:
        self._console, self._begun, self._said = console, time.monotonic(), time.monotonic()
        self._first: int | None = None

    def __call__(self, done: int, total: int) -> None:
        now = time.monotonic()
        self._first = done if self._first is None else self._first
        if now - self._said < LINE_SECONDS and done < total:
            return
        self._said = now
        left = (now - self._begun) * (total - done) / max(done - self._first, 1)
        self._console.print(f"{done} of {total} scorings, about {left:.0f} s left")


def _show(options: argparse.Namespace, console: Console) -> int:
    from nasbench.tables.listing import facts, front

    table = find_table(options.table)
    for line in facts(table):
        console.print(line)
    console.print(front(table))
    return 0


def _search(options: argparse.Namespace, console: Console) -> int:
    from nasbench.tables.search import Settings, search_tables

    settings = Settings(
        methods=tuple(options.search.split(",")),
        seeds=options.seeds,
        trials=options.trials,
        overrides=tuple(options.set),
        results=options.results,
        command=_command(options),
    )
    return search_tables([find_table(name) for name in options.table], settings, console)


def _command(options: argparse.Namespace) -> Sequence[str]:
    """What repeats the command."""
    flags = ["--search", options.search, "--seeds", str(options.seeds), "--trials", str(options.trials)]
    return ["table", "search", *options.table, *flags, *(["--set", *options.set] if options.set else [])]

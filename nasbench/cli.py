"""The command line: Hydra for experiments, plain subcommands beside it. What is heavy is imported when needed."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Mapping, Sequence

import hydra
from hydra._internal.utils import get_args_parser
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from nasbench import compose, subcommands
from nasbench.errors import InputError, Interrupted, RunError
from nasbench.launchers import check_jobs, check_launcher
from nasbench.options import descriptions
from nasbench.pipes import outlive_readers

DONE, FAILED, BAD_INPUT = 0, 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns the exit code: 0 done, 1 something failed, 2 bad input."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    outlive_readers()
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")  # forked tokenizer threads would fight the workers
    try:
        if arguments and arguments[0] in subcommands.SUBCOMMANDS:
            return subcommands.run(arguments)
        return _experiment(arguments)
    except InputError as error:
        print(f"nasbench: {error}", file=sys.stderr)
        return BAD_INPUT
    except HydraException as error:
        print(f"nasbench: {compose.explain(error)}", file=sys.stderr)
        return BAD_INPUT
    except OmegaConfBaseException as error:
        print(f"nasbench: {compose.unresolved(error)}", file=sys.stderr)
        return BAD_INPUT
    except RunError as error:
        print(f"nasbench: {error}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        print(f"nasbench: interrupted{_what_resumes(arguments)}", file=sys.stderr)
        return FAILED


def _what_resumes(arguments: Sequence[str]) -> str:
    if arguments[0] in subcommands.SUBCOMMANDS and arguments[0] not in subcommands.RESUMED:
        return ""
    return f"; resume from the last whole row: nasbench {shlex.join(arguments)}"


def _experiment(arguments: Sequence[str]) -> int:
    if not arguments:
        raise InputError(
            f"nothing to do: name an experiment, as in nasbench +experiment=smoke, or one of "
            f"{', '.join(subcommands.SUBCOMMANDS)}; nasbench --help lists all there is"
        )
    flags = subcommands.Parser(prog="nasbench", parents=[get_args_parser()], add_help=False).parse_args(arguments)
    _describe()
    os.environ["HYDRA_FULL_ERROR"] = "1"  # so that Hydra raises what it finds, and one place here words it
    overrides = [text for text in arguments if "=" in text and not text.startswith("-")]
    check_launcher(overrides)
    if flags.multirun:
        check_jobs(overrides)
    others = [text for text in arguments if text not in overrides]
    sys.argv = [sys.argv[0], *others, *compose.with_source(overrides)]
    given: list[Sequence[str]] = []

    @hydra.main(version_base="1.3", config_path=str(compose.conf_dir()), config_name="config")
    def job(cfg: DictConfig) -> None:
        overrides = HydraConfig.get().overrides.task
        if HydraConfig.get().mode is not RunMode.MULTIRUN:
            given.append(overrides)  # to be run outside of Hydra, which comments on every error in lines of its own
        elif _run_of_sweep(overrides) != DONE:
            raise RunError(f"failed: nasbench {shlex.join(overrides)}")

    job()
    if not given:
        return DONE
    try:
        return _run(given[0], multirun=False)
    except Interrupted:  # told already
        return FAILED


def _run_of_sweep(overrides: Sequence[str]) -> int:
    try:
        return _run(overrides, multirun=True)
    except Interrupted:
        if HydraConfig.get().launcher._target_ == _IN_TURN:
            raise KeyboardInterrupt from None  # Hydra would go on to the next job with any other exception
        return FAILED


_IN_TURN = "hydra._internal.core_plugins.basic_launcher.BasicLauncher"
"""Makes the jobs of a sweep one after the other in this process, so that a signal is meant for all of them."""


def _run(overrides: Sequence[str], *, multirun: bool) -> int:
    if not multirun:
        compose.refuse_sweep(overrides)
    spec = compose.experiment(overrides)
    from rich.console import Console

    from nasbench.experiment import run_experiment

    return run_experiment(spec, Console(highlight=False, markup=False, soft_wrap=True), draw=not multirun)


def _describe() -> None:
    """Give the help text what it refers to: a line for each experiment, sweep and subcommand."""

    def of_group(group: str) -> str:
        return _aligned(descriptions(group))

    OmegaConf.register_new_resolver("described", of_group, replace=True)
    OmegaConf.register_new_resolver("subcommands", lambda: _aligned(subcommands.SUBCOMMANDS), replace=True)


def _aligned(lines: Mapping[str, str]) -> str:
    # A dollar would be taken for a name that Hydra's help fills in.
    width = max(map(len, lines))
    return "\n".join(f"  {name:<{width}}  {line}" for name, line in lines.items()).replace("$", "$$")

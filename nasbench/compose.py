"""From command-line overrides to run specifications, by Hydra: one for each method and seed of an experiment."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from hydra import compose as hydra_compose
from hydra import initialize_config_dir
from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException, MissingConfigException, OverrideParseException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from nasbench.config import build, checked, nearest
from nasbench.errors import InputError
from nasbench.options import conf_dir
from nasbench.runtime import Runtime

SCIENCE = ("method", "model", "task", "objective", "training", "limits", "budget", "seed")
"""The keys of a configuration that determine a run's rows; what a method does not refer to is not among them."""

EXAMPLES = {"objective": "objective=[error,size]", "model": "model=minilm", "task": "task=bbc_cloze"}

UNUSED = ("space", "search", "strategy", "estimator", "corpus", "pretraining", "evolution")
"""Groups that count only as far as the method refers to them."""

ADDED = {"experiment": "an experiment", "sweep": "a sweep"}
"""Groups without a default, whose options are added to a configuration."""

LONGEST = 255
"""Characters of an option's name, which is that of a file."""

SEEDS = 2**63
"""Seeds are below it, for that is how a run file's integers are read."""

CHOOSE_SOURCE = ("experiment", "source", "sources")
"""Keys of the overrides that say which source there is, and what it brings."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What a configuration says of an experiment as a whole."""

    source: str
    sources: Any
    methods: list[str]
    seeds: list[int]
    seed: int
    dry_run: bool
    runtime: Any = field(default_factory=Runtime)

    def __post_init__(self) -> None:
        for seed in (self.seed, *self.seeds):
            if not -SEEDS <= seed < SEEDS:
                raise InputError(f"seed must be an integer of 64 bits, such as 0, not {seed}")


@dataclass(frozen=True, kw_only=True)
class RunSpec:
    """One run to be made.

    Attributes:
        science: the resolved configuration that determines its rows.
    """

    experiment: str
    scale: str
    source: str
    science: Mapping[str, Any]
    overrides: tuple[str, ...]
    runtime: Runtime


@dataclass(frozen=True, kw_only=True)
class ExperimentSpec:
    name: str
    runs: tuple[RunSpec, ...]
    runtime: Runtime
    dry_run: bool


def experiment(overrides: Sequence[str]) -> ExperimentSpec:
    """All the runs that a command line asks for.

    Args:
        overrides: as given to Hydra. One of `method` or `seed` narrows the experiment's lists to it.

    Raises:
        InputError: a group, option or key that does not exist, a value of the wrong type, a source that the experiment
            lacks.
    """
    overrides = with_source(overrides)
    given = set(_keys(overrides))
    cfg = _compose(overrides)
    settings = _settings(cfg)
    methods = [None] if "method" in given else settings.methods
    seeds = [settings.seed] if "seed" in given else settings.seeds
    if not methods or not seeds:
        raise InputError("methods and seeds must each name at least one, as in methods=[ws_nas] seeds=[0]")
    runs = [
        _run(_compose([*overrides, *([f"method={method}"] if method else []), f"seed={seed}"]), overrides)
        for method in methods
        for seed in seeds
    ]
    name = runs[0].experiment
    return ExperimentSpec(name=name, runs=tuple(runs), runtime=settings.runtime, dry_run=settings.dry_run)


def jobs(overrides: Sequence[str]) -> list[list[str]]:
    """The command lines of the jobs that --multirun makes of one, in the order of Hydra's sweeper.

    Raises:
        InputError: as `experiment`.
    """
    overrides = with_source(overrides)
    fixed = [str(override.input_line) for override in _parsed(overrides) if not override.is_sweep_override()]
    own = _plain(_compose(fixed).hydra.sweeper.params) or {}  # those of +sweep=NAME
    parsed = _parsed([*(f"{key}={value}" for key, value in own.items()), *overrides])
    try:
        (batch,) = BasicSweeper.split_arguments(parsed, None)
    except HydraException as error:
        raise InputError(explain(error)) from error
    return [list(job) for job in batch]


def option(group: str, name: str, overrides: Sequence[str] = ()) -> dict[str, Any]:
    """An option of a group, as a configuration that chooses it has it.

    Raises:
        InputError: there is no such option, or an override is at fault.
    """
    cfg = _compose([f"{group}={name}", *overrides])
    return dict(OmegaConf.to_container(cfg[group], resolve=True))  # type: ignore[arg-type]


def with_source(overrides: Sequence[str]) -> list[str]:
    """Overrides, with those that the experiment has for the chosen source before them where the user gives none.

    Where experiment or source are swept over there is no one choice yet: each job of the sweep comes here by itself.

    Raises:
        InputError: the experiment lacks the source.
    """
    parsed = _parsed(overrides)
    keys = [override.key_or_group for override in parsed]
    chosen = [override for override in parsed if override.key_or_group.partition(".")[0] in CHOOSE_SOURCE]
    if any(override.is_sweep_override() for override in chosen):
        return list(overrides)
    brought = _source_overrides(_settings(_compose([str(override.input_line) for override in chosen])))
    return [*(text for text, key in zip(brought, _keys(brought), strict=True) if key not in keys), *overrides]


def refuse_sweep(overrides: Sequence[str]) -> None:
    """Refuse, with InputError, a sweep where one run is to be made: it would be ignored."""
    for override in _parsed(overrides):
        if override.key_or_group == "sweep":
            raise InputError(
                f"{override.input_line} lists many runs, which --multirun makes: nasbench -m {override.input_line} ..."
            )


def _keys(overrides: Sequence[str]) -> list[str]:
    return [override.key_or_group for override in _parsed(overrides)]


def _parsed(overrides: Sequence[str]) -> list[Override]:
    try:
        parsed = OverridesParser.create().parse_overrides(list(overrides))
    except HydraException as error:
        raise InputError(explain(error)) from error
    for override in parsed:
        value, key = override.value(), override.key_or_group
        if isinstance(value, str) and f"${{{key}}}" in value:
            raise InputError(f"{key}={value} has no value, for it refers to itself: give it one")
        if "." not in key and isinstance(value, str) and len(value) > LONGEST:
            raise InputError(f"{key}={value[:40]}... does not exist: a name has at most {LONGEST} characters")
    return parsed


def _run(cfg: DictConfig, overrides: Sequence[str]) -> RunSpec:
    settings = _settings(cfg)
    choices = cfg.hydra.runtime.choices
    with _resolving():
        resolved: Any = OmegaConf.to_container(_without_hydra(cfg), resolve=True)
    for key in SCIENCE:
        if resolved.get(key) is None:
            raise InputError(f"{key} must be chosen, as in {EXAMPLES.get(key, f'{key}=...')}, and cannot be null")
    science = {key: resolved[key] for key in SCIENCE}
    for name, value in _leaves(science, ""):
        if value == "???":
            raise InputError(f"{name} is missing: give it a value, as in {name}=...")
    return RunSpec(
        experiment=choices.get("experiment") or "custom",
        scale=str(choices["scale"]),
        source=settings.source,
        science=science,
        overrides=tuple(overrides),
        runtime=settings.runtime,
    )


def _without_hydra(cfg: DictConfig) -> DictConfig:
    return OmegaConf.masked_copy(cfg, [str(key) for key in cfg if key != "hydra"])


def _settings(cfg: DictConfig) -> Settings:
    known = {*Settings.__dataclass_fields__, *SCIENCE, *UNUSED, "hydra"}
    for key in map(str, cfg):
        if key not in known:
            raise InputError(f"{key} is not a setting{nearest(key, known)}")
    with _resolving():
        values = {name: _plain(cfg[name]) for name in Settings.__dataclass_fields__}
    values["runtime"] = build(values["runtime"], "runtime")
    return Settings(**checked(Settings, values, "configuration"))


def _plain(value: Any) -> Any:
    return OmegaConf.to_container(value, resolve=True) if OmegaConf.is_config(value) else value


@contextmanager
def _resolving() -> Iterator[None]:
    """What an interpolation that leads nowhere, or back to itself, raises, as one sentence."""
    try:
        yield
    except OmegaConfBaseException as error:
        raise InputError(unresolved(error)) from error


def unresolved(error: OmegaConfBaseException) -> str:
    """One sentence of a value that its interpolation does not lead to."""
    return f"{error.full_key or 'the configuration'} has no value: {_first_line(error)}"


def _source_overrides(settings: Settings) -> list[str]:
    has = [name for name, overrides in settings.sources.items() if overrides is not None]
    if not has:
        return []
    if settings.source not in has:
        raise InputError(f"source={settings.source} is not one that this experiment has{nearest(settings.source, has)}")
    return list(settings.sources[settings.source])


def _compose(overrides: Sequence[str]) -> DictConfig:
    try:
        with _hydra():
            return hydra_compose("config", overrides=list(overrides), return_hydra_config=True)
    except HydraException as error:
        raise InputError(explain(error)) from error


@contextmanager
def _hydra() -> Iterator[None]:
    """Hydra set up to compose, also inside of a Hydra application, whose own set-up is put back."""
    instance = GlobalHydra.instance()
    outer = instance.hydra
    instance.clear()
    try:
        with initialize_config_dir(str(conf_dir()), version_base="1.3"):
            yield
    finally:
        instance.hydra = outer


def explain(error: HydraException) -> str:
    """One sentence of what Hydra found wrong with the command line, with the nearest name that exists."""
    message = _first_line(error)
    if isinstance(error, MissingConfigException) and error.options is not None and error.missing_cfg_file:
        group, _, option = error.missing_cfg_file.rpartition("/")
        return _no_option(group, option, error.options)
    if found := re.search(r"Could not load '([^']+)/([^'/]+)'", message):  # of several options of one group
        return _no_option(found[1], found[2], [path.stem for path in (conf_dir() / found[1]).glob("*.yaml")])
    if isinstance(error, OverrideParseException):
        return f"{error.override!r} is not of the form KEY=VALUE, as in search.max_trials=20 or methods=[ws_nas,s_nas]"
    key = re.search(r"(?:Could not (?:override|append|find)[^']*|Key )'([\w./@]+)'", message)
    return _unknown_key(key[1]) if key else message


def _no_option(group: str, option: str, options: Sequence[str]) -> str:
    shown = option if len(option) <= 60 else f"{option[:57]}..."
    return f"{group}={shown} does not exist{nearest(option, options)}"


def _unknown_key(key: str) -> str:
    if key in ADDED:
        return f"{ADDED[key]} is added, not overridden: write +{key}=NAME"
    with _hydra():
        keys = {name for name, _ in _leaves(OmegaConf.to_container(hydra_compose("config"), resolve=False), "")}
    return f"{key} is not a setting or group{nearest(key, keys) if '.' in key else nearest(key, _top(keys))}"


def _top(keys: set[str]) -> set[str]:
    return {key.partition(".")[0] for key in keys}


def _leaves(node: Any, name: str) -> Iterator[tuple[str, Any]]:
    """Full names and values of all that a configuration holds, its inner nodes among them."""
    if name:
        yield name, node
    if isinstance(node, dict):
        for key, value in node.items():
            yield from _leaves(value, f"{name}.{key}" if name else str(key))


def _first_line(error: Exception) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)

"""What runs are called: their method, and the options in which they differ from others of it."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from nasbench.options import flatten, option_of
from nasbench.records import RunHeader
from nasbench.results import Run

OF_THE_METHOD = frozenset({"method", "training", "seed"})
"""Parts of a run's configuration in which comparable runs may differ; all others are of the problem."""

TABLE = "method.estimator.table"
"""Where the table of a run lay."""

GROUPS = {"space": ("space",), "search": ("search",), "strategy": ("estimator", "strategy")}
"""Groups that are called by their option's name, and where a method's configuration holds what was chosen."""


def by_label(runs: Iterable[Run], configs: Mapping[Path, dict[str, str]] | None = None) -> dict[str, list[Run]]:
    """Runs by method, told apart where their configurations differ in more than the seed.

    Runs that differ in nothing have one label, and those that differ in anything have two.

    Args:
        configs: `method_config` of each run, by its path, where that is known.
    """
    by_method: dict[str, list[Run]] = defaultdict(list)
    for run in runs:
        by_method[run.header.method].append(run)
    labelled: dict[str, list[Run]] = defaultdict(list)
    for method, group in by_method.items():
        whole = [method_config(run.header) if configs is None else configs[run.path] for run in group]
        apart = tell_apart(_pooled(group, whole))
        for run, differing in zip(group, apart, strict=True):
            labelled[_label(method, differing)].append(run)
    return labelled


def _pooled(runs: Sequence[Run], whole: list[dict[str, str]]) -> list[dict[str, str]]:
    """Configurations without the place of a table, unless a seed of a search ran on several, which are not pooled."""
    pooled = [{name: value for name, value in config.items() if name != TABLE} for config in whole]
    of_seed: dict[tuple[str, int], set[str | None]] = defaultdict(set)
    for run, config in zip(runs, pooled, strict=True):
        of_seed[json.dumps(config), run.header.seed].add(run.header.fingerprints.get("table"))
    return pooled if all(len(tables) == 1 for tables in of_seed.values()) else whole


def tell_apart(configs: Sequence[Mapping[str, str]]) -> list[dict[str, str]]:
    """Of each configuration what not all have alike."""
    names = dict.fromkeys(name for config in configs for name in config)
    differing = [name for name in names if len({config.get(name) for config in configs}) > 1]
    return [{name: config[name] for name in differing if name in config} for config in configs]


def method_config(header: RunHeader) -> dict[str, str]:
    """What a method was configured with but seeds: JSON by dotted name, options by their names.

    A part made from an option of GROUPS is `{"strategy": '"full"'}`, and only leaves that differ from the option follow
    it, as in `{"strategy.k": "3"}`.
    """
    config = flatten({name: part for name, part in header.config.items() if name in OF_THE_METHOD})
    for group, path in GROUPS.items():
        option = group_config(header, group)
        if option:
            inside = ".".join(("method", *path)) + "."
            config = {name: value for name, value in config.items() if not name.startswith(inside)} | option
    return {name: value for name, value in config.items() if name.rpartition(".")[2] != "seed"}


def group_config(header: RunHeader, group: str) -> dict[str, str]:
    """The part of `method_config` that is of one of GROUPS; empty where the run has none, or none of a known option."""
    node: Any = header.config.get("method")
    for name in GROUPS[group]:
        node = node.get(name) if isinstance(node, Mapping) else None
    found = option_of(group, node) if isinstance(node, Mapping) else None
    if found is None:
        return {}
    name, changed = found
    leaves = {f"{group}.{leaf}": value for leaf, value in changed.items() if leaf.rpartition(".")[2] != "seed"}
    return {group: json.dumps(name), **leaves}


def described(config: Mapping[str, str]) -> str:
    """A configuration in words: "space=small, strategy.k=3"."""
    return ", ".join(_part(name, value) for name, value in config.items())


def _label(method: str, differing: Mapping[str, str]) -> str:
    parts = [_part(name, value) for name, value in differing.items()]
    if len(parts) > 3:
        digest = hashlib.sha256(json.dumps(differing, sort_keys=True).encode()).hexdigest()[:4]
        parts = [*parts[:3], f"and {len(parts) - 3} more: {digest}"]
    return f"{method} ({', '.join(parts)})" if parts else method


def _part(name: str, value: str) -> str:
    text = json.loads(value)
    if name.endswith("._target_"):
        name, text = name.removesuffix("._target_"), str(text).rpartition(".")[2]
    return f"{name.removeprefix('method.')}={text}"

"""The configuration folder, and which of a group's options a stored configuration was made from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import nasbench


def conf_dir() -> Path:
    """The configuration folder: inside the package where it was installed, else beside it in a checkout."""
    package = Path(nasbench.__file__).resolve().parent
    inside = package / "conf"
    return inside if inside.is_dir() else package.parent / "conf"


def option_of(group: str, node: Mapping[str, Any]) -> tuple[str, dict[str, str]] | None:
    """The option of a group that a configuration node is most like, and the leaves in which the node differs from it.

    An option is one of the node's class (`_target_`); of those the one with the fewest differences, then by name. So
    `sandwich` and `full`, which are of one class, are told apart, and `full` with k=3 is `full` and {"k": "3"}.

    Args:
        group: a folder of the configuration, such as "strategy".
        node: resolved; leaves that the option refers to elsewhere for, as in `${seed}`, always agree.

    Returns:
        The name, and the differing leaves as JSON by dotted name; None where no option is of the node's class.
    """
    stored = flatten(node)
    alike = {
        name: {leaf: value for leaf, value in stored.items() if not _agrees(option.get(leaf), value)}
        for name, option in _options(group).items()
        if option.get("_target_") == stored.get("_target_") is not None
    }
    if not alike:
        return None
    name = min(alike, key=lambda name: (len(alike[name]), name))
    return name, alike[name]


def descriptions(group: str) -> dict[str, str]:
    """The options of a group, and what the first comment of each file says."""
    paths = sorted((conf_dir() / group).glob("*.yaml"))
    return {path.stem: _first_comment(path.read_text("utf-8")) for path in paths}


def _first_comment(text: str) -> str:
    comments = (line.removeprefix("#").strip() for line in text.splitlines() if line.startswith("#"))
    return next((comment for comment in comments if not comment.startswith("@package")), "")


def flatten(node: Any) -> dict[str, str]:
    """The leaves of nested mappings by dotted name, as JSON."""
    found: dict[str, str] = {}
    _flatten(node, "", found)
    return found


def _flatten(node: Any, prefix: str, found: dict[str, str]) -> None:
    if type(node) in _SCALARS:
        found[prefix[:-1]] = _scalar(node)
    elif isinstance(node, Mapping) and node:
        for name, part in node.items():
            _flatten(part, f"{prefix}{name}.", found)
    else:
        found[prefix[:-1]] = json.dumps(node, sort_keys=True, default=dict)


_SCALARS = frozenset({str, int, bool, type(None)})
"""Types of nearly all leaves, which thousands of configurations have in common; 0.0 is not -0.0, so not of floats."""


@lru_cache(maxsize=4096, typed=True)  # typed, for 1 is not true
def _scalar(value: str | int | None) -> str:
    return json.dumps(value)


@cache
def _options(group: str) -> dict[str, dict[str, str]]:
    import yaml  # of omegaconf, and not needed where nothing is compared

    paths = sorted((conf_dir() / group).glob("*.yaml"))
    return {path.stem: flatten(yaml.safe_load(path.read_text("utf-8"))) for path in paths}


def _agrees(option: str | None, stored: str) -> bool:
    return option is not None and (option == stored or option.startswith('"${') or _number(option) == _number(stored))


def _number(text: str) -> float | str:
    """1 and 1.0 are one value of a field, whichever of them the option was written with."""
    try:
        return float(json.loads(text))
    except (TypeError, ValueError):
        return text

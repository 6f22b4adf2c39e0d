"""Which weights other runs of a results folder need: an entry is named by its recipe, so several runs may name one."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

from nasbench.errors import InputError
from nasbench.results import Run, find_runs, read_run

_KEY = re.compile(rb'"([0-9a-f]{24})"')

Stamp = tuple[int, int]
"""Of a file's content: when it was changed, and its size."""


def needed_elsewhere(keys: set[str], own: Path) -> set[str]:
    """Those of some keys that other run files of the results folder still need.

    A finished run needs the weights of its phases and of its front; one that is not finished, or cannot be read, all
    that its file names.

    Args:
        own: the run file, `<results>/<experiment>/<run_id>.jsonl`, of the run that asks.
    """
    found: set[str] = set()
    if not keys:
        return found
    for path in find_runs(own.parent.parent):
        if path == own:
            continue
        try:
            status = path.stat()
            stamp = (status.st_mtime_ns, status.st_size)
            if named := keys & _named(path, stamp):
                found |= named & _needed(path, stamp)
        except FileNotFoundError:  # moved away meanwhile
            continue
    return found


@lru_cache(maxsize=4096)
def _named(path: Path, stamp: Stamp) -> frozenset[str]:
    """All keys that a file names: far quicker to find than to read its rows, and most runs share none."""
    return frozenset(key.decode() for key in _KEY.findall(path.read_bytes()))


@lru_cache(maxsize=4096)
def _needed(path: Path, stamp: Stamp) -> frozenset[str]:
    try:
        run = read_run(path)
    except InputError:
        return _named(path, stamp)
    return _of_finished(run) if run.end is not None else _named(path, stamp)


def _of_finished(run: Run) -> frozenset[str]:
    front = (run.end or {}).get("front", ())
    rows = [*run.phases, *(run.trials[i].evaluation for i in front)]
    return frozenset(row.weights for row in rows if row.weights is not None)

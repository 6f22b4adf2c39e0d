"""Runs of many results folders, as several machines made them, brought into one: nothing is overwritten or lost."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nasbench.diff import compare_rows
from nasbench.errors import InputError
from nasbench.results import acquire, find_runs, read_run, sync_folder


@dataclass(frozen=True, slots=True)
class Move:
    """A run file to be copied, and what is there already of the same run."""

    source: Path
    target: Path
    replaces: bool


def gather(sources: Sequence[Path], into: Path) -> int:
    """Copy the runs of results folders into one, after checking all of them; returns 0.

    Of one run in several folders the longest file is kept, if the shorter ones hold the same rows as far as they go.
    Stored weights stay where they are: they come back when needed.

    Raises:
        InputError: a folder holds no runs, a file is damaged, or two files of one run differ; nothing has been copied
            then. A target is being written, or cannot be; those copied before it stay, and the same command goes on.
    """
    moves = plan(sources, into)
    for move in moves:
        _copy(move)
    replaced = sum(move.replaces for move in moves)
    print(f"{len(moves) - replaced} runs copied into {into}, {replaced} replaced by a longer file of the same run")
    return 0


def plan(sources: Sequence[Path], into: Path) -> list[Move]:
    """What `gather` would copy; raises as it does."""
    chosen: dict[Path, Path] = {}
    for source in sources:
        paths = find_runs(source)
        if not paths:
            raise InputError(f"{source} holds no run files: name results folders, such as results")
        for path in paths:
            run = read_run(path)
            target = into / run.header.experiment / f"{run.header.run_id}.jsonl"
            rival = chosen.get(target) or (target if target.exists() else None)
            chosen[target] = path if rival is None else _longer(rival, path)
    return [
        Move(source=path, target=target, replaces=target.exists()) for target, path in chosen.items() if path != target
    ]


def _longer(first: Path, second: Path) -> Path:
    """Of two files of one run the one with more rows, the first of equal ones.

    Raises:
        InputError: they differ in a row that both have.
    """
    difference = next(compare_rows(first, second), None)
    if difference is None:
        return first
    if difference.lacking is None:
        raise InputError(
            f"{first} and {second} are the same run but differ in {difference}: "
            f"see which is right (nasbench rerun), and move the other away"
        )
    return second if difference.lacking == 0 else first


def _copy(move: Move) -> None:
    """Put a whole copy in place of what is there, if that is still as it was planned with."""
    lock = acquire(move.target)
    temporary = move.target.with_name(f".{move.target.name}.new")
    try:
        if move.target.exists() and _longer(move.target, move.source) == move.target:
            return
        with open(temporary, "wb") as file:
            file.write(move.source.read_bytes())
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, move.target)
        sync_folder(move.target.parent)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise InputError(f"{move.target} cannot be written ({error.strerror}): it is as it was") from error
    finally:
        lock.release()

"""What stands on the leaderboard: the entries of a folder, and the stored runs that are in none of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from analysis.load import load_runs
from leaderboard.check import check, has_run
from leaderboard.entry import Board, Entry
from leaderboard.store import find, read
from leaderboard.submission import entries
from leaderboard.verification import Verification, badge
from nasbench.errors import InputError

RESULTS, ENTRIES = Path("results"), Path("entries")


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    """All that is shown.

    Attributes:
        notes: what is to be said of a board.
        verified: the badges that lie beside entries, be they of these or of what they said before.
        unchecked: digests of entries whose run files are not at hand, so that their points are as submitted.
    """

    entries: tuple[Entry, ...]
    notes: Mapping[Board, Sequence[str]]
    verified: tuple[Verification, ...]
    unchecked: frozenset[str]


def collect(results: Path | None, folder: Path | None) -> Collection:
    """Entries and stored runs; an entry is held against its run files wherever they are at hand.

    Args:
        results: of run files; None for `RESULTS`, which may be absent where there are entries.
        folder: of entries; None for `ENTRIES`, which may be absent.

    Raises:
        InputError: a folder that is named holds nothing, an entry or a badge is not true, or there is nothing at all.
    """
    paths = find(folder or ENTRIES)
    if folder is not None and not paths:
        raise InputError(f"there are no entries in {folder}: name a folder that holds some, or leave out --entries")
    found, unchecked, submitted = [], set(), set()
    for path in paths:
        entry = read_checked(path, results or RESULTS, may_lack=True)
        found.append(entry)
        if has_runs(entry, results or RESULTS):
            submitted |= {seed.sha256 for seed in entry.seeds}
        else:
            unchecked.add(entry.digest)
    own, notes = entries(load_runs(results or RESULTS) if results or RESULTS.is_dir() or not found else ())
    # What was submitted under a name of its own is not shown once more as a run.
    found += [entry for entry in own if not all(seed.sha256 in submitted for seed in entry.seeds)]
    verified = tuple(made for path in paths if (made := badge(path)))
    return Collection(entries=tuple(found), notes=notes, verified=verified, unchecked=frozenset(unchecked))


def read_checked(path: Path, results: Path, *, may_lack: bool = False) -> Entry:
    """An entry that is true.

    Args:
        results: folder of its run files.
        may_lack: where some of them are not there, the entry is checked by itself.

    Raises:
        InputError: it is no entry, or not true, naming the file.
    """
    entry = read(path)
    try:
        check(entry, None if may_lack and not has_runs(entry, results) else results)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    return entry


def has_runs(entry: Entry, results: Path) -> bool:
    """Whether there is a run file of every seed."""
    return all(has_run(seed, results) for seed in entry.seeds)

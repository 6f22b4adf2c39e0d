"""What state a run is in, as its file, the lock on it and the note of its last failure tell."""

from __future__ import annotations

import fcntl
from contextlib import suppress
from enum import StrEnum
from pathlib import Path

from nasbench.results import Run


class State(StrEnum):
    DONE = "done"
    RUNNING = "running"  # a process holds its lock
    FAILED = "failed"
    INTERRUPTED = "interrupted"  # stopped or killed; the same command resumes it
    MISSING = "missing"  # asked for, and not there
    UNKNOWN = "unknown"  # asked for, with data in another folder than a stored run's, that cannot be read here
    DAMAGED = "damaged"  # its file cannot be read


def state_of(run: Run) -> State:
    if run.finished:
        return State.DONE
    if is_locked(run.path):
        return State.RUNNING
    return State.INTERRUPTED if failure_of(run.path) is None else State.FAILED


def is_locked(path: Path) -> bool:
    """Whether a process is writing a run's file; of this machine, or of one that shares a file system with locks."""
    try:
        with open(path.with_name(f".{path.name}.lock"), "rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)  # shared: it keeps no other look out
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def in_words(error: BaseException) -> str:
    """What went wrong, in one line."""
    return " ".join(f"{type(error).__name__}: {error}".split())


def note_failure(path: Path, error: BaseException) -> None:
    """Keep why a run failed beside its file, until it is begun again; where nothing can be written, nothing is."""
    with suppress(OSError):
        _note(path).write_text(f"{in_words(error)}\n", encoding="utf-8")


def forget_failure(path: Path) -> None:
    with suppress(OSError):
        _note(path).unlink(missing_ok=True)


def failure_of(path: Path) -> str | None:
    """Why a run failed when it was last made, if it did."""
    try:
        return _note(path).read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return None


def _note(path: Path) -> Path:
    return path.with_name(f".{path.name}.failed")

"""The run store: one append-only file of JSON lines a run, written by one process at a time.

`results/<experiment>/<run_id>.jsonl` holds a header, then phases and trials as they happen, then the tests of the
final front, then the end. A row is on the disk before the run goes on; a file cut off anywhere is resumed from its
last whole row. Equal runs write equal bytes, but for the fields that `comparable` leaves out.
"""

from __future__ import annotations

import errno
import hashlib
import logging
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import filelock

from nasbench.differences import differences
from nasbench.errors import InputError, RunError
from nasbench.records import Phase, RunHeader, TestResult, Trial
from nasbench.rows import SCHEMA_VERSION, SCIENCE_VERSION, RunRows, canonical_json, comparable, encode, parse

if TYPE_CHECKING:
    from nasbench.columns import Columns

__all__ = [
    "SCHEMA_VERSION",
    "SCIENCE_VERSION",
    "Run",
    "RunBusy",
    "RunWriter",
    "StoreError",
    "acquire",
    "comparable",
    "comparable_headers",
    "find_runs",
    "parse",
    "read_run",
    "run_id",
    "sync_folder",
]

_log = logging.getLogger(__name__)

_LOOK_SECONDS = 0.5
"""Waited for a lock: whoever only looks whether a run is being written (`nasbench.states`) holds it for less."""

_BEGINNING = b'{"kind": "header"'
"""How every run file begins: a torn file that does not is no run of ours, and is not overwritten."""


class RunBusy(InputError):
    """Another process is writing this run."""


class StoreError(RunError):
    """The disk refused what was to be stored; what was stored before is whole."""


def run_id(config: Mapping[str, Any], fingerprints: Mapping[str, str]) -> str:
    """The identity of a run: 16 hexadecimal digits of the SHA-256 of what determines its results.

    Raises:
        ValueError: a number of the configuration is NaN or infinite.
    """
    what = {"config": config, "fingerprints": fingerprints, "science_version": SCIENCE_VERSION}
    return hashlib.sha256(canonical_json(what)).hexdigest()[:16]


@dataclass(frozen=True, kw_only=True)  # without slots, which leave no room for what is computed once
class Run:
    """A run as its file tells it; `end` (its totals) is None as long as it is unfinished."""

    path: Path
    header: RunHeader
    phases: tuple[Phase, ...]
    trials: tuple[Trial, ...]
    tests: tuple[TestResult, ...]
    end: Mapping[str, Any] | None

    @property
    def finished(self) -> bool:
        return self.end is not None

    @cached_property
    def columns(self) -> Columns:
        """Its trials as arrays."""
        from nasbench.columns import Columns  # here, for numpy takes longer to load than most files take to read

        return Columns.of(self.trials, self.header.objectives)


def read_run(path: Path) -> Run:
    """Read a run file, finished or not; a torn last row is left out, and the file is not touched.

    Raises:
        InputError: there is no such file, or it is no run file, of another schema version or damaged.
    """
    rows, _ = _scan(path, _read(path))
    if rows.header is None:
        raise InputError(f"{path} holds no whole header row: its run was cut off as it began and can be run again")
    return Run(
        path=path,
        header=rows.header,
        phases=tuple(rows.phases),
        trials=tuple(rows.trials),
        tests=tuple(rows.tests),
        end=rows.end,
    )


def find_runs(folder: Path) -> list[Path]:
    """The run files in a folder and in the folders right below it (an experiment's, or all results), in order.

    Raises:
        InputError: there is no such folder.
    """
    if not folder.is_dir():
        raise InputError(f"there is no results folder {folder}: name one that holds run files (*.jsonl)")
    found = [*folder.glob("*.jsonl"), *folder.glob("*/*.jsonl")]
    return sorted(p for p in found if not any(part.startswith(".") for part in p.relative_to(folder).parts))


class RunWriter:
    """Appends to a run's file, which it holds locked until it is closed.

    Attributes:
        path: the file.
        header: the header in the file: that of the first writer, whose provenance a resumed run keeps.
    """

    def __init__(self, path: Path, lock: filelock.BaseFileLock, rows: RunRows, size: int, file: FileIO) -> None:
        assert rows.header is not None
        self.path, self.header = path, rows.header
        self._lock, self._rows, self._size, self._file = lock, rows, size, file

    @classmethod
    def open(cls, path: Path, header: RunHeader) -> RunWriter:
        """Create the file with its header, or resume it: a torn last row is cut off, all others are kept.

        Raises:
            RunBusy: another process is writing the run.
            InputError: the folder cannot be written; the file is damaged before its last row, is no run file, or its
                header differs in more than provenance. Nothing is changed then.
            StoreError: the disk is full; no file is created then.
        """
        line = encode({"kind": "header", "schema_version": SCHEMA_VERSION, **header.to_row()})
        lock = acquire(path)
        try:
            data = _read(path) if path.exists() else b""
            rows, size = _scan(path, data)
            if rows.header is None:
                _create(path, line)
                data = line
                rows, size = _scan(path, data)
            _check_same(path, parse(data[: data.index(b"\n")]), parse(line))
            file = _open_to_append(path, whole=size, torn=len(data) - size)
        except BaseException:
            lock.release()
            raise
        return cls(path, lock, rows, size, file)

    @property
    def phases(self) -> list[Phase]:
        return self._rows.phases

    @property
    def trials(self) -> list[Trial]:
        return self._rows.trials

    @property
    def tests(self) -> list[TestResult]:
        return self._rows.tests

    @property
    def end(self) -> Mapping[str, Any] | None:
        return self._rows.end

    def append_phase(self, phase: Phase) -> None:
        """Store a phase; raises as `append_trial`."""
        self._append(phase.to_row())

    def append_trial(self, trial: Trial) -> None:
        """Store a trial: it is on the disk on return.

        Raises:
            ValueError: it may not come next, or holds a NaN; nothing is written.
            StoreError: the disk is full; the file is whole to the row before.
        """
        self._append(trial.to_row())

    def append_test(self, result: TestResult) -> None:
        """Store a test result; raises as `append_trial`."""
        self._append(result.to_row())

    def finish(self, end: Mapping[str, Any]) -> None:
        """Store the end (totals) of the run, after which nothing is appended; raises as `append_trial`."""
        self._append({"kind": "end", **end})

    def close(self) -> None:
        self._file.close()
        self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _append(self, row: Mapping[str, Any]) -> None:
        line = encode(row)
        # Read back, so that a resumed run and one that was never interrupted hold equal records.
        record = self._rows.record(parse(line))
        try:
            _write(self._file, line)
        except BaseException as error:
            with suppress(OSError):  # at worst the row stays torn, and resuming cuts it off
                self._file.truncate(self._size)
            if isinstance(error, OSError):
                raise StoreError(
                    f"{self.path} could not take a {row['kind']} row ({error.strerror}): "
                    f"it is whole to the row before, and the run resumes from there"
                ) from error
            raise
        self._size += len(line)
        self._rows.add(record)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise InputError(f"there is no run file {path}") from error
    except OSError as error:
        raise InputError(f"run file {path} cannot be read: {error.strerror}") from error


def _scan(path: Path, data: bytes) -> tuple[RunRows, int]:
    """The rows of a run file, and how many of its bytes they take: what follows is a torn last row."""
    *lines, tail = data.split(b"\n")
    rows, size = RunRows(), 0
    for number, line in enumerate(lines, 1):
        if trial := rows.plain_trial(line):
            rows.add(trial)
            size += len(line) + 1
            continue
        try:
            row = parse(line)
        except ValueError as error:
            if number == len(lines) and not tail:
                break
            raise InputError(f"{path} is damaged in line {number}, which is no JSON: {error}") from error
        try:
            if rows.header is None:
                rows.begin(row)
            else:
                rows.add(rows.record(row))
        except ValueError as error:
            raise InputError(f"{path} cannot be used as a run file, for line {number}: {error}") from error
        size += len(line) + 1
    if rows.header is None and not (data.startswith(_BEGINNING) or _BEGINNING.startswith(data)):
        raise InputError(f"{path} is no run file: it does not begin with a header row")
    return rows, size


def acquire(path: Path) -> filelock.BaseFileLock:
    """The lock of a run's file, whose folder is made; raises RunBusy where another process holds it."""
    # A hidden sibling that stays: to unlink a lock file is to let two writers hold locks of the same name.
    lock = filelock.FileLock(path.with_name(f".{path.name}.lock"))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=_LOOK_SECONDS)
    except filelock.Timeout as error:
        raise RunBusy(f"another process is writing {path}: wait for it, or stop it") from error
    except OSError as error:
        raise _refused(path, error) from error
    return lock


def _create(path: Path, line: bytes) -> None:
    """Put a file of one line in place, whole or not at all."""
    temporary = path.with_name(f".{path.name}.new")  # of this process alone, for it holds the lock
    try:
        with open(temporary, "wb", buffering=0) as file:
            _write(file, line)
        os.replace(temporary, path)
        sync_folder(path.parent)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise _refused(path, error) from error


def _open_to_append(path: Path, *, whole: int, torn: int) -> FileIO:
    try:
        file = open(path, "ab", buffering=0)  # noqa: SIM115 - the writer closes it
        if torn:
            _log.warning("%s: a torn last row of %d bytes is cut off", path, torn)
            file.truncate(whole)
            os.fsync(file.fileno())
    except OSError as error:
        raise _refused(path, error) from error
    return file


def _write(file: FileIO, line: bytes) -> None:
    rest = memoryview(line)
    while rest:  # an unbuffered write may take a part
        rest = rest[file.write(rest) :]
    os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Make a rename in a folder survive a power cut, where the system can."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _refused(path: Path, error: OSError) -> Exception:
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO):
        return StoreError(f"{path} could not be begun: {error.strerror}; nothing was stored")
    return InputError(f"{path} cannot be written ({error.strerror}): choose a results folder that can be")


def comparable_headers(a: Mapping[str, Any], b: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Two header rows as `comparable` has them, of one run without what its id is a hash of, or leaves out on purpose.

    The configurations of one run may say differently where equal files lie, of which a checkpoint's folder names the
    model, or what a setting that one of them lacks has as its default.
    """
    a, b = comparable(a), comparable(b)
    exempt = {"config", "model"} if a["run_id"] == b["run_id"] else set()
    one, other = ({name: value for name, value in row.items() if name not in exempt} for row in (a, b))
    return one, other


def _check_same(path: Path, stored: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    difference = next(differences("header", *comparable_headers(stored, new)), None)
    if difference:
        old, now = difference.values
        raise InputError(
            f"{path} was begun with {difference.name} = {old}, not {now}: resume it under what it was begun with, "
            f"or move it away to begin anew"
        )

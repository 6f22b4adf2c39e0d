"""The weights store: what training made, once for each recipe, shared by the processes of an experiment.

`<folder>/<key>/` holds `weights.safetensors` and `meta.json` (the recipe it was made by, what is known of it, and the
checksums of these two and of the tensors). The key is a hash of the recipe. An entry appears whole, by a rename, and
never changes.
"""

from __future__ import annotations

import hashlib
import logging
import os
import re
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import filelock
import safetensors
from safetensors.torch import load_file
from torch import Tensor

from nasbench.errors import InputError
from nasbench.results import StoreError, sync_folder
from nasbench.rows import canonical_json, encode, parse
from nasbench.tensors import file_sha256, save, sync_file
from nasbench.unfinished import Unfinished

_log = logging.getLogger(__name__)

_TENSORS, _META = "weights.safetensors", "meta.json"
_KEY = re.compile(r"[0-9a-f]{24}")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredWeights:
    """An entry: tensors by name (on the CPU), what made them, and what else is known (cost, scores, seconds)."""

    tensors: dict[str, Tensor]
    recipe: Mapping[str, Any]
    meta: Mapping[str, Any]


class WeightsStore:
    """Content-addressed weights in a folder, which is made when something is first stored or locked."""

    def __init__(self, folder: Path, *, unfinished_every: float | None = None) -> None:
        """Unfinished trainings are stored every so many seconds; None for never."""
        self.folder, self.unfinished_every = folder, unfinished_every

    @staticmethod
    def key(recipe: Mapping[str, Any]) -> str:
        """The name of what a recipe makes: 24 hexadecimal digits of the SHA-256 of its canonical JSON.

        Raises:
            ValueError: a number of the recipe is NaN or infinite.
        """
        return hashlib.sha256(canonical_json(recipe)).hexdigest()[:24]

    def get(self, key: str) -> StoredWeights | None:
        """The entry, verified against its checksum; None if there is none.

        A damaged entry is moved aside to `<key>.damaged-<n>` with a warning, and counts as none.

        Raises:
            InputError: the key is not of the form that `key` makes, as in a run file that was tampered with.
        """
        entry = self._entry(key)
        if not entry.is_dir():
            return None
        try:
            return _load(entry, key)
        except (OSError, ValueError, safetensors.SafetensorError) as error:
            if entry.is_dir():  # else another process has discarded it meanwhile
                self._move_aside(entry, str(error))
            return None

    def put(
        self, key: str, tensors: Mapping[str, Tensor], *, recipe: Mapping[str, Any], meta: Mapping[str, Any]
    ) -> None:
        """Store an entry, whole or not at all; nothing happens if it is there.

        Tensors are copied to the CPU and made contiguous; two names may not share one tensor's memory.

        Raises:
            ValueError: the key is not the recipe's, or a number in recipe or meta is NaN or infinite.
            InputError: the folder cannot be written.
            StoreError: the disk is full.
        """
        if key != self.key(recipe):
            raise ValueError(f"weights are stored under the key of their recipe, {self.key(recipe)}, not {key}")
        with self.lock(key):
            self._sweep(key)
            if (self.folder / key).is_dir():
                return
            try:
                self._place(key, tensors, {"recipe": recipe, "meta": meta})
            except (OSError, safetensors.SafetensorError) as error:
                raise StoreError(f"weights {key} could not be stored in {self.folder}: {error}") from error

    def discard(self, key: str) -> None:
        """Remove an entry, if there is one; raises as `get`."""
        if not self._entry(key).is_dir():
            return
        with self.lock(key):
            self._sweep(key)
            # Renamed first: a reader finds the entry whole or not at all.
            with suppress(FileNotFoundError):
                os.rename(self.folder / key, self.folder / f".{key}-discarded")
            self._sweep(key)

    def lock(self, key: str) -> filelock.BaseFileLock:
        """The lock of an entry, as a context manager: held while it is made, so that it is made once.

        One process may enter it again while holding it, as `put` does.

        Raises:
            InputError: the folder cannot be written.
        """
        locks = self.folder / ".locks"
        try:
            locks.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(
                f"weights cannot be stored in {self.folder} ({error.strerror}): choose a results folder that can be"
            ) from error
        return filelock.FileLock(locks / f"{key}.lock", is_singleton=True)

    def unfinished(self, key: str) -> Unfinished:
        """The place of the training that makes an entry."""
        return Unfinished(self.folder / ".unfinished", key, every=self.unfinished_every)

    def sweep(self) -> None:
        """Remove what killed processes have left half made; what another process is making stays."""
        for leftover in self.folder.glob(".*-*"):
            key = leftover.name[1:].partition("-")[0]
            if _KEY.fullmatch(key):
                with suppress(filelock.Timeout), self.lock(key).acquire(timeout=0):
                    shutil.rmtree(leftover, ignore_errors=True)

    def _entry(self, key: str) -> Path:
        if not _KEY.fullmatch(key):
            raise InputError(f"{key!r} names no stored weights: a name is 24 hexadecimal digits")
        return self.folder / key

    def _place(self, key: str, tensors: Mapping[str, Tensor], described: Mapping[str, Any]) -> None:
        temporary = Path(tempfile.mkdtemp(prefix=f".{key}-", dir=self.folder))
        try:
            _save(temporary, tensors, described)
            os.rename(temporary, self.folder / key)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
        sync_folder(self.folder)

    def _sweep(self, key: str) -> None:
        """Remove what a killed process has left half made; the lock is held, so nobody is making it."""
        for leftover in self.folder.glob(f".{key}-*"):
            shutil.rmtree(leftover)

    def _move_aside(self, entry: Path, why: str) -> None:
        aside = next(p for n in count(1) if not (p := entry.with_name(f"{entry.name}.damaged-{n}")).exists())
        with suppress(FileNotFoundError):  # another process was faster
            os.rename(entry, aside)
            _log.warning("stored weights %s are damaged (%s): moved to %s, and made anew", entry.name, why, aside)


def _save(folder: Path, tensors: Mapping[str, Tensor], described: Mapping[str, Any]) -> None:
    save(tensors, folder / _TENSORS)
    checksums = {"sha256": file_sha256(folder / _TENSORS), "described_sha256": _sha256_of(described)}
    (folder / _META).write_bytes(encode({**checksums, **described}))
    sync_file(folder / _META)
    sync_folder(folder)


def _load(entry: Path, key: str) -> StoredWeights:
    described = parse((entry / _META).read_bytes())
    if not (isinstance(described, dict) and {"sha256", "recipe", "meta"} <= set(described)):
        raise ValueError(f"{_META} lacks sha256, recipe or meta")
    if WeightsStore.key(described["recipe"]) != key:
        raise ValueError("its recipe is another's")
    _check_described(described)
    if described["sha256"] != file_sha256(entry / _TENSORS):
        raise ValueError(f"{_TENSORS} does not match its checksum")
    return StoredWeights(tensors=load_file(entry / _TENSORS), recipe=described["recipe"], meta=described["meta"])


def _check_described(described: Mapping[str, Any]) -> None:
    """Raises ValueError where what is known of an entry is not what was stored: a run would be given it as a result."""
    meta = described["meta"]
    if "described_sha256" in described:
        if described["described_sha256"] != _sha256_of({"recipe": described["recipe"], "meta": meta}):
            raise ValueError(f"{_META} does not match its own checksum")
    elif not (isinstance(meta, dict) and (not meta or _is_numbers(meta.get("scores")))):
        # Entries of before had no such checksum; all that was known of one were its scores, cost and seconds.
        raise ValueError(f"{_META} holds no scores")


def _is_numbers(scores: Any) -> bool:
    return isinstance(scores, dict) and all(type(value) in (int, float) for value in scores.values())


def _sha256_of(described: Mapping[str, Any]) -> str:
    return hashlib.sha256(canonical_json(described)).hexdigest()

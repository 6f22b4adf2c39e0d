"""Entries as files: small JSON, checked against a JSON Schema when read and when written."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from pathlib import Path

from analysis.files import write
from leaderboard.entry import Entry
from leaderboard.forms import formed
from nasbench.errors import InputError

SCHEMA = "schema.json"

VERIFIED = ".verified.json"
"""Ending of the file beside an entry that says how it was verified."""


def read(path: Path) -> Entry:
    """An entry, of the right form; whether its numbers are true is for `leaderboard.check`.

    Raises:
        InputError: there is no such file, it is no JSON, or not an entry.
    """
    try:
        return Entry.from_json(formed(path.read_bytes(), SCHEMA))
    except OSError as error:
        raise InputError(f"entry {path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise InputError(f"{path} is no entry: {error}") from error


def store(entries: Sequence[Entry], folder: Path) -> list[Path]:
    """Write entries under names made of their own and their boards'; returns the paths.

    Raises:
        InputError: another entry has such a name on that board, or one is not of the right form: nothing is written
            then; or it cannot be written.
    """
    contents = {folder / file_name(entry): _content(entry) for entry in entries}
    for path, content in contents.items():
        if path.is_file() and path.read_bytes() != content:
            raise InputError(f"{path} is there with other content: remove it to replace it, or choose another --name")
    return [write(path, content) for path, content in contents.items()]


def find(folder: Path) -> list[Path]:
    """The entry files of a folder, in order; none where there is no such folder."""
    return sorted(path for path in folder.glob("*.json") if not path.name.endswith(VERIFIED))


def file_name(entry: Entry) -> str:
    """Readable, safe on any file system, and different for different names and boards."""
    board = entry.board
    words = re.sub(r"[^a-z0-9]+", "-", f"{entry.name} {board.task} {board.model}".lower()).strip("-")[:80]
    digest = hashlib.sha256(repr((entry.name, board)).encode()).hexdigest()[:8]
    return f"{words}-{digest}.json"


def _content(entry: Entry) -> bytes:
    try:
        content = json.dumps(entry.to_json(), indent=1, ensure_ascii=False, allow_nan=False).encode() + b"\n"
        formed(content, SCHEMA)
    except ValueError as error:
        raise InputError(f"{entry.name!r} makes no entry: {error}") from error
    return content

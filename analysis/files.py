"""Files that are there in full or not at all."""

from __future__ import annotations

import os
from pathlib import Path

from nasbench.errors import InputError


def make_folder(folder: Path) -> None:
    """Make a folder, and those above it, unless it is there.

    Raises:
        InputError: it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot write to {folder}: {error.strerror}; name another folder with --out") from error


def write(path: Path, content: str | bytes) -> Path:
    """Write a file under a temporary name, then rename it; returns the path.

    Raises:
        InputError: it cannot be written; what was there before is untouched.
    """
    data = content.encode() if isinstance(content, str) else content
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        try:
            temporary.write_bytes(data)
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror}; name another place with --out") from error
    return path

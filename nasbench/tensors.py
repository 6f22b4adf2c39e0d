"""Tensors by name in files: written to the disk for good, hashed, and told apart by the prefixes of their names."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path

from safetensors.torch import save_file
from torch import Tensor


def save(tensors: Mapping[str, Tensor], file: Path) -> None:
    """Write copies on the CPU, and wait for the disk; two names may not share one tensor's memory."""
    save_file({name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}, file)
    sync_file(file)


def sync_file(file: Path) -> None:
    """Wait until the disk has it."""
    with open(file, "rb") as opened:
        os.fsync(opened.fileno())


def file_sha256(file: Path) -> str:
    with open(file, "rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def under(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Those whose names begin with the prefix, by the rest of their names."""
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}

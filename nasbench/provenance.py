"""Where a run comes from: source code, versions, hardware, numerics, and the content of files."""

from __future__ import annotations

import hashlib
import os
import platform
import subprocess
import tomllib
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import nasbench
from nasbench.errors import InputError

_LIBRARIES = ("torch", "transformers", "datasets", "hydra-core", "numpy", "pymoo", "moocore")
_SOURCES = ("nasbench", "baselines", "conf", "pyproject.toml")
"""Of the checkout: what can change a run's results."""


def provenance(overrides: Sequence[str]) -> dict[str, Any]:
    """What may differ between equal runs, for the header: overrides, source code, versions, hardware, time.

    `commit` and `dirty` (uncommitted changes to what can change results) are None where nasbench does not run from a
    checkout of its own repository. `memory_bytes` is the machine's. The host is not named.
    """
    commit, dirty = source_state(Path(nasbench.__file__).resolve().parent.parent)
    versions = {"nasbench": nasbench.__version__, "python": platform.python_version()}
    return {
        "overrides": list(overrides),
        "commit": commit,
        "dirty": dirty,
        "versions": versions | {name: _version(name) for name in _LIBRARIES},
        "platform": platform.platform(),
        "cpu": _cpu_model(),
        "cores": usable_cores(),
        "memory_bytes": _memory_bytes(),
        "started_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def numerics(*, threads: int, device: str, dtype: str) -> dict[str, Any]:
    """What must be equal for equal bytes: a run is resumed under the numerics that it was begun with.

    Args:
        device: as torch names it; an accelerator's own name is told beside its kind, for they round differently.
        dtype: as torch names it, such as `float32`.

    Raises:
        InputError: there is no such device.
    """
    import torch  # here, because stored runs are read without torch

    kind, index = torch.device(device).type, torch.device(device).index or 0
    if kind == "cuda" and index >= torch.cuda.device_count():
        raise InputError(
            f"runtime.device={device}: torch finds {torch.cuda.device_count()} such devices, so take runtime.device=cpu"
        )
    return {
        "threads": threads,
        "dtype": dtype,
        "device": kind,
        "accelerator": torch.cuda.get_device_name(device) if kind == "cuda" else None,
        "cpu_capability": torch.backends.cpu.get_cpu_capability(),
        "torch": str(torch.__version__),
    }


def content_hash(files: Iterable[Path]) -> str:
    """SHA-256 (hexadecimal) of the content of files in the given order; names, folders and times do not count.

    Raises:
        OSError: a file cannot be read.
    """
    total = hashlib.sha256()
    for file in files:
        with open(file, "rb") as opened:
            # Digests, not contents: else bytes could move from one file to the next unseen.
            total.update(hashlib.file_digest(opened, "sha256").digest())
    return total.hexdigest()


def source_state(root: Path) -> tuple[str | None, bool | None]:
    """Commit and dirtiness of a source tree; (None, None) if it is not the top of a checkout of nasbench.

    A package installed inside some other project's repository has that repository's commit as little as one installed
    outside of any.
    """
    if _git(root, "rev-parse", "--show-toplevel") != str(root) or not _is_nasbench(root):
        return None, None
    commit = _git(root, "rev-parse", "HEAD")
    changes = _git(root, "status", "--porcelain", "--", *_SOURCES)
    return commit, None if changes is None else changes != ""


def _is_nasbench(root: Path) -> bool:
    try:
        project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8")).get("project", {})
    except (OSError, ValueError):
        return False
    return project.get("name") == "nasbench"


def _git(folder: Path, *arguments: str) -> str | None:
    """What git prints; None where there is no git, or no answer."""
    # Variables such as GIT_DIR, set inside of git's hooks, would name another repository.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    command = ["git", "--no-optional-locks", "-C", str(folder), *arguments]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    except OSError:
        return None
    return answer.stdout.strip() if answer.returncode == 0 else None


def _version(distribution: str) -> str | None:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def _cpu_model() -> str | None:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(models, None) or platform.processor() or None


def usable_cores() -> int:
    """Of this process, which may have fewer than the machine."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _memory_bytes() -> int | None:
    if not hasattr(os, "sysconf") or "SC_PHYS_PAGES" not in os.sysconf_names:
        return None
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")

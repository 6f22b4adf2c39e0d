"""Whether a resumed folder of results is the uninterrupted one: same files, same bytes but for times and provenance."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from nasbench.results import read_run
from nasbench.rows import comparable, encode, parse
from nasbench.tables.file import read_table


def unlike(whole: Path, resumed: Path) -> list[str]:
    """What two folders differ in, a line for each file; locks and hidden files aside, which stay and are not read."""
    its, others = _files(whole), _files(resumed)
    found = [f"{name} is missing" for name in its if name not in others]
    found += [f"{name} is left over" for name in others if name not in its]
    common = [name for name in its if name in others]
    return found + [f"{name} differs" for name in common if _content(its[name]) != _content(others[name])]


def lost(whole: Path, killed: Path) -> list[str]:
    """Run files of a killed command whose rows are not the first rows of the uninterrupted one's."""
    its, others = _files(whole), _files(killed)
    found = []
    for name in (name for name in others if name in its and name.endswith(".jsonl")):
        rows = _whole_rows(others[name])
        if rows != _run(its[name])[: len(rows)]:
            found.append(f"{name} lost rows")
    return found


def _files(folder: Path) -> dict[str, Path]:
    paths = sorted(path for path in folder.rglob("[!.]*") if path.is_file() and path.suffix != ".lock")
    return {str(path.relative_to(folder)): path for path in paths}


def _run(path: Path) -> list[bytes]:
    return [encode(comparable(parse(line))) for line in path.read_bytes().splitlines(keepends=True)]


def _whole_rows(path: Path) -> list[bytes]:
    """Rows that end; a torn last one does not."""
    return [encode(comparable(parse(line))) for line in path.read_bytes().split(b"\n")[:-1]]


def _table(path: Path) -> Any:
    table = read_table(path)
    return table.checksum, list(table.rows.items()), table.front


def _meta(path: Path) -> bytes:
    """What describes stored weights, without its own checksum, which is over times too."""
    stored: Mapping[str, Any] = parse(path.read_bytes())
    return encode(comparable({name: value for name, value in stored.items() if name != "described_sha256"}))


_READERS: Mapping[str, Callable[[Path], Any]] = {".jsonl": _run, ".parquet": _table, ".json": _meta}


def _content(path: Path) -> Any:
    reader = _READERS.get(path.suffix, Path.read_bytes)
    return reader(path)


def finished(folder: Path) -> bool:
    """Whether every run in a folder of results ended."""
    return all(read_run(path).finished for path in folder.rglob("*.jsonl"))

"""Two run files compared row by row: times and provenance aside, which equal runs may differ in."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

from nasbench.differences import NOTHING, Difference, differences
from nasbench.results import comparable_headers, read_run
from nasbench.rows import comparable, parse

TOLERANCE = 0.02
"""Numbers of runs made under different numerics count as equal within it: scores are shares, so two points."""


@dataclass(frozen=True, slots=True)
class Compared:
    """How two run files compare.

    Attributes:
        numerics: settings of the numerics (threads, versions, ...) that differ; equal bytes can only be asked without.
        tolerance: within which numbers counted as equal; 0 where only equal bytes do.
        differences: in the order of the rows.
    """

    numerics: tuple[Difference, ...]
    tolerance: float
    differences: tuple[Difference, ...]


def compare_files(a: Path, b: Path, tolerance: float | None = None) -> Compared:
    """Compare two run files.

    Args:
        tolerance: largest absolute difference of numbers that count as equal; None: 0 under equal numerics, else
            `TOLERANCE`.

    Raises:
        InputError: a file is no run file, or damaged.
    """
    numerics = tuple(differences("header", read_run(a).header.numerics, read_run(b).header.numerics))
    if tolerance is None:
        tolerance = TOLERANCE if numerics else 0.0
    found = compare_rows(a, b, tolerance)
    return Compared(numerics, tolerance, tuple(found))


def compare_rows(a: Path, b: Path, tolerance: float = 0.0) -> Iterator[Difference]:
    """What two run files differ in, in the order of their rows; a row that one of them lacks is one difference."""
    for row_a, row_b in zip_longest(_rows(a), _rows(b)):
        if row_a and row_b and row_a["kind"] == row_b["kind"] == "header":
            row_a, row_b = comparable_headers(row_a, row_b)
        if row_a is None or row_b is None:
            present = [json.dumps(row["kind"]) if row else NOTHING for row in (row_a, row_b)]
            yield Difference(_where(row_a or row_b), "", (present[0], present[1]))
        else:
            yield from differences(_where(row_a), row_a, row_b, tolerance=tolerance)


def diff(a: Path, b: Path, tolerance: float | None = None) -> int:
    """Print what two run files differ in first; returns 0 where they are equal, else 1.

    Different numerics are no difference of their own, unless a tolerance of 0 asks for equal bytes.
    """
    result = compare_files(a, b, tolerance)
    for difference in result.numerics:
        print(f"made under different numerics: {difference.name} {' and '.join(difference.values)}")
    within = f", numbers within {result.tolerance:g}" if result.tolerance else ""
    if not result.differences:
        print(f"{a} and {b}: equal, row by row, apart from times and provenance{within}")
        return 1 if result.numerics and not result.tolerance else 0
    print(f"{a} and {b} differ{within}, first in {result.differences[0]}")
    if len(result.differences) > 1:
        rows = len({difference.where for difference in result.differences})
        print(f"{len(result.differences)} values of {rows} rows differ in all")
    return 1


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    """Rows as they are compared; a torn last one, which `read_run` has let pass, is left out."""
    *lines, _ = path.read_bytes().split(b"\n")
    for line in lines:
        try:
            row = comparable(parse(line))
        except ValueError:
            return
        if row["kind"] == "header":
            row.pop("numerics")  # told apart
        yield row


def _where(row: Mapping[str, Any]) -> str:
    kind = str(row["kind"])
    if kind == "test":
        return f"test of trial {row['trial']}"
    number = {"trial": "index", "phase": "name"}.get(kind)
    return f"{kind} {row[number]}" if number else kind

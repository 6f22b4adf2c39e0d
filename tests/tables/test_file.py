"""A table's file: what is written is read again, and what is no whole table of this version is refused."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from nasbench.errors import InputError
from nasbench.records import Architecture
from nasbench.tables.file import KEY, read_table, write_table
from nasbench.tables.record import Table


def changed(path: Path, folder: Path, change: Callable[[dict[str, Any]], object]) -> Path:
    """A copy whose header was edited."""
    stored = pq.read_table(path)
    header = json.loads(stored.schema.metadata[KEY])
    change(header)
    pq.write_table(stored.replace_schema_metadata({KEY: json.dumps(header)}), folder / "changed.parquet")
    return folder / "changed.parquet"


def test_what_is_written_is_read_again(table: Table, tmp_path: Path) -> None:
    write_table(tmp_path / "sub" / "copy.parquet", table.header, list(table.rows.values()))
    again = read_table(tmp_path / "sub" / "copy.parquet", table.name)
    assert again == table
    assert [path.name for path in (tmp_path / "sub").iterdir()] == ["copy.parquet"]


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_full_disk_is_told_and_leaves_no_table(
    table: Table, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, step, refuse)
    with pytest.raises(InputError, match=r"cannot be written \(No space left on device\)"):
        write_table(tmp_path / "full.parquet", table.header, list(table.rows.values()))
    assert list(tmp_path.iterdir()) == []


def test_the_stored_front_is_that_of_brute_force(table: Table, tmp_path: Path) -> None:
    """On made-up errors, ties among them; the smoke network's own are all alike."""
    noise = np.random.default_rng(0).integers(0, 4, size=len(table.rows)).tolist()
    rows = [
        replace(row, validation={**row.validation, "error": round(8 * (1 - row.validation["size"]) + extra) / 12})
        for row, extra in zip(table.rows.values(), noise, strict=True)
    ]
    write_table(tmp_path / "made_up.parquet", table.header, rows)
    front = read_table(tmp_path / "made_up.parquet").front
    points = [tuple(row.validation.values()) for row in rows]
    best = [
        row.architecture
        for i, (row, p) in enumerate(zip(rows, points, strict=True))
        if not any(
            all(x <= y for x, y in zip(q, p, strict=True)) and (q != p or j < i) for j, q in enumerate(points) if j != i
        )
    ]
    assert list(front) == best
    assert 2 < len(best) < len(rows)


def test_pandas_reads_a_column_a_fact(table: Table, table_path: Path) -> None:
    frame = pd.read_parquet(table_path)
    assert len(frame) == len(table.rows)
    assert frame["validation.error"].min() == min(row.validation["error"] for row in table.rows.values())
    assert {"architecture", "parameters", "macs", "cost", "scores.accuracy", "test.error"} <= set(frame.columns)


def test_provenance_and_times_are_no_part_of_the_checksum(table_path: Path, tmp_path: Path) -> None:
    def later(header: dict[str, Any]) -> None:
        header["run"]["provenance"]["commit"] = "elsewhere"
        header["phases"][0]["seconds"] += 1

    assert read_table(changed(table_path, tmp_path, later)).checksum == read_table(table_path).checksum


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda h: h.update(table_version=99), "table_version 99, while this nasbench reads 1: take a newer nasbench"),
        (lambda h: h.update(table_version=0), "table_version 0, while this nasbench reads 1: build it again"),
        (lambda h: h.pop("table_version"), "table_version None, .*build it again"),
        (lambda h: h.update(science_version=99), "science_version 99"),
        (lambda h: h.update(space="small"), "damaged: its content does not match its checksum"),
        (lambda h: h["front"].pop(), "damaged: its content does not match its checksum"),
        (lambda h: h["run"].update(seed=5), "damaged: its content does not match its checksum"),
        (lambda h: h.pop("checksum"), "damaged: its content does not match its checksum"),
    ],
)
def test_another_version_or_an_edited_header_is_refused(
    change: Callable[[dict[str, Any]], object], words: str, table_path: Path, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=words):
        read_table(changed(table_path, tmp_path, change))


def test_an_edited_score_is_refused(table_path: Path, tmp_path: Path) -> None:
    stored = pq.read_table(table_path)
    errors = stored.column("validation.error").to_pylist()
    place = stored.column_names.index("validation.error")
    edited = stored.set_column(place, "validation.error", pa.array([errors[0] / 2, *errors[1:]]))
    pq.write_table(edited, tmp_path / "edited.parquet")
    with pytest.raises(InputError, match=r"edited\.parquet is damaged"):
        read_table(tmp_path / "edited.parquet")


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.99])
def test_a_truncated_file_is_refused(share: float, table_path: Path, tmp_path: Path) -> None:
    whole = table_path.read_bytes()
    (tmp_path / "cut.parquet").write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(InputError, match=r"cut\.parquet is no parquet file, or a truncated one"):
        read_table(tmp_path / "cut.parquet")


def test_files_that_are_no_tables_are_refused(tmp_path: Path) -> None:
    pq.write_table(pa.table({"a": [1]}), tmp_path / "foreign.parquet")
    with pytest.raises(InputError, match=r"foreign\.parquet is a parquet file, but no table"):
        read_table(tmp_path / "foreign.parquet")
    with pytest.raises(InputError, match=r"there is no table .*nowhere.parquet"):
        read_table(tmp_path / "nowhere.parquet")


def test_an_architecture_off_the_grid_is_refused_in_a_sentence(table: Table) -> None:
    with pytest.raises(InputError, match=r"\[1, 2, 17\] is off the grid of .*the 48 of space small_units_step_16"):
        table.row(Architecture((1, 2, 17)))

"""A table as one parquet file: a row an architecture, all else in the file's metadata, a checksum over both."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from nasbench.errors import InputError
from nasbench.records import Architecture, Sizes, Status
from nasbench.results import sync_folder
from nasbench.rows import SCIENCE_VERSION, parse
from nasbench.tables.record import TABLE_VERSION, Table, TableHeader, TableRow, content_hash, true_front

KEY = b"nasbench.table"
"""Of the parquet metadata, under which the header lies as JSON."""

COUNTS = ("parameters", "encoder_parameters", "macs", "cost", "test_cost")
MEASURED = ("validation", "scores", "test", "test_scores")
"""Fields of a row that take a column each name, as in `validation.error`."""

Columns = dict[str, list[Any]]


def write_table(path: Path, header: TableHeader, rows: Sequence[TableRow]) -> None:
    """Write a table, whole or not at all.

    Raises:
        InputError: the folder cannot be written.
    """
    columns, by_architecture = _columns(rows), {row.architecture: row for row in rows}
    described = header.to_json()
    described["front"] = [architecture.to_json() for architecture in true_front(by_architecture)]
    described["checksum"] = content_hash(described, columns)
    table = pa.table(columns, schema=_schema(columns)).replace_schema_metadata({KEY: json.dumps(described)})
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            pq.write_table(table, temporary, compression="zstd")
            with open(temporary, "rb") as file:
                os.fsync(file.fileno())  # the rows it was made of are removed next
            os.replace(temporary, path)
            sync_folder(path.parent)
        finally:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
    except OSError as error:
        raise InputError(f"table {path} cannot be written ({error.strerror}): name another place") from error


def read_table(path: Path, name: str | None = None) -> Table:
    """Read a table and check it against its checksum.

    Args:
        name: what messages call it; None for the path.

    Raises:
        InputError: there is no such file, or it is no table, of another version or damaged.
    """
    name = name or str(path)
    stored = _opened(path, name)
    described = _described(stored.schema.metadata or {}, name)
    try:
        return _checked(stored, described, name)
    except InputError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(f"{name} is damaged: it lacks or garbles {error}, so build or fetch it again") from error


def _checked(stored: pa.Table, described: dict[str, Any], name: str) -> Table:
    checksum = described.pop("checksum", None)
    columns = stored.to_pydict()
    if checksum != content_hash(described, columns):
        raise InputError(f"{name} is damaged: its content does not match its checksum, so build or fetch it again")
    rows = {row.architecture: row for row in map(_row, stored.to_pylist())}
    return Table(
        name=name,
        header=TableHeader.from_json(described),
        rows=rows,
        front=tuple(map(Architecture.from_json, described["front"])),
        checksum=checksum,
    )


def _opened(path: Path, name: str) -> pa.Table:
    try:
        return pq.read_table(path)
    except FileNotFoundError as error:
        raise InputError(f"there is no table {name}") from error
    except pa.ArrowException as error:
        raise InputError(f"{name} is no parquet file, or a truncated one: build or fetch it again") from error
    except OSError as error:
        reason = error.strerror or " ".join(str(error).split())  # pyarrow's has lines
        raise InputError(f"{name} cannot be read as a table: {reason}") from error


def _described(metadata: Mapping[bytes, bytes], name: str) -> dict[str, Any]:
    if KEY not in metadata:
        raise InputError(f"{name} is a parquet file, but no table that nasbench table build made")
    try:
        described: dict[str, Any] = dict(parse(metadata[KEY]))
    except (ValueError, TypeError) as error:
        raise InputError(f"{name} is damaged: its header is no JSON mapping, so build or fetch it again") from error
    for key, reads in (("table_version", TABLE_VERSION), ("science_version", SCIENCE_VERSION)):
        version = described.get(key)
        if version != reads:
            newer = isinstance(version, int) and version > reads
            remedy = "take a newer nasbench" if newer else "build it again"
            raise InputError(f"{name} has {key} {version}, while this nasbench reads {reads}: {remedy}")
    return described


def _columns(rows: Sequence[TableRow]) -> Columns:
    columns: Columns = {"architecture": [row.architecture.to_json() for row in rows]}
    columns["status"] = [str(row.status) for row in rows]
    for name in COUNTS[:3]:
        columns[name] = [getattr(row.sizes, name) for row in rows]
    for name in COUNTS[3:]:
        columns[name] = [getattr(row, name) for row in rows]
    for field in MEASURED:
        for name in dict.fromkeys(name for row in rows for name in getattr(row, field)):
            columns[f"{field}.{name}"] = [getattr(row, field).get(name) for row in rows]
    return columns


def _schema(columns: Mapping[str, Any]) -> pa.Schema:
    types = {"architecture": pa.list_(pa.int32()), "status": pa.string(), **dict.fromkeys(COUNTS, pa.int64())}
    return pa.schema([(name, types.get(name, pa.float64())) for name in columns])


def _row(values: Mapping[str, Any]) -> TableRow:
    measured: dict[str, dict[str, float]] = {field: {} for field in MEASURED}
    for column, value in values.items():
        field, dot, name = column.partition(".")
        if dot and value is not None:
            measured[field][name] = value
    return TableRow(
        architecture=Architecture.from_json(values["architecture"]),
        status=Status(values["status"]),
        sizes=Sizes(*(values[name] for name in COUNTS[:3])),
        cost=values["cost"],
        test_cost=values["test_cost"],
        **measured,
    )

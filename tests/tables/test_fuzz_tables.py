"""Tables of others, changed at will: out of reading one comes what it holds or an InputError, and nothing else."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

import pyarrow.parquet as pq
from hypothesis import given
from hypothesis import strategies as st

from nasbench.tables.file import KEY, read_table
from nasbench.tables.record import content_hash
from tests.fuzz import FEW, changed, changed_bytes, read_or_refused


@FEW
@given(data=st.data())
def test_a_table_with_another_header_and_the_checksum_of_it(
    data: st.DataObject, table_path: Path, tmp_path: Path
) -> None:
    stored = pq.read_table(table_path)
    header = json.loads(stored.schema.metadata[KEY])
    header["lengths"] = {split: lengths[:3] for split, lengths in header["lengths"].items()}
    described = data.draw(changed({name: part for name, part in header.items() if name != "checksum"}))
    with suppress(TypeError, KeyError, ValueError, AttributeError):  # of a header that no checksum can be taken of
        described["checksum"] = content_hash(described, stored.to_pydict())
    path = tmp_path / "changed.parquet"
    pq.write_table(stored.replace_schema_metadata({KEY: json.dumps(described)}), path)
    with read_or_refused():
        read_table(path)


@FEW
@given(data=st.data())
def test_a_parquet_file_with_other_bytes_anywhere(data: st.DataObject, table_path: Path, tmp_path: Path) -> None:
    path = tmp_path / "changed.parquet"
    path.write_bytes(data.draw(changed_bytes(table_path.read_bytes())))
    with read_or_refused():
        read_table(path)

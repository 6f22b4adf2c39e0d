"""The tables that come with the package: whole, small, and with the front that brute force finds."""

from __future__ import annotations

import hashlib

import pytest

from nasbench.tables.shipped import FOLDER, find_table, shipped
from tests.tables.test_build import dominating

SUMS = FOLDER / "SHA256SUMS"
NAMES = ["bbc_cloze_minilm", "bbc_topics_minilm"]


def test_the_checksums_are_those_of_the_files() -> None:
    sums = [line.split() for line in SUMS.read_text().splitlines()]
    listed = {name: checksum for checksum, name in sums}
    assert listed == {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in FOLDER.glob("*.parquet")}


def test_the_tables_that_documents_name_are_there() -> None:
    assert shipped() == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_table_is_whole_small_and_true(name: str) -> None:
    table = find_table(name)
    assert len(table.rows) == 7 * 12 * 12
    assert {row.status for row in table.rows.values()} == {"ok"}
    assert set(table.front) == dominating(table)
    assert (FOLDER / f"{name}.parquet").stat().st_size < 1_000_000
    assert not table.header.run.provenance["dirty"]

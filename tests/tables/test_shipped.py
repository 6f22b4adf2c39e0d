"""The tables that come with the package: whole, small, and with the front that brute force finds."""

from __future__ import annotations

import hashlib

import pytest

from nasbench.tables.shipped import FOLDER, find_table, shipped
from tests.tables.test_build import dominating

SUMS = FOLDER / "SHA256SUMS"
ARCHITECTURES = {
    "bbc_cloze_minilm": 7 * 12 * 12,
    "bbc_topics_minilm": 7 * 12 * 12,
    **{f"bbc_topics_minilm_standard_seed{seed}": 4 * 3 * 3 for seed in range(3)},
}


def test_the_checksums_are_those_of_the_files() -> None:
    sums = [line.split() for line in SUMS.read_text().splitlines()]
    listed = {name: checksum for checksum, name in sums}
    assert listed == {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in FOLDER.glob("*.parquet")}


def test_the_tables_that_documents_name_are_there() -> None:
    assert shipped() == sorted(ARCHITECTURES)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_a_table_is_whole_small_and_true(name: str) -> None:
    table = find_table(name)
    assert len(table.rows) == ARCHITECTURES[name]
    assert {row.status for row in table.rows.values()} == {"ok"}
    assert set(table.front) == dominating(table)
    assert (FOLDER / f"{name}.parquet").stat().st_size < 1_000_000
    assert not table.header.run.provenance["dirty"]

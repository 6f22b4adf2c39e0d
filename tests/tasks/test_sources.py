from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from nasbench.errors import InputError
from nasbench.tasks.base import Source
from nasbench.tasks.sources import Origin
from tests.tasks.conftest import Rows, Write

ROWS: Rows = {"text": ["one", "two", "three"], "label": [0, 1, 0]}
COLUMNS = ["text", "label"]


def hub(path: Path | str, name: str | None = None) -> Origin:
    return Origin(source=Source.HUB, hub_path=str(path), hub_name=name, folder=None, files=None)


def local(folder: Path | None = None, files: dict[str, str] | None = None) -> Origin:
    return Origin(
        source=Source.LOCAL, hub_path="", hub_name=None, folder=None if folder is None else str(folder), files=files
    )


def one(path: Path, columns: list[str] = COLUMNS) -> Rows:
    return local(files={"train": str(path)}).read(["train"], columns)[0].to_dict()


@pytest.mark.parametrize(
    "place", ["train.parquet", "data/train-00000-of-00001.parquet", "rte/train-00000-of-00001.parquet"]
)
def test_a_local_folder_in_the_hubs_layout_is_read(tmp_path, write: Write, place):
    write(tmp_path / place, ROWS)
    assert hub(tmp_path, "rte").read(["train"], COLUMNS)[0].to_dict() == ROWS


def test_hub_and_local_folders_give_the_same_rows(tmp_path, write: Write):
    write(tmp_path / "train.parquet", ROWS)
    assert hub(tmp_path).read(["train"], COLUMNS)[0].to_dict() == local(tmp_path).read(["train"], COLUMNS)[0].to_dict()


def test_shards_are_read_in_order(tmp_path, write: Write):
    for i in (1, 0):
        write(tmp_path / f"train-0000{i}-of-00002.parquet", {"text": [f"{i}"], "label": [i]})
    assert local(tmp_path).read(["train"], COLUMNS)[0].to_dict() == {"text": ["0", "1"], "label": [0, 1]}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x.json", '[{"text": "one", "label": 0}, {"text": "two", "label": 1}, {"text": "three", "label": 0}]'),
        ("x.jsonl", '{"text": "one", "label": 0}\n{"text": "two", "label": 1}\n{"text": "three", "label": 0}\n'),
        ("x.csv", "text,label\none,0\ntwo,1\nthree,0\n"),
        ("a [b]*.csv", "text,label\none,0\ntwo,1\nthree,0\n"),
    ],
)
def test_other_formats_and_odd_names_give_the_same_rows(tmp_path, name, content):
    (tmp_path / name).write_text(content)
    assert one(tmp_path / name) == ROWS


def test_only_the_columns_asked_for_come_back(tmp_path, write: Write):
    assert one(write(tmp_path / "x.parquet", ROWS), ["label"]) == {"label": [0, 1, 0]}


def test_a_missing_column_is_named_and_those_found_are_listed(tmp_path, write: Write):
    path = write(tmp_path / "x.parquet", ROWS)
    with pytest.raises(InputError, match=r"x\.parquet has no column question: .* there are text, label"):
        one(path, ["text", "question"])


@pytest.mark.parametrize("name", ["x.parquet", "x.csv", "x.jsonl", "x.json"])
def test_an_empty_file_is_refused(tmp_path, name):
    (tmp_path / name).write_bytes(b"")
    with pytest.raises(InputError, match=rf"{name} has no rows that can be read as"):
        one(tmp_path / name)


def test_a_table_without_rows_is_refused(tmp_path, write: Write):
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table({"text": pa.array([], pa.string()), "label": pa.array([], pa.int64())}), path)
    with pytest.raises(InputError, match=r"x\.parquet has no rows"):
        one(path)


@pytest.mark.parametrize("keep", [10, 200])
def test_a_parquet_file_cut_short_is_refused(tmp_path, write: Write, keep):
    path = write(tmp_path / "x.parquet", ROWS)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(InputError, match=r"x\.parquet has no rows that can be read as parquet .*cut short"):
        one(path)


def test_missing_files_folders_and_splits_are_named(tmp_path, write: Write):
    with pytest.raises(InputError, match=r"there is no file .*gone\.parquet"):
        one(tmp_path / "gone.parquet")
    with pytest.raises(InputError, match=r"task\.folder=.*nowhere is not a folder"):
        local(tmp_path / "nowhere").read(["train"], COLUMNS)
    write(tmp_path / "train.parquet", ROWS)
    with pytest.raises(InputError, match=r"no data of the split validation .*none of validation\.parquet"):
        local(tmp_path).read(["train", "validation"], COLUMNS)
    with pytest.raises(InputError, match=r"give task\.files\.test=FILE"):
        local(files={"train": str(tmp_path / "train.parquet")}).read(["test"], COLUMNS)


def test_a_file_of_another_format_is_refused(tmp_path):
    (tmp_path / "x.doc").write_text("hello")
    with pytest.raises(InputError, match=r"x\.doc is of no known format: .*\.parquet"):
        one(tmp_path / "x.doc")


def test_a_split_in_two_forms_is_refused(tmp_path, write: Write):
    write(tmp_path / "train.parquet", ROWS)
    (tmp_path / "train.csv").write_text("text,label\none,0\n")
    with pytest.raises(InputError, match=r"more than one form of the split train \(train\.csv, train\.parquet\)"):
        local(tmp_path).read(["train"], COLUMNS)


def test_sources_that_a_task_lacks_are_refused():
    with pytest.raises(InputError, match="no embedded data: it takes source=hub or source=local"):
        Origin(source=Source.EMBEDDED, hub_path="a/b", hub_name=None, folder=None, files=None)
    with pytest.raises(InputError, match=r"source=local takes either task\.folder=FOLDER"):
        local()
    with pytest.raises(InputError, match=r"source=local takes either task\.folder=FOLDER"):
        local(Path("x"), {"train": "y"})


def test_data_that_is_not_on_the_hub_is_told():
    origin = Origin(source=Source.HUB, hub_path=None, hub_name=None, folder=None, files=None)
    with pytest.raises(InputError, match=r"not on the hub: it takes source=local"):
        origin.read(["train"], COLUMNS)


def test_a_hub_out_of_reach_is_told_in_one_sentence_that_names_the_other_sources(monkeypatch):
    """In offline mode, so that the test means the same with a network."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(InputError) as caught:
        hub("nobody/no-such-data-set").read(["train"], COLUMNS)
    message = str(caught.value)
    assert "nobody/no-such-data-set" in message
    assert "source=embedded" in message
    assert "source=local" in message
    assert "\n" not in message


def test_local_files_are_read_without_the_network(tmp_path, write: Write, monkeypatch):
    asked: list[object] = []

    def refuse(host: object, *rest: object, **options: object) -> None:
        asked.append(host)
        raise OSError("no network in this test")

    monkeypatch.setattr("socket.getaddrinfo", refuse)
    write(tmp_path / "data" / "train.parquet", ROWS)
    hub(tmp_path).read(["train"], COLUMNS)
    local(tmp_path).read(["train"], COLUMNS)
    assert not asked


def test_reading_prints_nothing_and_leaves_nothing_behind(tmp_path, write: Write):
    write(tmp_path / "data" / "train.parquet", ROWS)
    home, scratch = tmp_path / "home", tmp_path / "scratch"
    home.mkdir()
    scratch.mkdir()
    program = (
        "from nasbench.tasks.sources import Origin, Source\n"
        f"origin = Origin(source=Source.LOCAL, hub_path='', hub_name=None, folder={str(tmp_path / 'data')!r}, "
        "files=None)\n"
        "assert origin.read(['train'], ['text'])[0].num_rows == 3\n"
    )
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "XDG_"))}
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**kept, "HOME": str(home), "TMPDIR": str(scratch)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert (done.stdout, done.stderr) == ("", "")
    assert not list(home.rglob("*"))
    assert not list(scratch.iterdir())

"""Files of every kind that a command reads, each wrong in one way."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from safetensors.numpy import save_file

from leaderboard.store import store
from tests.analysis.runs import write_run
from tests.leaderboard.made_up import FRONT, TESTS, made_up

Row = dict[str, Any]

NUMERICS = {"numerics": {"threads": 1, "device": "cpu", "dtype": "float32"}}
CYCLIC = {"_target_": "nasbench.search.random_search.RandomSearch", "batch_size": "${batch_size}"}


def make(folder: Path) -> dict[str, Path]:
    """Write all of them; returns paths by name."""
    folder.mkdir()
    places = _runs(folder) | _data(folder) | _checkpoints(folder) | _tables(folder) | _entries(folder)
    (folder / "file").write_text("in the way")
    (folder / "loop").symlink_to("loop")
    (folder / "empty folder").mkdir()
    return places | {name: folder / name for name in ("file", "loop", "empty folder")} | {"nowhere": folder / "nowhere"}


def _runs(folder: Path) -> dict[str, Path]:
    good = write_run(folder / "results" / "made_up", "ws_nas", FRONT, TESTS)
    lines = good.read_text().splitlines()
    header, first = json.loads(lines[0]), json.loads(lines[1])
    deep = first | {"architecture": json.loads("[" * 200 + "]" * 200)}
    headers = {
        "version": header | {"schema_version": 99},
        "mistyped": header | {"seed": "three"},
        "lacking": {key: value for key, value in header.items() if key != "method"},
        "escaping": header | {"experiment": "../../elsewhere"},
        "controls": header | {"method": "\u001b[2J"},
        "zero": header | {"epoch_macs": 0},
        "foreign": header | NUMERICS | {"config": header["config"] | {"method": {"_target_": "antigravity.Part"}}},
        "cyclic": header | NUMERICS | {"config": header["config"] | {"method": CYCLIC}},
        "threadless": header | {"numerics": {}},
        "modelless run": header | NUMERICS,
        "lone": header | {"method": "\ud800"},
    }
    firsts = {
        "deep": deep,
        "huge": first | {"cost": 10**30},
        "skipping": first | {"index": 3},
        "late": first | {"parent": 5},
    }
    contents = {name: [json.dumps(row), *lines[1:]] for name, row in headers.items()}
    contents |= {name: [lines[0], json.dumps(row), *lines[2:]] for name, row in firsts.items()}
    contents |= {"headless": lines[1:], "notanumber": [lines[0], lines[1].replace("0.5", "NaN"), *lines[2:]]}
    places = {name: folder / f"{name}.jsonl" for name in (*contents, "empty", "binary", "truncated", "secret")}
    for name, content in contents.items():
        places[name].write_text("\n".join(content) + "\n")
    places["empty"].write_bytes(b"")
    places["binary"].write_bytes(bytes(range(256)))
    places["truncated"].write_text(lines[0][:100])
    places["secret"].write_text("\n".join(lines) + "\n")
    places["secret"].chmod(0)
    return places | {"run": good}


def _data(folder: Path) -> dict[str, Path]:
    """Folders in RTE's columns."""
    row: Row = {"sentence1": "It rained.", "sentence2": "It was wet.", "label": 0}
    rows = [row | {"label": i % 2} for i in range(20)]
    wrong: Mapping[str, list[Row]] = {
        "columnless": [{"sentence1": "a", "label": 0}] * 20,
        "numbered": [row | {"sentence2": 3}] * 20,
        "worded": [row | {"label": "yes"}] * 20,
        "outside": [*rows[:19], row | {"label": 7}],
        "unlabelled": [row | {"label": -1}] * 20,
        "few": rows[:1],
    }
    for name, content in wrong.items():
        _write(folder / name, content, rows)
    cut = _write(folder / "cut", [], rows)
    pq.write_table(pa.Table.from_pylist(rows), cut / "train.parquet")
    (cut / "train.jsonl").unlink()
    (cut / "train.parquet").write_bytes((cut / "train.parquet").read_bytes()[:200])
    (_write(folder / "latin", [], rows) / "train.jsonl").write_bytes('{"sentence1": "Ä"}\n'.encode("latin-1"))
    (_write(folder / "blank", [], rows) / "train.jsonl").write_bytes(b"")
    both = _write(folder / "both", rows, rows)
    (both / "train.csv").write_text("sentence1,sentence2,label\na,b,0\n")
    nested = _write(folder / "nested", rows, rows)
    (nested / "train.jsonl").unlink()
    (nested / "train.jsonl").mkdir()
    closed = _write(folder / "closed", rows, rows)
    (closed / "train.jsonl").chmod(0)
    names = (*wrong, "cut", "latin", "blank", "both", "nested", "closed")
    return {name: folder / name for name in names} | {"data": _write(folder / "good data", rows, rows)}


def _write(folder: Path, train: list[Row], validation: list[Row]) -> Path:
    folder.mkdir()
    for split, rows in (("train", train), ("validation", validation)):
        (folder / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def _checkpoints(folder: Path) -> dict[str, Path]:
    configs = {"garbled": "{", "modelless": "{}", "unknown": '{"model_type": "mamba"}', "listed": "[1]", "bare": None}
    for name, text in configs.items():
        (folder / name).mkdir()
        save_file({"weight": np.zeros(1)}, folder / name / "model.safetensors")
        if text is not None:
            (folder / name / "config.json").write_text(text)
    return {name: folder / name for name in configs}


def _tables(folder: Path) -> dict[str, Path]:
    other = folder / "other.parquet"
    pq.write_table(pa.table({"a": [1]}), other)
    garbled, bad = folder / "garbled.parquet", folder / "text.parquet"
    pq.write_table(pa.table({"a": [1]}).replace_schema_metadata({"nasbench.table": "{"}), garbled)
    bad.write_text("text")
    return {"other table": other, "garbled table": garbled, "text table": bad}


def _entries(folder: Path) -> dict[str, Path]:
    (folder / "entries").mkdir()
    good = store([made_up("Ours", [(0.5, 0.5)])], folder / "entries")[0]
    entry = json.loads(good.read_text())
    escaping = json.loads(good.read_text())
    escaping["seeds"][0]["run"] = "../secret.jsonl"
    better = json.loads(good.read_text())
    better["summary"]["hypervolume"]["value"] = 0.9
    contents = {
        "entry of text": "text",
        "entry of nothing": "",
        "entry without name": json.dumps({key: value for key, value in entry.items() if key != "name"}),
        "entry with more": json.dumps(entry | {"more": 1}),
        "escaping entry": json.dumps(escaping),
        "better entry": json.dumps(better),
        "deep entry": "[" * 10_000,
    }
    for name, text in contents.items():
        (folder / f"{name}.json").write_text(text)
    return {name: folder / f"{name}.json" for name in contents}

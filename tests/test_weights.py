"""The weights store: whole entries or none, made once, verified on reading."""

from __future__ import annotations

import errno
import hashlib
import json
import multiprocessing
import os
import signal
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
import torch

from nasbench import weights
from nasbench.errors import InputError
from nasbench.results import StoreError
from nasbench.weights import WeightsStore

RECIPE = {"strategy": "sandwich", "seed": 3}
KEY = WeightsStore.key(RECIPE)
TENSORS = {"a": torch.arange(6.0).reshape(2, 3), "b": torch.tensor([1, -2], dtype=torch.int64)}
SPAWN = multiprocessing.get_context("spawn")


@pytest.fixture
def store(tmp_path: Path) -> WeightsStore:
    return WeightsStore(tmp_path / "results" / ".weights")


def put(store: WeightsStore, value: float = 1.0) -> None:
    store.put(KEY, {"a": torch.full((3,), value)}, recipe=RECIPE, meta={"cost": 7})


def entries(store: WeightsStore) -> set[str]:
    return {path.name for path in store.folder.iterdir()} - {".locks"}


def test_the_key_is_the_hash_of_the_recipe_whatever_its_order() -> None:
    text = b'{"seed":3,"strategy":"sandwich"}'
    assert KEY == hashlib.sha256(text).hexdigest()[:24] == WeightsStore.key({"seed": 3, "strategy": "sandwich"})
    assert WeightsStore.key({**RECIPE, "seed": 4}) != KEY
    with pytest.raises(ValueError, match="JSON compliant"):
        WeightsStore.key({"lr": float("nan")})


def test_tensors_and_what_is_known_of_them_read_back_exactly(store: WeightsStore) -> None:
    tensors = {**TENSORS, "transposed": TENSORS["a"].T, "half": torch.ones(2, dtype=torch.bfloat16, requires_grad=True)}
    store.put(KEY, tensors, recipe=RECIPE, meta={"cost": 7, "scores": {"f1": 0.1}})
    stored = store.get(KEY)
    assert stored is not None
    assert stored.recipe == RECIPE
    assert stored.meta == {"cost": 7, "scores": {"f1": 0.1}}
    assert set(stored.tensors) == set(tensors)
    for name, tensor in tensors.items():
        assert stored.tensors[name].dtype == tensor.dtype
        assert stored.tensors[name].is_contiguous()
        assert torch.equal(stored.tensors[name], tensor)


def test_what_is_read_may_be_trained_on_without_touching_the_store(store: WeightsStore) -> None:
    put(store)
    first = store.get(KEY)
    assert first is not None
    first.tensors["a"].add_(1)
    again = store.get(KEY)
    assert again is not None
    assert again.tensors["a"].tolist() == [1, 1, 1]


def test_what_is_not_there_is_none_and_looking_makes_no_folder(store: WeightsStore) -> None:
    assert store.get(KEY) is None
    store.discard(KEY)
    assert not store.folder.exists()


def test_an_entry_never_changes(store: WeightsStore) -> None:
    put(store, 1.0)
    put(store, 2.0)
    stored = store.get(KEY)
    assert stored is not None
    assert stored.tensors["a"].tolist() == [1, 1, 1]


def test_a_discarded_entry_is_gone_and_can_be_made_again(store: WeightsStore) -> None:
    put(store)
    store.discard(KEY)
    assert store.get(KEY) is None
    assert entries(store) == set()
    put(store)
    assert store.get(KEY) is not None


def test_weights_are_stored_under_the_key_of_their_recipe_alone(store: WeightsStore) -> None:
    with pytest.raises(ValueError, match=f"{KEY}, not other"):
        store.put("other", TENSORS, recipe=RECIPE, meta={})


def flip(entry: Path) -> None:
    file = entry / "weights.safetensors"
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)


def truncate(entry: Path) -> None:
    os.truncate(entry / "weights.safetensors", 20)


def lose_tensors(entry: Path) -> None:
    (entry / "weights.safetensors").unlink()


def cut_meta(entry: Path) -> None:
    os.truncate(entry / "meta.json", 30)


def foreign_meta(entry: Path) -> None:
    (entry / "meta.json").write_text('["sha256", "recipe", "meta"]')


def recipe_without_mapping(entry: Path) -> None:
    (entry / "meta.json").write_text('{"sha256": "0", "recipe": [1], "meta": {}}')


def other_recipe(entry: Path) -> None:
    file = entry / "meta.json"
    file.write_text(file.read_text().replace("sandwich", "standard"))


def other_meta(entry: Path) -> None:
    """One digit, as a bit that the disk has lost: still JSON, still of its recipe."""
    file = entry / "meta.json"
    file.write_text(file.read_text().replace('"cost": 7', '"cost": 9'))


def emptied_meta(entry: Path) -> None:
    file = entry / "meta.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"meta": {}}))


def scoreless_meta_of_before(entry: Path) -> None:
    file = entry / "meta.json"
    file.write_text(json.dumps(without_checksum(file) | {"meta": {"scores": {"loss": "low"}}}))


def without_checksum(file: Path) -> dict[str, Any]:
    """What described an entry before that had a checksum of its own."""
    return {name: value for name, value in json.loads(file.read_text()).items() if name != "described_sha256"}


def test_an_entry_of_before_its_description_had_a_checksum_is_read(store: WeightsStore) -> None:
    meta = {"cost": 7, "scores": {"loss": 0.5}, "seconds": 1.0}
    store.put(KEY, TENSORS, recipe=RECIPE, meta=meta)
    file = store.folder / KEY / "meta.json"
    file.write_text(json.dumps(without_checksum(file)))
    stored = store.get(KEY)
    assert stored is not None
    assert stored.meta == meta


DAMAGES = (
    *(flip, truncate, lose_tensors, cut_meta, foreign_meta, recipe_without_mapping, other_recipe),
    *(other_meta, emptied_meta, scoreless_meta_of_before),
)


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_entry_is_moved_aside_with_a_warning_and_made_again(
    store: WeightsStore, damage: Any, caplog: pytest.LogCaptureFixture
) -> None:
    for n in (1, 2):
        put(store)
        damage(store.folder / KEY)
        assert store.get(KEY) is None
        assert (store.folder / f"{KEY}.damaged-{n}").is_dir()
        assert f"{KEY} are damaged" in caplog.records[-1].message
    put(store)
    assert store.get(KEY) is not None


def test_a_failure_while_storing_leaves_nothing_behind(store: WeightsStore, monkeypatch: pytest.MonkeyPatch) -> None:
    shared = torch.ones(2)
    with pytest.raises(RuntimeError, match="share memory"):
        store.put(KEY, {"a": shared, "b": shared}, recipe=RECIPE, meta={})
    with pytest.raises(ValueError, match="JSON compliant"):
        store.put(KEY, TENSORS, recipe=RECIPE, meta={"loss": float("nan")})
    full = OSError(errno.ENOSPC, "No space left on device")
    monkeypatch.setattr(os, "rename", lambda *_: (_ for _ in ()).throw(full))
    with pytest.raises(StoreError, match="No space left"):
        put(store)
    assert entries(store) == set()


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="weights cannot be stored in"):
        put(WeightsStore(tmp_path / "file" / ".weights"))


def test_a_lock_may_be_entered_again_by_its_holder(store: WeightsStore) -> None:
    with store.lock(KEY), WeightsStore(store.folder).lock(KEY):
        put(store)
    assert store.get(KEY) is not None


def die_while_storing(folder: Path) -> None:
    def save_half(tensors: Any, file: Path) -> None:
        file.write_bytes(b"half")
        os.kill(os.getpid(), signal.SIGKILL)

    with mock.patch.object(weights, "save", save_half):
        put(WeightsStore(folder))


def make_once(folder: Path, log: Path, barrier: Any) -> None:
    store = WeightsStore(folder)
    barrier.wait()
    with store.lock(KEY):
        if store.get(KEY) is None:
            with open(log, "a") as opened:
                opened.write("made\n")
            put(store)


def sweep(folder: Path) -> None:
    WeightsStore(folder).sweep()


def put_at_once(folder: Path, barrier: Any) -> None:
    barrier.wait()
    put(WeightsStore(folder))


def run(*calls: Any) -> list[int | None]:
    """Each call (function, arguments) in a process of its own; returns their exit codes."""
    processes = [SPAWN.Process(target=function, args=arguments) for function, *arguments in calls]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    return [process.exitcode for process in processes]


def test_a_process_killed_while_storing_leaves_no_entry_and_the_next_sweeps_up(store: WeightsStore) -> None:
    assert run((die_while_storing, store.folder)) == [-signal.SIGKILL]
    (leftover,) = entries(store)
    assert leftover.startswith(f".{KEY}-")
    assert store.get(KEY) is None
    put(store)
    assert entries(store) == {KEY}
    assert store.get(KEY) is not None


def test_what_a_killed_process_left_is_swept_up_unless_another_makes_it(store: WeightsStore) -> None:
    other = WeightsStore.key({"seed": 4})
    for key in (KEY, other):
        (store.folder / f".{key}-abc").mkdir(parents=True)
    (store.folder / ".not-a-key").mkdir()
    with store.lock(other):
        assert run((sweep, store.folder)) == [0]
    assert entries(store) == {f".{other}-abc", ".not-a-key"}


@pytest.mark.parametrize("key", ["..", "../../elsewhere", "", KEY[:-1], KEY.upper() + "/"])
def test_a_key_that_is_none_is_refused(store: WeightsStore, key: str) -> None:
    """As of a run file that says that its weights lie elsewhere, which are then to be discarded."""
    store.folder.mkdir(parents=True)
    for use in (store.get, store.discard):
        with pytest.raises(InputError, match="names no stored weights: a name is 24 hexadecimal digits"):
            use(key)


def test_two_processes_that_need_an_entry_make_it_once(store: WeightsStore, tmp_path: Path) -> None:
    barrier, log = SPAWN.Barrier(2), tmp_path / "log"
    assert run(*[(make_once, store.folder, log, barrier)] * 2) == [0, 0]
    assert log.read_text() == "made\n"


def test_two_processes_may_store_the_same_entry_at_once(store: WeightsStore) -> None:
    barrier = SPAWN.Barrier(2)
    assert run(*[(put_at_once, store.folder, barrier)] * 2) == [0, 0]
    assert entries(store) == {KEY}
    assert store.get(KEY) is not None

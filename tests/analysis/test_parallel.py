import gc
import os
import signal
import sys
import time
import weakref
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from analysis import parallel
from analysis.cli import main
from nasbench.errors import InputError
from tests.analysis.sweeps import write_sweeps

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are copied on Linux alone")


@pytest.fixture(autouse=True)
def two_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel, "usable_cores", lambda: 2)


def found(work: Callable[[int], Any], items: int, long: Sequence[int] = ()) -> list[Any]:
    with parallel.in_order(work, items, long) as of_all:
        return list(of_all)


def test_what_is_found_comes_in_order_from_processes_that_know_what_was_loaded() -> None:
    loaded = {number: object() for number in range(9)}  # which could not be sent
    of_all = found(lambda number: (number, number in loaded, os.getpid()), 9)
    assert [(number, known) for number, known, _ in of_all] == [(number, True) for number in range(9)]
    assert os.getpid() not in {process for _, _, process in of_all}


def test_long_items_are_begun_first_and_yet_found_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[int] = []

    class Recorded(ProcessPoolExecutor):
        def submit(self, do: Any, number: int) -> Any:  # type: ignore[override]
            begun.append(number)
            return super().submit(do, number)

    monkeypatch.setattr(parallel, "ProcessPoolExecutor", Recorded)
    assert found(lambda number: number, 9, long=[8, 5]) == list(range(9))
    assert begun == [8, 5, 0, 1, 2, 3, 4, 6, 7]


def test_few_items_are_not_worth_a_process() -> None:
    assert found(lambda _: os.getpid(), 7) == [os.getpid()] * 7


def test_after_a_process_is_killed_the_rest_is_done_in_this_one() -> None:
    parent = os.getpid()

    def deadly(number: int) -> int:
        if os.getpid() != parent and number == 3:
            os.kill(os.getpid(), signal.SIGKILL)
        return number

    assert found(deadly, 9) == list(range(9))


def test_an_error_reaches_the_command() -> None:
    def wrong(number: int) -> int:
        raise InputError(f"item {number} is wrong")

    with pytest.raises(InputError, match="item 0 is wrong"):
        found(wrong, 9)


def test_after_an_error_nothing_more_is_begun(tmp_path: Path) -> None:
    def wrong(number: int) -> int:
        if not number:
            raise InputError("item 0 is wrong")
        time.sleep(0.2)
        return (tmp_path / str(number)).write_bytes(b"")

    with pytest.raises(InputError, match="item 0 is wrong"):
        found(wrong, 40)
    assert len(list(tmp_path.iterdir())) < 10


def test_processes_begin_before_anything_is_taken_and_end_with_what_nobody_takes(tmp_path: Path) -> None:
    def slow(number: int) -> int:
        time.sleep(0.1)
        return (tmp_path / str(number)).write_bytes(b"")

    with parallel.in_order(slow, 40):
        time.sleep(0.5)
        assert (tmp_path / "0").exists()
    done = len(list(tmp_path.iterdir()))
    time.sleep(0.5)
    assert len(list(tmp_path.iterdir())) == done < 30


def test_a_process_keeps_nothing_of_the_items_before() -> None:
    class Item:
        def __init__(self) -> None:
            self.cycle = self

    alive = weakref.WeakSet[Item]()

    def there(_: int) -> int:
        alive.add(Item())
        return len(alive)

    assert set(found(there, 20)) == {1}


def test_no_process_walks_through_what_was_loaded() -> None:
    loaded = [[number] for number in range(1000)]
    assert all(found(lambda _: gc.get_freeze_count() > len(loaded), 9))
    assert gc.get_freeze_count() < len(loaded)


@pytest.mark.slow
def test_processes_write_the_same_bytes_as_one_and_say_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    results = write_sweeps(tmp_path / "results")
    written = []
    for cores in (1, 2):
        monkeypatch.setattr(parallel, "usable_cores", lambda cores=cores: cores)
        assert main([str(results), "--figure", "all", "--report", "--out", str(tmp_path / "out")]) == 0
        files = {path: path.read_bytes() for path in sorted((tmp_path / "out").rglob("*")) if path.is_file()}
        written.append((capsys.readouterr().out, files))
    assert written[0] == written[1]

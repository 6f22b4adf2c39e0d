"""Trainings that are cut off at any step and taken up by another process: the same bytes as in one go."""

import logging
from pathlib import Path

import pytest
import torch

from nasbench.models.elastic import ElasticModel
from nasbench.records import Head
from nasbench.tasks.base import Batch
from nasbench.training import Step, Trained, Training, supervised, train
from nasbench.unfinished import Unfinished
from tests.models.tiny import tiny_network, tiny_split

HEAD = Head.SEQUENCE_CLASSIFICATION
SETTINGS = Training(epochs=3, batch_size=4, learning_rate=1e-3, warmup=0.2)
STEPS = 9
Result = tuple[ElasticModel, Trained, list[int]]
KEY = "0123456789abcdef01234567"


class CutError(Exception):
    """In place of a kill."""


def trained(folder: Path, *, cut: int | None = None, every: float | None = 0.0) -> Result:
    """A training, ended by an error at the beginning of a step, and the steps that it took."""
    model, taken = ElasticModel(tiny_network("bert", HEAD), HEAD, 3), []
    plain = supervised(model)

    def backward(batch: Batch, step: Step) -> float:
        if step.number == cut:
            raise CutError
        taken.append(step.number)
        return plain(batch, step)

    with Unfinished(folder, KEY, every=every) as unfinished:
        try:
            found = train(
                model,
                tiny_split(),
                SETTINGS,
                seed=7,
                backward=backward,
                report=lambda share: None,
                unfinished=unfinished,
            )
            unfinished.over()
        except CutError:
            found = Trained(loss=0.0, optimizer={})
    return model, found, taken


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if not path.name.endswith(".lock"))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Result:
    return trained(tmp_path_factory.mktemp("whole"), every=None)


@pytest.mark.parametrize("cut", [1, 3, 7, 8])
def test_a_training_that_was_cut_goes_on_to_the_same_bytes(cut: int, whole: Result, tmp_path: Path) -> None:
    trained(tmp_path, cut=cut)
    assert len(files(tmp_path)) == 1
    model, found, taken = trained(tmp_path)
    assert taken == list(range(cut, STEPS))
    expected, result, _ = whole
    assert found.loss == result.loss
    assert found.earlier > 0
    for (name, tensor), other in zip(model.state_dict().items(), expected.state_dict().values(), strict=True):
        assert torch.equal(tensor, other), name
    for name, tensor in result.optimizer.items():
        assert torch.equal(tensor, found.optimizer[name]), name
    assert files(tmp_path) == []


def test_it_may_be_cut_many_times(whole: Result, tmp_path: Path) -> None:
    for cut in range(STEPS):
        trained(tmp_path, cut=cut)
    _, found, taken = trained(tmp_path)
    assert taken == [8]
    assert found.loss == whole[1].loss


def test_nothing_is_stored_before_its_time(tmp_path: Path) -> None:
    trained(tmp_path / "later", cut=8, every=3600)
    assert not (tmp_path / "later").exists()  # and no lock of it
    trained(tmp_path / "never", cut=8, every=None)
    assert not (tmp_path / "never").exists()


def test_what_is_there_is_taken_up_by_who_stores_nothing(whole: Result, tmp_path: Path) -> None:
    trained(tmp_path, cut=5)
    _, found, taken = trained(tmp_path, every=None)
    assert (taken, found.loss) == (list(range(5, STEPS)), whole[1].loss)
    assert files(tmp_path) == []


def test_a_damaged_state_is_set_aside_and_the_training_begins_again(
    whole: Result, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    trained(tmp_path, cut=5)
    (name,) = files(tmp_path)
    data = bytearray((tmp_path / name).read_bytes())
    data[-9] ^= 1
    (tmp_path / name).write_bytes(data)
    with caplog.at_level(logging.WARNING):
        _, found, taken = trained(tmp_path)
    assert "damaged" in caplog.text
    assert (taken, found.loss) == (list(range(STEPS)), whole[1].loss)
    assert files(tmp_path) == [name.replace(".safetensors", ".damaged-1")]


def test_of_two_states_the_further_one_counts_and_what_was_half_written_is_removed(tmp_path: Path) -> None:
    for cut in (2, 5):
        trained(tmp_path / str(cut), cut=cut)
    (earlier,) = files(tmp_path / "2")
    (tmp_path / "2" / earlier).rename(
        tmp_path / "5" / earlier
    )  # killed after one was stored, before the other was removed
    (tmp_path / "5" / f".{KEY}.new").write_bytes(b"half")
    _, _, taken = trained(tmp_path / "5")
    assert taken == list(range(5, STEPS))
    assert files(tmp_path / "5") == []


def test_a_first_state_that_was_half_written_goes_with_the_training(tmp_path: Path) -> None:
    (tmp_path / f".{KEY}.new").write_bytes(b"half")
    trained(tmp_path, every=3600)
    assert files(tmp_path) == []


def test_a_second_process_trains_without(whole: Result, tmp_path: Path) -> None:
    trained(tmp_path, cut=5)
    with Unfinished(tmp_path, KEY, every=0.0) as other:
        assert other.state() is not None
        _, found, taken = trained(tmp_path)
    assert (taken, found.loss) == (list(range(STEPS)), whole[1].loss)
    assert len(files(tmp_path)) == 1  # of the first


def test_a_full_disk_is_said_once_and_the_training_goes_on(
    whole: Result, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(tensors: object, file: Path) -> None:
        file.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    trained(tmp_path, cut=2)
    monkeypatch.setattr("nasbench.unfinished.save", full)
    with caplog.at_level(logging.WARNING):
        _, found, _ = trained(tmp_path)
    assert found.loss == whole[1].loss
    assert caplog.text.count("No space left on device") == 1
    assert files(tmp_path) == []  # neither a half one nor that of before

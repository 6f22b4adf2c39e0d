"""Text for pre-training: packing by hand, masks of 80/10/10, splits by document, bad input in a sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import datasets
import numpy as np
import pytest

from nasbench import rng
from nasbench.errors import InputError
from nasbench.tasks import text
from nasbench.tasks.base import Source
from nasbench.tasks.bbc import StorySplit, read_articles
from nasbench.tasks.bbc_text import BbcText
from nasbench.tasks.corpus import Packing
from nasbench.tasks.masking import UNASKED, Masking
from nasbench.tasks.text import Text
from tests.models.tiny import tiny_tokenizer

MASKING = Masking(mask_id=4, vocabulary=1000, special_ids=(0, 1, 2), probability=0.15)


def packing(**changes: Any) -> Packing:
    fields = {"length": 8, "probability": 0.15, "train_sequences": None, "held_out_sequences": None}
    return Packing(**{**fields, **changes})


def words(first: int, count: int) -> str:
    return " ".join(f"w{i}" for i in range(first, first + count))


def test_documents_are_packed_end_to_end_and_parted() -> None:
    """Word i has id 5 + i; 0 is [CLS], 2 is [SEP]; 13 tokens make two sequences of six, and one is dropped."""
    documents = {"train": [words(0, 4), words(4, 5), words(9, 1)], "held_out": [words(20, 6)]}
    packed = packing().pack(documents, tiny_tokenizer(), origin="test")
    assert packed.train.tolist() == [[0, 5, 6, 7, 8, 2, 9, 2], [0, 10, 11, 12, 13, 2, 14, 2]]
    assert packed.held_out.tolist() == [[0, 25, 26, 27, 28, 29, 30, 2]]
    assert packed.source_note == "test: 2 train and 1 held-out sequences of 8 tokens"
    assert packing(train_sequences=1).pack(documents, tiny_tokenizer(), origin="test").train.tolist() == [
        [0, 5, 6, 7, 8, 2, 9, 2]
    ]


def test_fingerprints_tell_text_and_settings_apart() -> None:
    documents = {"train": [words(0, 20)], "held_out": [words(20, 12)]}
    other = {**documents, "train": [words(1, 20)]}
    found = {
        settings.pack(text, tiny_tokenizer(), origin="test").fingerprint
        for settings in (packing(), packing(length=9), packing(probability=0.2))
        for text in (documents, other)
    }
    assert len(found) == 6


def test_masks_are_80_10_10_of_the_share_that_is_asked_for() -> None:
    tokens = np.full((200, 500), 7)
    tokens[:, 0], tokens[:, -1] = 0, 2
    batch = {name: tensor.numpy() for name, tensor in MASKING.masked(tokens, rng.generator(0, "test")).items()}
    asked = batch["labels"] != UNASKED
    assert not asked[:, [0, -1]].any()
    assert abs(asked[:, 1:-1].mean() - 0.15) < 0.005
    assert (batch["labels"][asked] == 7).all()
    assert (batch["input_ids"][~asked] == tokens[~asked]).all()
    shown = batch["input_ids"][asked]
    assert abs((shown == 4).mean() - 0.8) < 0.01
    assert abs((shown == 7).mean() - 0.1) < 0.01
    assert abs(np.isin(shown, [4, 7], invert=True).mean() - 0.1) < 0.01


def test_masks_are_drawn_anew_each_step_and_repeat_by_their_stream() -> None:
    tokens = np.full((4, 50), 7)
    first, again, next_step = (MASKING.masked(tokens, rng.generator(0, "mask", i))["labels"] for i in (0, 0, 1))
    assert first.equal(again)
    assert not first.equal(next_step)


def test_a_batch_always_asks_for_one_token() -> None:
    rare = Masking(mask_id=4, vocabulary=10, special_ids=(0,), probability=1e-9)
    labels = rare.masked(np.array([[0, 7, 7], [0, 7, 7]]), rng.generator(0, "test"))["labels"]
    assert int((labels != UNASKED).sum()) == 1


def test_bbc_text_holds_out_articles_and_never_shows_those_of_the_test_split(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, list[str]] = {}
    monkeypatch.setattr(Packing, "pack", lambda self, documents, tokenizer, origin: seen.update(documents))
    BbcText().load(tiny_tokenizer())
    articles = StorySplit(seed=128, test_share=0.2, validation_share=0.3).divide(read_articles())
    titles = {name: [text.partition("\n")[0] for text in texts] for name, texts in seen.items()}
    assert titles == {
        name: [a.title for a in articles[s]] for name, s in (("train", "train"), ("held_out", "validation"))
    }
    tested = {a.paragraphs[0] for a in articles["test"]}
    assert not tested & {text.split("\n")[1] for texts in seen.values() for text in texts}


def local(**changes: Any) -> Text:
    return Text(**{"name": "text", "source": Source.LOCAL, "sequence_length": 8, **changes})


def test_lines_of_a_text_file_are_documents_of_which_some_are_held_out(tmp_path: Path) -> None:
    file = tmp_path / "train.txt"
    file.write_text("\n".join([words(0, 30), "", words(0, 30), words(0, 30), "  "]))
    packed = local(folder=str(tmp_path), held_out_share=0.34).load(tiny_tokenizer())
    assert (len(packed.train), len(packed.held_out)) == (62 // 6, 31 // 6)
    assert local(files={"train": str(file)}).load(tiny_tokenizer()).fingerprint  # one document at least is held out


def divided(monkeypatch: pytest.MonkeyPatch, folder: Path, **changes: Any) -> dict[str, list[int]]:
    """Of documents that are numbers, those of each split."""
    seen: dict[str, list[int]] = {}
    monkeypatch.setattr(
        Packing,
        "pack",
        lambda self, documents, tokenizer, origin: seen.update({n: list(map(int, d)) for n, d in documents.items()}),
    )
    local(folder=str(folder), **changes).load(tiny_tokenizer())
    return seen


def test_at_most_so_many_documents_are_read_of_which_the_share_is_held_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "train.txt").write_text("\n".join(map(str, range(1000))))
    read: list[int] = []
    real = text.texts

    def texts(rows: datasets.Dataset, column: str) -> list[str]:
        read.append(len(rows))
        return real(rows, column)

    monkeypatch.setattr(text, "texts", texts)
    for documents, held_out in ((None, 50), (100, 5), (40, 2), (2, 1)):
        found = divided(monkeypatch, tmp_path, documents=documents)
        assert read.pop() == sum(map(len, found.values())) == (documents or 1000)
        assert len(found["held_out"]) == held_out
        assert not set(found["train"]) & set(found["held_out"])
        assert all(part == sorted(part) for part in found.values())
    spread = divided(monkeypatch, tmp_path, documents=100)["train"]
    assert max(spread) - min(spread) > 500


def test_rows_that_are_parts_of_documents_are_held_out_as_neighbours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "train.txt").write_text("\n".join(map(str, range(1000))))
    for documents in (None, 100):
        found = divided(monkeypatch, tmp_path, documents=documents, consecutive=True)
        together = [*found["train"], *found["held_out"]]
        assert together == list(range(together[0], together[0] + (documents or 1000)))
        assert len(found["held_out"]) == len(together) // 20


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("\n \n", "has 0 documents with text: it needs two or more"),
        (words(0, 30), "has 1 documents with text"),
        (f"{words(0, 2)}\n{words(0, 3)}", "tokens, less than one sequence of 8: give it more text"),
    ],
)
def test_an_empty_corpus_and_documents_shorter_than_a_sequence_are_told(
    tmp_path: Path, content: str, told: str
) -> None:
    (tmp_path / "train.txt").write_text(content)
    with pytest.raises(InputError, match=told):
        local(folder=str(tmp_path)).load(tiny_tokenizer())


def test_other_bad_input_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"source=local takes either corpus\.folder=FOLDER"):
        local().load(tiny_tokenizer())
    with pytest.raises(InputError, match=r"corpus\.sequence_length must be at least 8"):
        BbcText(sequence_length=4)
    with pytest.raises(InputError, match=r"corpus\.mask_probability"):
        BbcText(mask_probability=0)
    with pytest.raises(InputError, match=r"corpus\.held_out_sequences must be at least 1 or null, not 0"):
        BbcText(held_out_sequences=0)
    with pytest.raises(InputError, match=r"corpus\.held_out_share"):
        local(held_out_share=1.0)

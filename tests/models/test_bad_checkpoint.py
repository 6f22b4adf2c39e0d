"""Bad checkpoints are told in one sentence."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import AutoModel, BertConfig

from nasbench.errors import InputError
from nasbench.models.checkpoint import (
    LocalCheckpoint,
)
from nasbench.records import Head
from tests.fuzz import FEW, changed, read_or_refused
from tests.models.folders import edit_config, remove
from tests.models.tiny import tiny_config, tiny_network

QA = Head.QUESTION_ANSWERING


def cut(file, size=200):
    file.write_bytes(file.read_bytes()[:-size])


BAD_FOLDERS: dict[str, tuple[Callable[[Path], object], str]] = {
    "no folder": (shutil.rmtree, "is no folder"),
    "no configuration": (lambda f: remove(f, "config.json"), "has no config.json"),
    "no weights": (lambda f: remove(f, "model.safetensors"), "has no weights"),
    "weights cut short": (lambda f: cut(f / "model.safetensors"), "is no whole safetensors file"),
    "empty weights": (lambda f: (f / "model.safetensors").write_bytes(b""), "is no whole safetensors file"),
    "a pickle cut short": (
        lambda f: (f / "model.safetensors").rename(f / "pytorch_model.bin").write_bytes(b"PK\x03\x04cut"),
        "cannot be loaded",
    ),
    "broken configuration": (lambda f: cut(f / "config.json"), "cannot be loaded"),
    "a configuration of something else": (
        lambda f: (f / "config.json").write_text("{}"),
        "does not say its model_type",
    ),
    "a configuration that is no mapping": (
        lambda f: (f / "config.json").write_text("[1]"),
        "does not say its model_type",
    ),
    "unknown family": (lambda f: edit_config(f, model_type="gpt2"), "'gpt2' is not known; there are bert, distilbert"),
    "a path as family": (lambda f: edit_config(f, model_type="../bert"), "is not known"),
    "another hidden size": (lambda f: edit_config(f, hidden_size=32), r"has shape \[16\], where \[32\] is needed"),
    "more layers than weights": (lambda f: edit_config(f, num_hidden_layers=4), "lack 16 tensors of the encoder"),
    "heads that do not divide": (lambda f: edit_config(f, num_attention_heads=3), "not a multiple"),
    "a size of the wrong type": (lambda f: edit_config(f, hidden_size="wide"), "cannot be loaded"),
    "no heads": (lambda f: edit_config(f, num_attention_heads=0), "num_attention_heads=0, which must be an integer of"),
    "fewer layers than none": (lambda f: edit_config(f, num_hidden_layers=-1), "num_hidden_layers=-1"),
    "padding that is no token": (lambda f: edit_config(f, pad_token_id=999), "cannot be loaded: AssertionError"),
    "labels that are no mapping": (lambda f: edit_config(f, id2label=[1]), "cannot be loaded"),
    "a type that there is not": (lambda f: edit_config(f, dtype="nope"), "cannot be loaded"),
    "a decoder": (lambda f: edit_config(f, is_decoder=True), "set up as a decoder"),
}


@pytest.mark.parametrize("case", BAD_FOLDERS)
def test_a_bad_folder_is_told_in_one_sentence(case, folder, capfd):
    spoil, told = BAD_FOLDERS[case]
    spoil(folder)
    with pytest.raises(InputError, match=told) as error:
        LocalCheckpoint(path=str(folder)).load(QA, 2, 0)
    assert "\n" not in str(error.value)
    assert str(folder) in str(error.value) or "known" in told or "decoder" in told
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("case", ["no folder", "no weights", "no configuration"])
def test_a_bad_folder_has_no_fingerprint(case, folder):
    spoil, told = BAD_FOLDERS[case]
    spoil(folder)
    with pytest.raises(InputError, match=told):
        LocalCheckpoint(path=str(folder)).fingerprint()


def test_a_folder_without_tokenizer_is_told(folder):
    remove(folder, "tokenizer.json")
    with pytest.raises(InputError, match="has no tokenizer"):
        LocalCheckpoint(path=str(folder)).tokenizer()


def test_a_tokenizer_of_more_tokens_than_the_network_is_told(folder):
    edit_config(folder, vocab_size=39)
    with pytest.raises(InputError, match=r"has 40 tokens but config\.json allows 39"):
        LocalCheckpoint(path=str(folder)).tokenizer()


def test_a_broken_tokenizer_is_told(folder):
    cut(folder / "tokenizer.json")
    with pytest.raises(InputError, match="cannot be loaded"):
        LocalCheckpoint(path=str(folder)).tokenizer()


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("tokenizer.json", "[1]"),
        ("tokenizer.json", "{}"),
        ("tokenizer.json", '{"added_tokens": [], "model": {}}'),
        ("tokenizer.json", '{"added_tokens": [], "model": {"type": "WordPiece"}, "normalizer": {"type": "Nope"}}'),
        ("tokenizer_config.json", "[1]"),
    ],
)
def test_a_tokenizer_that_is_none_is_told(folder, file, text):
    (folder / file).write_text(text)
    with pytest.raises(InputError, match=rf"{folder} cannot be loaded: \w+: "):
        LocalCheckpoint(path=str(folder)).tokenizer()


INDEX = "model.safetensors.index.json"


@pytest.mark.parametrize(
    "text", ["[1]", "{}", '{"weight_map": [1]}', '{"weight_map": {"a": 1}}', '{"weight_map": {"a": "../config.json"}}']
)
def test_an_index_of_weights_that_is_none_is_told(folder, text):
    remove(folder, "model.safetensors")
    (folder / INDEX).write_text(text)
    with pytest.raises(InputError, match=r"cannot be loaded|names weights that are no files beside it"):
        LocalCheckpoint(path=str(folder)).fingerprint()


@settings(FEW, max_examples=40)
@given(data=st.data())
@pytest.mark.parametrize(
    ("file", "use"),
    [
        ("config.json", lambda checkpoint: checkpoint.config()),
        ("tokenizer.json", lambda checkpoint: checkpoint.tokenizer()),
        (INDEX, lambda checkpoint: checkpoint.fingerprint()),
    ],
    ids=["config", "tokenizer", "index"],
)
def test_a_file_with_another_value_anywhere_is_read_or_refused(folder, file, use, data):
    weights = folder / "model.safetensors"
    if file == INDEX and weights.exists():
        weights.rename(folder / "a.safetensors")
        (folder / file).write_text('{"metadata": {}, "weight_map": {"w": "a.safetensors"}}')
    whole = (folder / file).read_text()
    try:
        (folder / file).write_text(json.dumps(data.draw(changed(json.loads(whole)))))
        with read_or_refused():
            use(LocalCheckpoint(path=str(folder)).located())
    finally:
        (folder / file).write_text(whole)


def test_an_unfitting_head_of_the_checkpoint_is_told(tmp_path):
    tiny_network("bert", Head.SEQUENCE_CLASSIFICATION).save_pretrained(tmp_path)
    with pytest.raises(InputError, match=r"classifier.bias.*has shape \[3\], where \[5\] is needed"):
        LocalCheckpoint(path=str(tmp_path)).load(Head.SEQUENCE_CLASSIFICATION, 5, 0)


def test_a_checkpoint_of_another_architecture_is_told(tmp_path):
    """Weights that share no name with the encoder: none of it may be silently drawn at random."""
    AutoModel.from_config(tiny_config("distilbert", QA)).save_pretrained(tmp_path)
    BertConfig(
        **{k: v for k, v in tiny_config("bert", QA).to_diff_dict().items() if k != "model_type"}
    ).save_pretrained(tmp_path)
    with pytest.raises(InputError, match="tensors of the encoder"):
        LocalCheckpoint(path=str(tmp_path)).load(QA, 2, 0)

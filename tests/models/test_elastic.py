"""The elastic model, run whole, is transformers' own model; it holds that model's tensors once."""

import copy
import pickle

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import BertConfig, BertForQuestionAnswering, GPT2Config, GPT2ForSequenceClassification

from nasbench import rng
from nasbench.errors import InputError
from nasbench.models.elastic import ElasticModel
from nasbench.records import Head, SubNetwork, kept
from tests.models.masked_oracle import task_logits
from tests.models.tiny import FAMILIES, LABELS, tiny_batch, tiny_network

SHAPES = [
    {"hidden": 16, "layers": 3, "heads": 4, "units": 12},
    {"hidden": 24, "layers": 1, "heads": 1, "units": 5},
    {"hidden": 32, "layers": 2, "heads": 8, "units": 64},
]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("head", Head)
@pytest.mark.parametrize("family", FAMILIES)
def test_logits_and_hidden_states_equal_those_of_transformers(family, head, shape):
    network = tiny_network(family, head, **shape)
    model = ElasticModel(network, head, LABELS[head]).eval()
    batch = tiny_batch(family, head)
    with torch.inference_mode():
        flat = {name: tensor.flatten(0, -2) for name, tensor in batch.items()}
        hidden = network.base_model(**flat).last_hidden_state
        real = flat["attention_mask"].bool()
        torch.testing.assert_close(model.hidden_states(batch)[real], hidden[real], atol=1e-5, rtol=0)
        torch.testing.assert_close(model(batch), task_logits(network, batch), atol=1e-5, rtol=0)


@pytest.mark.parametrize("head", [Head.SEQUENCE_CLASSIFICATION, Head.QUESTION_ANSWERING, Head.MULTIPLE_CHOICE])
@pytest.mark.parametrize("family", FAMILIES)
def test_dropout_while_training_is_that_of_transformers(family, head):
    network = tiny_network(family, head).train()
    model = ElasticModel(network, head, LABELS[head]).train()
    batch = tiny_batch(family, head)
    with rng.scope(0, "dropout"):
        expected = task_logits(network, batch)
    with rng.scope(0, "dropout"):
        torch.testing.assert_close(model(batch), expected, atol=1e-5, rtol=0)
    with rng.scope(1, "dropout"):
        assert not torch.allclose(model(batch), expected, atol=1e-3)


@pytest.mark.parametrize("family", FAMILIES)
def test_without_padding_the_mask_makes_no_difference(family):
    head = Head.QUESTION_ANSWERING
    model = ElasticModel(tiny_network(family, head), head, 2).eval()
    batch = tiny_batch(family, head, padding=False)
    longer = {name: torch.nn.functional.pad(tensor, (0, 3), value=1) for name, tensor in batch.items()}
    longer["attention_mask"][:, -3:] = 0
    with torch.inference_mode():
        torch.testing.assert_close(model(longer)[:, :-3], model(batch), atol=1e-6, rtol=0)


def test_keys_of_a_batch_that_are_no_inputs_are_ignored():
    head = Head.QUESTION_ANSWERING
    model = ElasticModel(tiny_network("distilbert", head), head, 2).eval()
    batch = tiny_batch("bert", head)
    with torch.inference_mode():
        expected = model({name: batch[name] for name in ("input_ids", "attention_mask")})
        torch.testing.assert_close(model({**batch, "labels": torch.zeros(4)}), expected)


@pytest.mark.parametrize("head", Head)
@pytest.mark.parametrize("family", FAMILIES)
def test_state_holds_each_tensor_once_and_survives_a_file(family, head, tmp_path):
    network = tiny_network(family, head)
    model = ElasticModel(network, head, LABELS[head]).eval()
    state = model.state_dict()
    assert sum(t.numel() for t in state.values()) == network.num_parameters()
    assert sum(p.numel() for p in model.parameters()) == network.num_parameters()
    assert {name.removeprefix("network.") for name in state} <= set(network.state_dict())
    save_file(state, tmp_path / "state.safetensors")
    other = ElasticModel(tiny_network(family, head, seed=1), head, LABELS[head]).eval()
    batch = tiny_batch(family, head)
    with torch.inference_mode():
        assert not torch.allclose(other(batch), model(batch), atol=1e-3)
        other.load_state_dict(load_file(tmp_path / "state.safetensors"))
        torch.testing.assert_close(other(batch), model(batch), atol=0, rtol=0)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_a_copy_runs_on_its_own_tensors(copied):
    head = Head.MASKED_LM
    model = ElasticModel(tiny_network("bert", head), head, 40).eval()
    batch = tiny_batch("bert", head)
    with torch.inference_mode():
        before = model(batch)
    other = copied(model)
    with torch.no_grad():
        for parameter in other.parameters():
            parameter.zero_()
        assert torch.equal(model(batch), before)
        assert not other(batch).any()


def test_zero_gradients_leaves_no_parameter_without_a_gradient():
    head = Head.QUESTION_ANSWERING
    model = ElasticModel(tiny_network("bert", head), head, 2)
    model(tiny_batch("bert", head), SubNetwork((0,), (range(1),), (range(1),))).sum().backward()
    assert any(p.grad is None for p in model.parameters())
    model.zero_gradients()
    assert all(p.grad is not None and not p.grad.any() for p in model.parameters())


def test_an_unknown_family_is_told_with_those_there_are():
    network = GPT2ForSequenceClassification(GPT2Config(n_embd=8, n_layer=1, n_head=1, vocab_size=9, n_positions=8))
    with pytest.raises(InputError, match="'gpt2' is not known; there are bert, distilbert, roberta"):
        ElasticModel(network, Head.SEQUENCE_CLASSIFICATION, 2)


def test_a_decoder_is_refused():
    config = BertConfig(hidden_size=8, num_hidden_layers=1, num_attention_heads=1, vocab_size=9, is_decoder=True)
    with pytest.raises(InputError, match="BertForQuestionAnswering is set up as a decoder"):
        ElasticModel(BertForQuestionAnswering(config), Head.QUESTION_ANSWERING, 2)


@pytest.mark.parametrize(
    ("sub_network", "told"),
    [
        (SubNetwork((3,), (range(1),), (range(1),)), "layer 3 is kept of a network that has 3"),
        (SubNetwork((0,), (range(5),), (range(1),)), "index 4 is kept of a layer that has 4"),
        (SubNetwork((0,), (range(4),), (kept([0, 12]),)), "index 12 is kept of a layer that has 12"),
    ],
)
def test_what_the_network_has_not_cannot_be_kept(sub_network, told):
    head = Head.QUESTION_ANSWERING
    model = ElasticModel(tiny_network("bert", head), head, 2)
    with pytest.raises(ValueError, match=told):
        model(tiny_batch("bert", head), sub_network)

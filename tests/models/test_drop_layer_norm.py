"""The published code's variant: a sub-layer with nothing kept loses its LayerNorm too."""

import copy
from pathlib import Path

import pytest
import torch

from nasbench import cost
from nasbench.compose import experiment
from nasbench.errors import InputError
from nasbench.models.elastic import ElasticModel
from nasbench.models.export import Format, export
from nasbench.models.extraction import extract
from nasbench.records import Head, SubNetwork
from nasbench.run import assemble
from tests.conftest import TINY
from tests.models.masked_oracle import masked, task_logits
from tests.models.tiny import FAMILIES, LABELS, SHAPES_OF_SUB_NETWORKS, tiny_batch, tiny_network, tiny_tokenizer

HEAD = Head.SEQUENCE_CLASSIFICATION
WITHOUT = ("no heads", "no units", "nothing in its layers")
"""Sub-networks in whose kept layers something is removed whole."""


def elastic(family: str, drop_layer_norm: bool = True) -> ElasticModel:
    return ElasticModel(tiny_network(family, HEAD), HEAD, LABELS[HEAD], drop_layer_norm=drop_layer_norm).eval()


@pytest.mark.parametrize("shape", SHAPES_OF_SUB_NETWORKS)
@pytest.mark.parametrize("family", FAMILIES)
def test_output_and_gradients_equal_those_of_the_masked_network(family: str, shape: str) -> None:
    sub_network, model = SHAPES_OF_SUB_NETWORKS[shape], elastic(family)
    network, batch = copy.deepcopy(model.network), tiny_batch(family, HEAD)
    with masked(network, sub_network, drop_layer_norm=True):
        expected = task_logits(network, batch)
    logits = model(batch, sub_network)
    torch.testing.assert_close(logits, expected, atol=1e-5, rtol=0)
    for out in (logits, expected):
        (torch.linspace(-1, 1, out.numel()).view_as(out) * out).mean().backward()
    for (name, p), q in zip(model.network.named_parameters(), network.parameters(), strict=True):
        grads = [torch.zeros_like(x) if x.grad is None else x.grad for x in (p, q)]
        torch.testing.assert_close(*grads, atol=1e-5, rtol=0, msg=name)


@pytest.mark.parametrize("shape", WITHOUT)
def test_it_changes_outputs_only_where_something_is_removed_whole(shape: str) -> None:
    batch = tiny_batch("bert", HEAD)
    with torch.inference_mode():
        kept, dropped = (elastic("bert", drop)(batch, SHAPES_OF_SUB_NETWORKS[shape]) for drop in (False, True))
        assert not torch.allclose(kept, dropped, atol=1e-3)
        whole = [elastic("bert", drop)(batch, SHAPES_OF_SUB_NETWORKS["scattered"]) for drop in (False, True)]
    assert torch.equal(*whole)


@pytest.mark.parametrize("shape", SHAPES_OF_SUB_NETWORKS)
@pytest.mark.parametrize("family", FAMILIES)
def test_extraction_has_the_parameters_of_the_formula_and_the_same_output(family: str, shape: str) -> None:
    model, sub_network = elastic(family), SHAPES_OF_SUB_NETWORKS[shape]
    extracted = extract(model, sub_network)
    assert sum(p.numel() for p in extracted.parameters()) == cost.parameters(model.shape, sub_network)
    batch = tiny_batch(family, HEAD)
    with torch.inference_mode():
        torch.testing.assert_close(extracted(batch), model(batch, sub_network), atol=1e-5, rtol=0)


def test_parameters_counted_by_hand() -> None:
    """d = 16: a layer without heads has its feed-forward sub-layer and that one's LayerNorm alone."""
    model = elastic("bert")
    network = SubNetwork((0,), (range(0),), (range(2),))
    feed_forward, norm = 16 * 2 + 2 + 2 * 16 + 16, 2 * 16
    assert cost.encoder_parameters(model.shape, network) == feed_forward + norm


def test_plain_transformers_cannot_be_padded_to_it(tmp_path: Path) -> None:
    extracted = extract(elastic("bert"), SHAPES_OF_SUB_NETWORKS["no heads"])
    with pytest.raises(InputError, match="padded cannot leave out the LayerNorm"):
        export(extracted, tiny_tokenizer(), tmp_path / "out", Format.PADDED, {})
    assert list(tmp_path.iterdir()) == []
    export(
        extract(elastic("bert"), SHAPES_OF_SUB_NETWORKS["prefixes"]), tiny_tokenizer(), tmp_path / "out", "padded", {}
    )


@pytest.mark.slow
def test_it_is_an_option_of_every_model_and_part_of_a_runs_identity() -> None:
    runs = [
        assemble(spec)
        for drop in ("false", "true")
        for spec in experiment([*TINY, "method=ws_nas", "space=medium", f"model.drop_layer_norm={drop}"]).runs
    ]
    assert len({run.run_id for run in runs}) == 2
    empty = SubNetwork((0,), (range(0),), (range(0),))
    kept, dropped = (run.problem.sizes(empty).encoder_parameters for run in runs)
    assert (kept, dropped) == (4 * 32, 0)
    assert [run.problem.pretrained().settings.drop_layer_norm for run in runs] == [False, True]

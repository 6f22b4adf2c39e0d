"""Products in bfloat16: close to float32's, never mistaken for them, and told in the run's numerics."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from nasbench.errors import InputError
from nasbench.precision import Precision, arithmetic
from nasbench.records import Head
from nasbench.results import read_run
from tests.models.tiny import SHAPES_OF_SUB_NETWORKS, tiny_batch, tiny_network
from tests.test_run import Rows

Make = Callable[..., Path]


def loss_of(model, batch, network):
    return (model(batch, network) ** 2).mean()


def gradients(model: torch.nn.Module) -> dict[str, torch.Tensor]:
    return {name: parameter.grad for name, parameter in model.named_parameters() if parameter.grad is not None}


@pytest.mark.parametrize("shape", SHAPES_OF_SUB_NETWORKS)
def test_gradients_added_in_place_are_those_of_autograd(shape: str) -> None:
    """Both in bfloat16, and near those of float32; weights, gradients and logits are float32 themselves."""
    from nasbench.models.elastic import ElasticModel

    head, network = Head.SEQUENCE_CLASSIFICATION, SHAPES_OF_SUB_NETWORKS[shape]
    model = ElasticModel(tiny_network("bert", head), head, 3).eval()
    models, batch = [copy.deepcopy(model) for _ in range(3)], tiny_batch("bert", head)
    for each in models:
        each.zero_gradients()
    with arithmetic(Precision.BFLOAT16, "cpu"):
        loss_of(models[0], batch, network).backward()
        with models[1].gradients_in_place():
            loss = loss_of(models[1], batch, network)
            loss.backward()
    loss_of(models[2], batch, network).backward()
    found, expected, exact = (gradients(each) for each in (models[1], models[0], models[2]))
    assert loss.dtype == torch.float32
    assert all(gradient.dtype == torch.float32 for gradient in found.values())
    size = max(gradient.abs().max().item() for gradient in exact.values())
    torch.testing.assert_close(found, expected, atol=0.01 * size, rtol=0.02)
    torch.testing.assert_close(found, exact, atol=0.05 * size, rtol=0.1)
    assert any(not torch.equal(exact[name], found[name]) for name in found)


@pytest.mark.parametrize("method", ["ws_nas", "retraining_free_pruning"])
def test_a_run_in_bfloat16_is_near_one_in_float32(tmp_path: Path, make_run: Make, rows: Rows, method: str) -> None:
    exact, rounded, again = (
        read_run(make_run(tmp_path / name, method, f"runtime.precision={precision}"))
        for name, precision in (("f", "float32"), ("b", "bfloat16"), ("c", "bfloat16"))
    )
    assert (exact.header.run_id, exact.header.numerics["dtype"]) == (rounded.header.run_id, "float32")
    assert rounded.header.numerics == {**exact.header.numerics, "dtype": "bfloat16"}
    first, second = (run.trials[0].evaluation.scores["loss"] for run in (exact, rounded))
    assert first != second
    assert second == pytest.approx(first, rel=0.05)
    assert rows(rounded.path) == rows(again.path)


def test_a_run_is_not_resumed_in_another_precision(tmp_path: Path, make_run: Make) -> None:
    path = make_run(tmp_path, "ws_nas")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(InputError, match="dtype"):
        make_run(tmp_path, "ws_nas", "runtime.precision=bfloat16")


def test_weights_that_change_within_the_context_are_read_anew() -> None:
    linear = torch.nn.Linear(4, 4)
    with arithmetic(Precision.BFLOAT16, "cpu"):
        before = linear(torch.ones(1, 4))
        with torch.no_grad():
            linear.weight.add_(1.0)
        after = linear(torch.ones(1, 4))
    assert before.dtype == torch.bfloat16
    assert not torch.equal(before, after)

"""The gradient of a super-network step equals that of a naive implementation: masks on transformers' full model."""

import copy
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from nasbench import rng
from nasbench.models.elastic import ElasticModel
from nasbench.records import Head
from nasbench.spaces.small import Small
from nasbench.supernet.base import Distillation, Pass, Strategy
from nasbench.supernet.kd import InPlaceDistillation
from nasbench.supernet.random import RandomSubNetwork
from nasbench.supernet.sandwich import Sandwich
from nasbench.supernet.training import accumulate_gradients
from tests.models.masked_oracle import masked, task_logits
from tests.models.tiny import tiny_batch, tiny_network

T = 3.0
LABELS = {
    Head.SEQUENCE_CLASSIFICATION: {"labels": torch.tensor([0, 2, 1, 1])},
    Head.REGRESSION: {"labels": torch.tensor([0.1, 0.2, -1.0, 3.0])},
    Head.QUESTION_ANSWERING: {
        "start_positions": torch.tensor([1, 0, 1, 0]),
        "end_positions": torch.tensor([4, 2, 1, 0]),
    },
}
STRATEGIES: dict[str, Strategy] = {
    "random": RandomSubNetwork(seed=0),
    "sandwich": Sandwich(seed=0),
    "kd": InPlaceDistillation(seed=0, distillation=Distillation(temperature=T)),
    "full": Sandwich(seed=0, k=3, distil=True, distillation=Distillation(temperature=T)),
    "full, divergence not scaled": Sandwich(
        seed=0, k=2, distil=True, distillation=Distillation(temperature=T, squared=False)
    ),
}


def naive_gradients(network: Any, head: Head, batch: dict[str, Tensor], passes: list[Pass], factor: float) -> float:
    """One graph of all passes on the masked full network, in the textbook's words."""
    inputs = {name: batch[name] for name in ("input_ids", "attention_mask", "token_type_ids")}
    total, teacher = torch.tensor(0.0), torch.tensor(0.0)
    for item in passes:
        with masked(network, item.network):
            logits = task_logits(network, inputs)
        if item.labels:
            total = total + hard_loss(head, logits, batch)
        if item.distil:
            total = total + soft_loss(head, logits, teacher, batch, factor)
        if item.teacher:
            teacher = logits.detach()
    total.backward()
    return total.item()


def rows(head: Head, logits: Tensor, batch: dict[str, Tensor]) -> list[Tensor]:
    """Each distribution of a batch apart: classes of an item, or the real positions of its start and of its end."""
    if head is Head.QUESTION_ANSWERING:
        lengths = batch["attention_mask"].sum(1).tolist()
        return [logits[i, :n, side] for i, n in enumerate(lengths) for side in (0, 1)]
    return list(logits)


def hard_loss(head: Head, logits: Tensor, batch: dict[str, Tensor]) -> Tensor:
    if head is Head.REGRESSION:
        return ((logits[:, 0] - batch["labels"]) ** 2).mean()
    if head is Head.QUESTION_ANSWERING:
        targets = torch.stack([batch["start_positions"], batch["end_positions"]], 1).flatten().tolist()
    else:
        targets = batch["labels"].tolist()
    chosen = [F.log_softmax(row, 0)[t] for row, t in zip(rows(head, logits, batch), targets, strict=True)]
    return -torch.stack(chosen).mean()


def soft_loss(head: Head, student: Tensor, teacher: Tensor, batch: dict[str, Tensor], factor: float) -> Tensor:
    if head is Head.REGRESSION:
        return ((student - teacher) ** 2).mean()
    divergences = []
    for s, t in zip(rows(head, student, batch), rows(head, teacher, batch), strict=True):
        p, q = F.softmax(t / T, 0), F.softmax(s / T, 0)
        divergences.append((p * (p.log() - q.log())).sum())
    return factor * torch.stack(divergences).mean()


@pytest.mark.parametrize("head", LABELS)
@pytest.mark.parametrize("strategy", STRATEGIES.values(), ids=STRATEGIES)
def test_a_steps_gradient_equals_the_naive_masked_one(head: Head, strategy: Strategy) -> None:
    network = tiny_network("bert", head)
    model = ElasticModel(copy.deepcopy(network), head, 3)
    space = Small(allow_zero=True).bind(model.shape)
    batch = {**tiny_batch("bert", head), **LABELS[head]}
    passes = strategy.plan(space, rng.generator(0, "sub_networks", 0), 0.5)
    model.zero_gradients()

    loss = accumulate_gradients(model, batch, passes, strategy)
    expected = naive_gradients(network, head, batch, passes, T**2 if strategy.distillation.squared else 1.0)

    assert loss == pytest.approx(expected, rel=1e-5)
    oracle = dict(network.named_parameters())
    for name, parameter in model.network.named_parameters():
        wanted = oracle[name].grad
        torch.testing.assert_close(
            parameter.grad, torch.zeros_like(parameter) if wanted is None else wanted, atol=1e-5, rtol=1e-4, msg=name
        )


def test_a_teacher_that_only_teaches_gets_no_gradient() -> None:
    head = Head.SEQUENCE_CLASSIFICATION
    model = ElasticModel(tiny_network("bert", head), head, 3)
    batch = {**tiny_batch("bert", head), **LABELS[head]}
    teacher = Pass(network=model.shape.full(), labels=False, teacher=True)
    model.zero_gradients()
    assert accumulate_gradients(model, batch, [teacher], STRATEGIES["kd"]) == 0.0
    assert all(not parameter.grad.any() for parameter in model.parameters() if parameter.grad is not None)


def test_distilling_before_there_is_a_teacher_is_an_error() -> None:
    head = Head.SEQUENCE_CLASSIFICATION
    model = ElasticModel(tiny_network("bert", head), head, 3)
    batch = {**tiny_batch("bert", head), **LABELS[head]}
    student = Pass(network=model.shape.full(), distil=True)
    with pytest.raises(ValueError, match="teacher before the passes that distil"):
        accumulate_gradients(model, batch, [student], STRATEGIES["kd"])

"""The training loop: against a plain loop on transformers' own model, in parts, and when it diverges."""

import copy
import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from transformers import get_linear_schedule_with_warmup

from nasbench import rng
from nasbench.errors import InputError
from nasbench.models.elastic import ElasticModel
from nasbench.records import Head, SubNetwork
from nasbench.tasks.losses import task_loss
from nasbench.training import Step, Training, supervised, train
from tests.models.masked_oracle import masked
from tests.models.tiny import tiny_network, tiny_split

HEAD = Head.SEQUENCE_CLASSIFICATION
SETTINGS = Training(epochs=3, batch_size=4, learning_rate=1e-3, warmup=0.2, clip=0.5)


def elastic() -> ElasticModel:
    return ElasticModel(tiny_network("bert", HEAD), HEAD, 3)


def unwatched(share: float) -> None:
    pass


def test_training_equals_a_plain_loop_on_the_masked_transformers_model() -> None:
    """Same batches and dropout-free: AdamW, linear schedule and clipping, on a network that lacks a layer."""
    kept = SubNetwork((0, 2), (range(2), range(4)), (range(5), range(12)))
    model, data = elastic(), tiny_split()
    oracle = copy.deepcopy(model.network)
    for module in [*model.modules(), *oracle.modules()]:
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    model.settings = type(model.settings)(
        **{**vars_of(model.settings), "hidden_dropout": 0.0, "attention_dropout": 0.0}
    )

    def backward(batch: dict[str, torch.Tensor], step: Step) -> float:
        loss = task_loss(HEAD, model(batch, kept), batch)
        loss.backward()
        return loss.item()

    train(model, data, SETTINGS, seed=7, backward=backward, report=unwatched)

    oracle.train()
    oracle.config.attention_probs_dropout_prob = 0.0
    optimizer = torch.optim.AdamW(oracle.parameters(), lr=1e-3, weight_decay=0.01)
    schedule = get_linear_schedule_with_warmup(optimizer, 2, 9)
    for epoch in range(3):
        for indices in data.shuffled_batches(4, rng.generator(7, "shuffle", epoch)):
            batch = data.batch(indices)
            with masked(oracle, kept):
                logits = oracle(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).logits
            F.cross_entropy(logits, batch["labels"]).backward()
            torch.nn.utils.clip_grad_norm_(oracle.parameters(), 0.5)
            optimizer.step()
            schedule.step()
            optimizer.zero_grad(set_to_none=False)
    for batch in [data.batch(np.arange(10))]:
        with torch.no_grad(), masked(oracle, kept):
            inputs = {name: batch[name] for name in ("input_ids", "attention_mask")}
            torch.testing.assert_close(model.eval()(batch, kept), oracle.eval()(**inputs).logits, atol=1e-4, rtol=1e-4)


def vars_of(settings: object) -> dict:
    return {name: getattr(settings, name) for name in settings.__dataclass_fields__}  # type: ignore[attr-defined]


@pytest.mark.parametrize("cuts", [(1,), (2,), (1, 2)])
def test_training_in_parts_equals_training_in_one_go(cuts: tuple[int, ...]) -> None:
    whole, parts, data = elastic(), elastic(), tiny_split()
    wanted = train(whole, data, SETTINGS, seed=0, backward=supervised(whole), report=unwatched)
    begin, state, found = 0, None, None
    for end in (*cuts, 3):
        found = train(
            parts,
            data,
            SETTINGS,
            seed=0,
            backward=supervised(parts),
            report=unwatched,
            begin=begin,
            end=end,
            optimizer_state=state,
        )
        begin, state = end, {name: tensor.clone() for name, tensor in found.optimizer.items()}
        parts_state = {name: tensor.clone() for name, tensor in parts.state_dict().items()}
        parts = elastic()
        parts.load_state_dict(parts_state)
    assert found is not None
    assert found.loss == wanted.loss
    for name, tensor in whole.state_dict().items():
        assert torch.equal(parts.state_dict()[name], tensor), name


def test_every_step_is_told_in_order() -> None:
    model = elastic()
    told: list[float] = []
    train(model, tiny_split(), SETTINGS, seed=0, backward=supervised(model), report=told.append)
    assert told == [i / 9 for i in range(9)]


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_loss_that_is_not_finite_ends_training(bad: float) -> None:
    model, calls = elastic(), []

    def backward(batch: dict[str, torch.Tensor], step: Step) -> float:
        calls.append(step.number)
        return bad if step.number == 2 else 1.0

    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    assert math.isnan(train(model, tiny_split(), SETTINGS, seed=0, backward=backward, report=unwatched).loss)
    assert calls == [0, 1, 2]
    assert before.keys() == model.state_dict().keys()


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("epochs", 0, "at least 1"),
        ("batch_size", -1, "at least 1"),
        ("learning_rate", 1.0, "between 0 and 1"),
        ("warmup", 1.0, r"in \[0, 1\)"),
        ("weight_decay", -0.1, "number of at least 0"),
        ("clip", 0.0, "above 0 or null"),
    ],
)
def test_ranges_are_checked(field: str, value: float, words: str) -> None:
    with pytest.raises(InputError, match=rf"training\.{field}.*{words}"):
        Training(**{field: value})  # type: ignore[arg-type]

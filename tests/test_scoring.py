"""Scores of many sub-networks: those of each alone to the bit, those of the masked network, and no work done twice."""

from __future__ import annotations

import copy
import tracemalloc
import weakref
from collections import Counter
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from nasbench import scoring
from nasbench.models.elastic import ElasticModel
from nasbench.models.prefixes import Prefixes
from nasbench.records import Head, SubNetwork, kept
from nasbench.scoring import Scorer, score, score_many
from nasbench.tasks.base import Batch
from nasbench.training import Training
from tests.models.masked_oracle import masked
from tests.models.tiny import HEADS, LAYERS, SHAPES_OF_SUB_NETWORKS, tiny_network, tiny_split

SETTINGS = Training(scoring_batch_size=4)
NETWORKS = [*SHAPES_OF_SUB_NETWORKS.values(), SHAPES_OF_SUB_NETWORKS["prefixes"]]
DEPTHS = [SubNetwork(tuple(range(n)), (range(2),) * n, (range(5),) * n) for n in range(LAYERS + 1)]


def elastic() -> ElasticModel:
    return ElasticModel(tiny_network("bert", Head.SEQUENCE_CLASSIFICATION), Head.SEQUENCE_CLASSIFICATION, 3)


def count(model: ElasticModel, monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Calls of the model's parts from now on, by name."""
    calls: Counter[str] = Counter()

    def counted(name: str) -> Any:
        part = getattr(model, name)

        def call(*args: Any) -> Any:
            calls[name] += 1
            return part(*args)

        return call

    for name in ("embed", "attention", "feed_forward", "logits"):
        monkeypatch.setattr(model, name, counted(name))
    return calls


def test_scores_of_many_are_those_of_each_alone_to_the_bit() -> None:
    model, data = elastic(), tiny_split()
    together = score_many(model, data, SETTINGS, NETWORKS)
    assert together == [score(model, data, SETTINGS, network) for network in NETWORKS]
    assert together[::-1] == score_many(model, data, SETTINGS, NETWORKS[::-1])
    assert len({scores["loss"] for scores in together}) == len(SHAPES_OF_SUB_NETWORKS)
    assert score_many(model, data, SETTINGS, []) == []


def test_scores_are_those_of_the_masked_network() -> None:
    model, data = elastic(), tiny_split()
    network, batch = copy.deepcopy(model.network).eval(), data.batch(np.arange(10))
    for sub_network, found in zip(NETWORKS, score_many(model, data, SETTINGS, NETWORKS), strict=True):
        with torch.no_grad(), masked(network, sub_network):
            logits = network(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).logits
        expected = {
            "accuracy": float((logits.argmax(1) == batch["labels"]).float().mean()),
            "loss": float(F.cross_entropy(logits, batch["labels"])),
        }
        assert found == pytest.approx(expected, rel=1e-5)


def test_all_depths_of_one_width_take_one_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    model, data = elastic(), tiny_split()
    calls = count(model, monkeypatch)
    score_many(model, data, SETTINGS, DEPTHS)
    parts = 3  # ten items, four at a time
    assert calls == {
        "embed": parts,
        "attention": LAYERS * parts,
        "feed_forward": LAYERS * parts,
        "logits": len(DEPTHS) * parts,
    }


def test_equal_heads_of_the_first_layer_are_run_once(monkeypatch: pytest.MonkeyPatch) -> None:
    model, data = elastic(), tiny_split()
    calls = count(model, monkeypatch)
    score_many(
        model, data, Training(scoring_batch_size=10), [SubNetwork((0,), (range(2),), (range(u),)) for u in (1, 4)]
    )
    assert calls == {"embed": 1, "attention": 1, "feed_forward": 2, "logits": 2}


def test_a_split_is_embedded_once_for_all_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    model = elastic()
    calls = count(model, monkeypatch)
    scorer = Scorer(model=model, split=tiny_split(), training=SETTINGS)
    assert scorer.scores(DEPTHS) == scorer.scores(DEPTHS)
    assert calls["embed"] == 3


@pytest.mark.parametrize(("name", "value"), [("EMBEDDED_BYTES", 0), ("EMBEDDED_BYTES", 3000), ("OUTPUT_BYTES", 1)])
def test_bounds_of_memory_change_no_score(name: str, value: int, monkeypatch: pytest.MonkeyPatch) -> None:
    model, data = elastic(), tiny_split()
    expected = score_many(model, data, SETTINGS, NETWORKS)
    monkeypatch.setattr(scoring, name, value)
    assert score_many(model, data, SETTINGS, NETWORKS) == expected


def test_outputs_beyond_the_bound_are_scored_before_more_are_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two networks' outputs fit: 10 items of 3 logits of 4 bytes each."""
    model = elastic()
    calls = count(model, monkeypatch)
    monkeypatch.setattr(scoring, "OUTPUT_BYTES", 2 * 120)
    score_many(model, tiny_split(), Training(scoring_batch_size=10), DEPTHS)
    assert calls["attention"] == (0 + 1) + (2 + 1)  # depths 0 and 1, then 2 and 3: the third layer once


@pytest.mark.parametrize("head", [Head.SEQUENCE_CLASSIFICATION, Head.QUESTION_ANSWERING])
def test_outputs_that_wait_take_the_memory_that_is_counted(head: Head) -> None:
    """Those of many items in small batches: nothing is kept of an item, or of padding, beside its numbers."""
    lengths = np.full(2000, 5) if head is Head.QUESTION_ANSWERING else np.ones(2000, dtype=np.int64)
    places = np.concatenate(([0], np.cumsum(lengths))) if head is Head.QUESTION_ANSWERING else None
    tracemalloc.start()
    try:
        tally = scoring._Tally(split=range(2000), places=places, width=2)  # type: ignore[arg-type]
        for i in range(0, 2000, 4):
            outputs = np.ones((4, 2) if places is None else (4, 9, 2), dtype=np.float32)  # padded to 9 tokens
            tally.add(np.arange(i, i + 4), 0.0, outputs)
            del outputs
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert taken < 1.2 * 4 * 2 * lengths.sum()


def test_batches_have_no_more_than_the_tokens_that_caches_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    model, data = elastic(), tiny_split()
    expected = score(model, data, SETTINGS)
    sizes: list[int] = []
    embed = model.embed

    def watched(batch: Batch) -> torch.Tensor:
        sizes.append(batch["input_ids"].numel())
        return embed(batch)

    monkeypatch.setattr(model, "embed", watched)
    monkeypatch.setattr(scoring, "TOKENS_AT_ONCE", 12)
    assert score(model, data, SETTINGS) == pytest.approx(expected, rel=1e-5)
    assert len(sizes) > 3
    assert max(sizes) <= 12


def test_hidden_states_live_along_one_path_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    model = elastic().eval()
    networks = [
        SubNetwork((0, 1, 2), (kept([a, 3]),) * 3, (kept([b, 11]),) * 3) for a in range(HEADS - 1) for b in range(5)
    ]
    made: list[weakref.ref[torch.Tensor]] = []
    most = 0

    def watched(name: str) -> Any:
        part = getattr(model, name)

        def call(*args: Any) -> torch.Tensor:
            nonlocal most
            hidden: torch.Tensor = part(*args)
            made.append(weakref.ref(hidden))
            most = max(most, sum(ref() is not None for ref in made))
            return hidden

        return call

    for name in ("attention", "feed_forward"):
        monkeypatch.setattr(model, name, watched(name))
    with torch.inference_mode():
        batch = tiny_split().batch(np.arange(10))
        mask = batch["attention_mask"].bool()[:, None, None, :]
        for _ in Prefixes.of(networks).run(model, model.embed(batch), mask):
            pass
    assert len(made) > 40
    assert most <= 2 * LAYERS + 1


def test_a_loss_that_is_not_finite_is_the_only_score_of_its_network() -> None:
    model = elastic()
    network: Any = model.network
    with torch.no_grad():
        network.bert.encoder.layer[1].output.dense.bias.fill_(float("nan"))
    one, two = score_many(model, tiny_split(), SETTINGS, [DEPTHS[1], DEPTHS[2]])
    assert one.keys() == {"accuracy", "loss"}
    assert two.keys() == {"loss"}
    assert np.isnan(two["loss"])


def test_score_is_the_loss_and_metric_of_the_whole_split_whatever_the_batches() -> None:
    model, data = elastic(), tiny_split()
    batch = data.batch(np.arange(10))
    with torch.no_grad():
        logits = model.eval()(batch)
    expected = {
        "accuracy": float((logits.argmax(1) == batch["labels"]).float().mean()),
        "loss": float(F.cross_entropy(logits, batch["labels"])),
    }
    for size in (1, 3, 10):
        found = score(model, data, Training(scoring_batch_size=size))
        assert found == pytest.approx(expected, rel=1e-5)

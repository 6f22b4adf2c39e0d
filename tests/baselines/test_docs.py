"""The page on pruning baselines: its examples run, one after the other, and do what it says."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

PAGE = Path(__file__).parents[2] / "docs" / "baselines.md"
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


@pytest.fixture(scope="module")
def names() -> dict[str, Any]:
    """What the page's examples define."""
    defined: dict[str, Any] = {}
    with torch.random.fork_rng(devices=[]):
        for block in BLOCKS:
            exec(block, defined)
    return defined


def test_the_pages_shapes_are_those_of_its_examples(names: dict[str, Any]) -> None:
    assert names["head_gradients"].shape == (32, 3, 4)
    assert names["neuron_gradients"].shape == (32, 3, 64)
    assert names["scores"].shape == (3, 4)
    assert names["order"].shape == (3 * (4 - 1), 2)


def test_the_pages_network_is_what_its_masks_leave(names: dict[str, Any]) -> None:
    pruned, heads, neurons = names["pruned"], names["head_mask"], names["neuron_mask"]
    macs = {"head": 4 * 16 * 32 * 8 + 2 * 16**2 * 8, "unit": 2 * 16 * 32}
    budget = 0.5 * (heads.size * macs["head"] + neurons.size * macs["unit"])
    spent = heads.sum() * macs["head"] + neurons.sum() * macs["unit"]
    assert budget - macs["unit"] < spent <= budget
    assert [len(kept) for kept in pruned.kept.heads] == heads.sum(1).tolist()
    assert [len(kept) for kept in pruned.kept.units] == neurons.sum(1).tolist()
    np.testing.assert_array_equal(names["neuron_scales"] != 0, neurons)
    assert names["logits"].shape == (8, 2)


def test_the_page_quotes_what_its_examples_give(names: dict[str, Any]) -> None:
    quoted = re.search(r"dropping_order\(12, \"symmetric\"\)\[:4\]  # (\(.*?\))", PAGE.read_text(encoding="utf-8"))
    assert quoted is not None
    assert str(names["dropping_order"](12, "symmetric")[:4]) == quoted[1]
    assert names["kept"].sum() == 3 * 4 - 9

"""Hierarchical: mutation against its probabilities, parents that stay as they are, and what its settings refuse."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from nasbench import rng
from nasbench.errors import InputError
from nasbench.spaces.block_mutation import Mutation
from nasbench.spaces.genotype import BlockGene, as_parent, from_architecture, to_architecture
from nasbench.spaces.hierarchical import HeadMode, Hierarchical
from tests.spaces.contract import BERT_BASE

DISTILBERT = replace(BERT_BASE, layers=6)
SPACE = Hierarchical().bind(DISTILBERT)


def children(space: Any, n: int) -> list[tuple[BlockGene, ...]]:
    stream = rng.generator(0, "test")
    return [space.genotype(space.mutate(space.base(), stream)) for _ in range(n)]


def test_the_base_is_the_pretrained_network() -> None:
    network = SPACE.network(SPACE.base())
    assert network.widths(0) == DISTILBERT.full().widths(DISTILBERT.head_size)
    assert len(Hierarchical(base_blocks=2).bind(DISTILBERT).network(SPACE.smallest()).blocks) == 1


def test_the_papers_widths_are_33_from_2048_to_4096() -> None:
    widths = sorted({width for _, _, width in SPACE.mutator.choices})
    assert widths == list(range(2048, 4097, 64))
    assert len(SPACE.mutator.choices) == 2 * 3 * 33


def test_a_sequential_child_has_the_papers_number_of_events() -> None:
    """Of six blocks 0.4 each: 2.4 of attention and 2.4 of feed-forward; a fifth of the children change depth."""
    born = children(SPACE, 2000)
    depths = Counter(len(blocks) for blocks in born)
    altered = np.mean([sum(not b.kept and b.origin >= 0 for b in blocks) / len(blocks) for blocks in born])
    feed_forward = np.mean(
        [np.mean([not all(ff.kept for ff in b.feed_forward) for b in blocks if b.origin >= 0]) for blocks in born]
    )
    assert set(depths) == {5, 6, 7}
    assert 0.08 < depths[5] / 2000 < 0.12
    assert 0.08 < depths[7] / 2000 < 0.12
    assert 0.38 < altered < 0.42
    assert 0.38 < feed_forward < 0.42


def test_a_categorical_child_has_exactly_one_event() -> None:
    born = children(Hierarchical(mutation=Mutation.CATEGORICAL).bind(DISTILBERT), 500)
    kinds: Counter[str] = Counter()
    for blocks in born:
        depth = len(blocks) != 6
        heads = sum(not b.kept for b in blocks if b.origin >= 0)
        modules = sum(not ff.kept for b in blocks if b.origin >= 0 for ff in b.feed_forward)
        assert depth + heads + modules == 1
        kinds["depth" if depth else "heads" if heads else "modules"] += 1
    assert 0.14 < kinds["depth"] / 500 < 0.26
    assert abs(kinds["heads"] - kinds["modules"]) < 80


@pytest.mark.parametrize("mutation", list(Mutation))
def test_mutation_leaves_its_parent_as_it_was_and_tells_what_was_taken_from_where(mutation: Mutation) -> None:
    space = Hierarchical(mutation=mutation).bind(DISTILBERT)
    stream = rng.generator(1, "test")
    parent = space.sample(stream)
    for _ in range(200):
        before = to_architecture(from_architecture(parent))
        child = space.mutate(parent, stream)
        assert parent == before
        ancestors = as_parent(space.genotype(parent))
        origins = [block.origin for block in space.genotype(child) if block.origin >= 0]
        assert origins == sorted(set(origins))
        for block in space.genotype(child):
            if block.origin >= 0:
                was = ancestors[block.origin]
                assert (block.heads == was.heads) is block.kept
                for ff in block.feed_forward:
                    assert ff.origin < 0 or (ff.choice == was.feed_forward[ff.origin].choice) is ff.kept
            else:
                assert not block.kept
                assert not any(ff.kept for ff in block.feed_forward)
        parent = child


def test_depth_and_modules_stay_within_their_bounds() -> None:
    space = Hierarchical(max_blocks=6, max_feed_forward=1, depth_probability=1.0).bind(replace(DISTILBERT, layers=2))
    stream, architecture, depths = rng.generator(2, "test"), space.base(), set()
    for _ in range(300):
        architecture = space.mutate(architecture, stream)
        depths.add(len(space.genotype(architecture)))
        assert {len(block.feed_forward) for block in space.genotype(architecture)} == {1}
    assert depths == {1, 2, 3, 4, 5, 6}


def test_removing_one_of_two_equal_blocks_is_two_architectures() -> None:
    """They are trained from different tensors."""
    shorter = {to_architecture(g) for g in SPACE.mutator.neighbours(SPACE.genotype(SPACE.base())) if len(g) == 5}
    assert len(shorter) == 6
    assert len({SPACE.network(architecture) for architecture in shorter}) == 1


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"heads": [0]}, "space.heads"),
        ({"linears": [1]}, "space.linears"),
        ({"activations": ["swish"]}, "space.activations"),
        ({"widths": [4096, 2048, 64]}, "space.widths"),
        ({"max_blocks": 0}, "space.max_blocks"),
        ({"depth_probability": 1.5}, "space.depth_probability"),
        ({"mutation": Mutation.CATEGORICAL, "depth_probability": 0.5}, "add up to 1"),
        ({"depth_probability": 0, "attention_probability": 0, "feed_forward_probability": 0}, "above 0"),
    ],
)
def test_settings_out_of_range_are_told(settings: dict[str, Any], told: str) -> None:
    with pytest.raises(InputError, match=told):
        Hierarchical(**settings)


def test_a_network_that_the_settings_do_not_fit_is_told() -> None:
    with pytest.raises(InputError, match=r"none of space\.heads"):
        Hierarchical(heads=[7], head_mode=HeadMode.REJECT).bind(DISTILBERT)
    with pytest.raises(InputError, match=r"space\.base_blocks"):
        Hierarchical(base_blocks=7).bind(DISTILBERT)
    still = Hierarchical(heads=[12], depth_probability=0, feed_forward_probability=0).bind(DISTILBERT)
    with pytest.raises(InputError, match="no mutation"):
        still.sample(rng.generator(0, "test"))

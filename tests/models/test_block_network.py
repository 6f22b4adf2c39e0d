"""Networks of blocks: exact counts, the pretrained network's outputs, heads that do not divide the hidden size."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch

from nasbench import cost, rng
from nasbench.blocks import Block, BlockList, FeedForward
from nasbench.models.block_network import BlockNetwork, from_pretrained
from nasbench.models.elastic import ElasticModel
from nasbench.models.extraction import extract
from nasbench.records import Head, SubNetwork
from nasbench.spaces.genotype import BlockGene, FeedForwardGene, to_architecture
from nasbench.spaces.hierarchical import HeadMode, Hierarchical
from tests.models.tiny import FAMILIES, LABELS, tiny_batch, tiny_network

HEADS = (Head.QUESTION_ANSWERING, Head.MASKED_LM)
NOTHING = SubNetwork((), (), ())


def elastic(family: str, head: Head, hidden: int = 16) -> ElasticModel:
    return ElasticModel(tiny_network(family, head, hidden=hidden), head, LABELS[head])


def built(model: ElasticModel, network: BlockList) -> BlockNetwork:
    with rng.scope(0, "test"):
        return BlockNetwork(extract(model, NOTHING), network).eval()


def count(model: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("family", FAMILIES)
def test_the_pretrained_network_as_blocks_gives_its_outputs_and_counts_its_parameters(family: str, head: Head) -> None:
    model = elastic(family, head)
    blocks = from_pretrained(model)
    batch = tiny_batch(family, head)
    with torch.inference_mode():
        torch.testing.assert_close(blocks(batch), model(batch))
    assert count(blocks) == count(model) == cost.parameters(model.shape, blocks.network)
    assert cost.forward_macs(model.shape, blocks.network, [3, 7]) == cost.forward_macs(
        model.shape, model.shape.full(), [3, 7]
    )


def test_its_first_blocks_are_the_network_without_the_others() -> None:
    model = elastic("bert", Head.QUESTION_ANSWERING)
    two = SubNetwork((0, 1), (range(4),) * 2, (range(12),) * 2)
    batch = tiny_batch("bert", Head.QUESTION_ANSWERING)
    with torch.inference_mode():
        torch.testing.assert_close(from_pretrained(model, 2)(batch), model(batch, two))


@pytest.mark.parametrize(("mode", "inner"), [(HeadMode.FLOOR, 20), (HeadMode.CEIL, 40), (HeadMode.FIXED64, 1280)])
def test_twenty_heads_build_run_and_count_where_they_do_not_divide(mode: HeadMode, inner: int) -> None:
    """Of a hidden size of 32, where a head has 1, 2 or 64 channels."""
    model = elastic("bert", Head.QUESTION_ANSWERING, hidden=32)
    space = Hierarchical(head_mode=mode, heads=[20]).bind(model.shape)
    network = space.network(to_architecture((BlockGene(20, (FeedForwardGene("gelu", 2, 12),)),)))
    assert network.blocks[0].inner == inner
    blocks = built(model, network)
    attention = 3 * (32 * inner + inner) + inner * 32 + 32
    feed_forward = 32 * 12 + 12 + 12 * 32 + 32
    by_hand = attention + feed_forward + 2 * 2 * 32
    assert count(blocks.blocks) == cost.encoder_parameters(model.shape, network) == by_hand
    assert count(blocks) == cost.parameters(model.shape, network)
    batch = tiny_batch("bert", Head.QUESTION_ANSWERING)
    assert blocks(batch).shape == (*batch["input_ids"].shape, 2)
    assert blocks(batch).isfinite().all()


def test_distilberts_twenty_heads_have_the_papers_widths() -> None:
    """768 channels: 20 heads of 38, 39 or 64."""
    shape = elastic("bert", Head.QUESTION_ANSWERING).shape
    distilbert = replace(shape, hidden_size=768, head_size=64, layers=6, heads=12, units=3072)
    twenty = to_architecture((BlockGene(20, (FeedForwardGene("gelu", 2, 3072),)),))
    widths = {
        mode: Hierarchical(head_mode=mode).bind(distilbert).network(twenty).blocks[0].inner
        for mode in (HeadMode.FLOOR, HeadMode.CEIL, HeadMode.FIXED64)
    }
    assert widths == {HeadMode.FLOOR: 760, HeadMode.CEIL: 780, HeadMode.FIXED64: 1280}
    rejecting = Hierarchical(head_mode=HeadMode.REJECT).bind(distilbert)
    assert 20 not in rejecting.mutator.heads
    with pytest.raises(ValueError, match="not of this space"):
        rejecting.network(twenty)
    base = rejecting.network(rejecting.base())
    assert round(cost.encoder_parameters(distilbert, base) / 6e6, 2) == 7.09  # the paper's blocks, in millions


def test_modules_of_every_make_are_counted_exactly_and_run_as_written() -> None:
    model = elastic("distilbert", Head.QUESTION_ANSWERING)
    wide = FeedForward("relu", (10, 10, 10))
    network = BlockList((Block(2, 8, (FeedForward("gelu", (9,)), wide)), Block(5, 3, (wide,))))
    blocks = built(model, network)
    assert count(blocks) == cost.parameters(model.shape, network)
    linears = 3 * (16 * 16) + 16 * 16 + (16 * 9 + 9 * 16) + (16 * 10 + 2 * 100 + 10 * 16)
    others = 3 * (16 * 15) + 15 * 16 + (16 * 10 + 2 * 100 + 10 * 16)
    scores = 2 * 5 * 5 * (16 + 15)
    output = 5 * 16 * 2
    assert cost.forward_macs(model.shape, network, [5]) == 5 * (linears + others) + scores + output
    block: Any = blocks.blocks[1]
    module = block.feed_forward[0]
    hidden = torch.randn(2, 3, 16, generator=torch.Generator().manual_seed(0))
    by_hand = hidden
    for i, linear in enumerate(module.linears):
        by_hand = (by_hand.relu() if i else by_hand) @ linear.weight.T + linear.bias
    torch.testing.assert_close(module(hidden, 0.1), module.norm(hidden + by_hand))


def test_padding_changes_nothing() -> None:
    network = BlockList((Block(3, 5, (FeedForward("gelu", (9,)),)),))
    blocks = built(elastic("bert", Head.QUESTION_ANSWERING), network)
    batch = {"input_ids": torch.tensor([[4, 5, 6, 7]]), "attention_mask": torch.ones(1, 4, dtype=torch.int64)}
    padded = {
        "input_ids": torch.tensor([[4, 5, 6, 7, 1, 1]]),
        "attention_mask": torch.tensor([[1, 1, 1, 1, 0, 0]]),
    }
    with torch.inference_mode():
        torch.testing.assert_close(blocks(padded)[:, :4], blocks(batch))

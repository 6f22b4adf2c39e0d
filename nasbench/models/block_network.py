"""A network of blocks of any make, between the embeddings and the task head of a pretrained one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers.activations import ACT2FN

from nasbench.blocks import Block, BlockList, FeedForward
from nasbench.cost import NetworkShape
from nasbench.models.elastic import ElasticModel, padding_mask
from nasbench.models.extraction import extract
from nasbench.models.family import LayerView
from nasbench.models.layer import run_attention
from nasbench.records import Head, Kept, SubNetwork

DEVIATION = 0.02
"""Of the normal distribution that fresh matrices are drawn from; fresh biases are zero."""


class AttentionModule(nn.Module):
    """Self-attention of any number of channels, its residual connection and its LayerNorm."""

    def __init__(self, d: int, block: Block, eps: float) -> None:
        super().__init__()
        self.head_size = block.head_size
        self.heads = range(block.heads)
        self.query, self.key, self.value = (_fresh(d, block.inner) for _ in range(3))
        self.output = _fresh(block.inner, d)
        self.norm = nn.LayerNorm(d, eps=eps)

    @property
    def view(self) -> LayerView:
        """The module as an encoder layer without a feed-forward sub-layer."""
        return LayerView(self.query, self.key, self.value, self.output, self.norm, None, None, None)


class FeedForwardModule(nn.Module):
    """Dense layers with an activation between any two, their residual connection and their LayerNorm."""

    def __init__(self, d: int, make: FeedForward, eps: float) -> None:
        super().__init__()
        sizes = (d, *make.widths, d)
        self.linears = nn.ModuleList(_fresh(a, b) for a, b in pairwise(sizes))
        self.activation = ACT2FN[make.activation]
        self.norm = nn.LayerNorm(d, eps=eps)

    def forward(self, hidden: Tensor, dropout: float) -> Tensor:  # [B, S, d] to [B, S, d]
        inner = hidden
        for i, linear in enumerate(self.linears):
            inner = linear(self.activation(inner) if i else inner)
        normed: Tensor = self.norm(hidden + F.dropout(inner, dropout, self.training))
        return normed


class BlockModule(nn.Module):
    def __init__(self, d: int, block: Block, eps: float) -> None:
        super().__init__()
        self.attention = AttentionModule(d, block, eps)
        self.feed_forward = nn.ModuleList(FeedForwardModule(d, make, eps) for make in block.feed_forward)


class BlockNetwork(nn.Module):
    """A `TaskModel`: the shell (embeddings and task head) of a pretrained network, and blocks.

    Attributes:
        shell: the pretrained network without its layers.
        network: what the blocks are; `cost.parameters(shape, network)` counts the parameters.
        whole: one head and one unit a block, which stand for all of it: no part of a block is run by itself.
    """

    def __init__(self, shell: ElasticModel, network: BlockList) -> None:
        """Blocks are fresh, drawn from torch's global generator."""
        super().__init__()
        d, n = shell.shape.hidden_size, len(network.blocks)
        eps = _epsilon(shell)
        self.shell = shell
        self.network = network
        self.blocks = nn.ModuleList(BlockModule(d, block, eps) for block in network.blocks)
        self.whole = SubNetwork(tuple(range(n)), (range(1),) * n, (range(1),) * n)

    @property
    def head(self) -> Head:
        return self.shell.head

    @property
    def num_labels(self) -> int:
        return self.shell.num_labels

    @property
    def shape(self) -> NetworkShape:
        return self.shell.shape

    def forward(self, batch: Mapping[str, Tensor]) -> Tensor:
        """Logits, as `Head` says."""
        return self.logits(self.hidden_states(batch), batch)

    def hidden_states(self, batch: Mapping[str, Tensor]) -> Tensor:
        """Hidden states [B, S, d] after the last block."""
        hidden, mask = self.embed(batch), padding_mask(batch["attention_mask"])
        for i in range(len(self.blocks)):
            hidden = self.feed_forward(i, self.attention(i, hidden, mask))
        return hidden

    def embed(self, batch: Mapping[str, Tensor]) -> Tensor:
        return self.shell.embed(batch)

    def attention(self, index: int, hidden: Tensor, mask: Tensor | None, heads: Kept = range(1)) -> Tensor:
        """Hidden states [B, S, d] after a block's attention; `heads` is that of `whole`."""
        module: AttentionModule = self.blocks[index].attention  # type: ignore[assignment]
        settings = replace(self.shell.settings, head_size=module.head_size)
        return run_attention(module.view, hidden, mask, module.heads, settings, self.training)

    def feed_forward(self, index: int, hidden: Tensor, units: Kept = range(1)) -> Tensor:
        """Hidden states [B, S, d] after a block's feed-forward modules; `units` is that of `whole`."""
        for module in self.blocks[index].feed_forward:  # type: ignore[union-attr]
            hidden = module(hidden, self.shell.settings.hidden_dropout)
        return hidden

    def logits(self, hidden: Tensor, batch: Mapping[str, Tensor]) -> Tensor:
        return self.shell.logits(hidden, batch)

    def zero_gradients(self) -> None:
        """Make every gradient zero, whether there was one or none; what does not train has none."""
        for parameter in self.parameters():
            if parameter.requires_grad:
                parameter.grad = torch.zeros_like(parameter)

    @contextmanager
    def gradients_in_place(self) -> Iterator[None]:
        """As of `ElasticModel`, where there is nothing to gain: every block is run whole."""
        yield


def from_pretrained(model: ElasticModel, layers: int | None = None) -> BlockNetwork:
    """The first layers of a whole pretrained network (None: all) as blocks, with its own tensors: equal outputs."""
    shape = model.shape
    n = shape.layers if layers is None else layers
    block = Block(shape.heads, shape.head_size, (FeedForward("gelu", (shape.units,)),))
    with torch.random.fork_rng(devices=[]):  # what is drawn is overwritten: the global generator stays where it was
        blocks = BlockNetwork(extract(model, SubNetwork((), (), ())), BlockList((block,) * n))
    for module, layer in zip(blocks.blocks, model.layers[:n], strict=True):
        for name, part in _parts(layer):
            module.get_submodule(name).load_state_dict(part.state_dict())
    return blocks.train(model.training)


def _parts(layer: LayerView) -> Sequence[tuple[str, nn.Module]]:
    """The modules of an encoder layer, by their names in a block."""
    named = (
        *(("attention.query", layer.query), ("attention.key", layer.key), ("attention.value", layer.value)),
        *(("attention.output", layer.attention_output), ("attention.norm", layer.attention_norm)),
        *(("feed_forward.0.linears.0", layer.up), ("feed_forward.0.linears.1", layer.down)),
        ("feed_forward.0.norm", layer.output_norm),
    )
    return [(name, module) for name, module in named if module is not None]


def _fresh(inputs: int, outputs: int) -> nn.Linear:
    linear = nn.Linear(inputs, outputs)
    nn.init.normal_(linear.weight, std=DEVIATION)
    nn.init.zeros_(linear.bias)
    return linear


def _epsilon(shell: ElasticModel) -> float:
    """Of the family's LayerNorms: the embeddings have one."""
    norms = [module for module in shell.network.modules() if isinstance(module, nn.LayerNorm)]
    return norms[0].eps

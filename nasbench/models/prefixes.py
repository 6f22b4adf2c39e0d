"""Sub-networks that begin alike, run together: what they have in common is computed once.

Their sub-layers (attention and feed-forward, in the order they are run) are the edges of a trie, so that all depths of
one width are one path, and widths that keep the same heads of the first layer part after its attention. The trie is
walked depth first: hidden states live only along the path that is being walked, which at L layers is 2 L + 1 of them,
however many sub-networks there are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from torch import Tensor

from nasbench.models.task_model import TaskModel
from nasbench.records import Kept, SubNetwork


class SubLayer(NamedTuple):
    """What is kept of one sub-layer."""

    layer: int
    is_attention: bool
    kept: Kept


@dataclass
class Prefixes:
    """A node of the trie.

    Attributes:
        ends: positions, in the sequence that the trie was made of, of the sub-networks that end here.
        branches: what may follow, by its first sub-layer.
    """

    ends: list[int] = field(default_factory=list)
    branches: dict[SubLayer, Prefixes] = field(default_factory=dict)

    @classmethod
    def of(cls, networks: Sequence[SubNetwork]) -> Prefixes:
        root = cls()
        for position, network in enumerate(networks):
            node = root
            for sub_layer in sub_layers(network):
                node = node.branches.setdefault(sub_layer, cls())
            node.ends.append(position)
        return root

    def order(self) -> Iterator[int]:
        """Positions of the sub-networks in the order in which `run` reaches their ends."""
        yield from self.ends
        for branch in self.branches.values():
            yield from branch.order()

    def run(self, model: TaskModel, hidden: Tensor, mask: Tensor | None) -> Iterator[tuple[int, Tensor]]:
        """Each sub-network's position and last hidden states [B, S, d], from the hidden states at this node.

        They are those that the sub-network gets when it is run alone, to the last bit.

        Args:
            mask: as `padding_mask` makes it.
        """
        yield from ((position, hidden) for position in self.ends)
        for (layer, is_attention, kept), branch in self.branches.items():
            if is_attention:
                after = model.attention(layer, hidden, mask, kept)
            else:
                after = model.feed_forward(layer, hidden, kept)
            yield from branch.run(model, after, mask)


def sub_layers(network: SubNetwork) -> Iterator[SubLayer]:
    """What a sub-network runs, in order."""
    for layer, heads, units in zip(network.layers_kept, network.heads, network.units, strict=True):
        yield SubLayer(layer, True, heads)
        yield SubLayer(layer, False, units)


def first_sub_layer(network: SubNetwork) -> SubLayer | None:
    """What a sub-network runs first; sub-networks that differ there share nothing. None where it runs nothing."""
    return next(sub_layers(network), None)

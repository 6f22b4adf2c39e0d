"""Encoders that are lists of blocks of any make, not parts of a given one: what is built, not what is kept.

Paraskeva et al. 2024, section 3.1: a block has one attention module and one feed-forward module or more, and each
module is followed by a residual connection and a LayerNorm.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from nasbench.records import LayerWidths


@dataclass(frozen=True, slots=True)
class FeedForward:
    """Dense layers from the hidden size to each width in turn and back, an activation between any two of them."""

    activation: str
    widths: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Block:
    """Attention of `heads` heads of `head_size` channels, then feed-forward modules, one after the other."""

    heads: int
    head_size: int
    feed_forward: tuple[FeedForward, ...]

    @property
    def inner(self) -> int:
        """Channels of the attention: the true ones, where the heads do not divide the hidden size."""
        return self.heads * self.head_size


@dataclass(frozen=True, slots=True)
class BlockList:
    """An encoder's blocks, first to last."""

    blocks: tuple[Block, ...]

    def widths(self, head_size: int) -> tuple[LayerWidths, ...]:
        """As of `SubNetwork.widths`; every block knows its own head size."""
        return tuple((block.inner, tuple(ff.widths for ff in block.feed_forward)) for block in self.blocks)

    def to_json(self) -> list[dict[str, Any]]:
        return [
            {
                "heads": block.heads,
                "head_size": block.head_size,
                "feed_forward": [[ff.activation, *ff.widths] for ff in block.feed_forward],
            }
            for block in self.blocks
        ]

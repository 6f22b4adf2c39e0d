"""The genes of a block list: what each module is, and whose trained tensors it begins with.

Every module of Paraskeva et al. 2024 owns its tensors. A gene therefore names the module of the parent network that a
module was (of the base, where the proposal has no parent), and whether it is unchanged, so that it takes that one's
tensors. Two children that remove different ones of two equal blocks are two architectures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from nasbench.records import Architecture, Gene

ADDED = -1
"""The origin of a block or module that the parent has not."""


@dataclass(frozen=True, slots=True)
class FeedForwardGene:
    """Attributes:
    linears: dense layers: one from the hidden size to `width`, one back, and between them those of `width` alone.
    origin: which of the feed-forward modules of the block's origin it was.
    kept: unchanged, and so with that one's tensors.
    """

    activation: str
    linears: int
    width: int
    origin: int = ADDED
    kept: bool = False

    @property
    def choice(self) -> tuple[str, int, int]:
        """What it is, whatever it was."""
        return self.activation, self.linears, self.width


@dataclass(frozen=True, slots=True)
class BlockGene:
    """Attributes:
    heads: of its attention.
    feed_forward: modules, in the order they are run.
    origin: which block of the parent it was.
    kept: its attention is unchanged, and so has the tensors of its origin's.
    """

    heads: int
    feed_forward: tuple[FeedForwardGene, ...]
    origin: int = ADDED
    kept: bool = False


Genotype = tuple[BlockGene, ...]


def to_architecture(blocks: Sequence[BlockGene]) -> Architecture:
    return Architecture(tuple(_gene(block) for block in blocks))


def _gene(block: BlockGene) -> Gene:
    modules = ((*ff.choice, ff.origin, int(ff.kept)) for ff in block.feed_forward)
    return (block.origin, block.heads, int(block.kept), tuple(modules))


def from_architecture(architecture: Architecture) -> Genotype:
    """The inverse of `to_architecture`.

    Raises:
        ValueError: the architecture is no list of blocks.
    """
    try:
        return tuple(_block(*value) for value in architecture.values)  # type: ignore[misc]
    except (TypeError, ValueError) as error:
        raise ValueError(f"{str(architecture.values)[:80]} is no list of blocks") from error


def _block(origin: int, heads: int, kept: int, modules: tuple[tuple[str, int, int, int, int], ...]) -> BlockGene:
    feed_forward = tuple(FeedForwardGene(a, n, width, where, bool(same)) for a, n, width, where, same in modules)
    return BlockGene(heads, feed_forward, origin, bool(kept))


def as_parent(blocks: Sequence[BlockGene]) -> Genotype:
    """The same network as its own parent: all modules unchanged, each at its own place."""
    return tuple(
        replace(
            block,
            origin=i,
            kept=True,
            feed_forward=tuple(replace(ff, origin=j, kept=True) for j, ff in enumerate(block.feed_forward)),
        )
        for i, block in enumerate(blocks)
    )

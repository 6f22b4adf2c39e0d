"""Hierarchical: lists of encoder blocks that are added, removed and altered (Paraskeva et al. 2024, section 3.1).

A point is a network to be built and trained, not a part of the pretrained one: it may be deeper, wider and larger.
Where all of it begins is the base, the pretrained network itself.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

import numpy as np

from nasbench import cost
from nasbench.blocks import Block, BlockList, FeedForward
from nasbench.cost import NetworkShape
from nasbench.errors import InputError
from nasbench.records import Architecture
from nasbench.spaces.block_mutation import Mutation, Mutator
from nasbench.spaces.genotype import BlockGene, FeedForwardGene, Genotype, as_parent, from_architecture, to_architecture

PAPER_WIDTHS = tuple(k / 48 for k in range(32, 65))
"""Of the units of the network: 2048, 2112, ..., 4096 of DistilBERT's 3072."""


class HeadMode(StrEnum):
    """How large a head is where the number of heads does not divide the hidden size d, as 20 heads of 768.

    Attributes:
        FLOOR: d / heads, rounded down: attention is a little narrower than d.
        CEIL: rounded up: a little wider.
        FIXED64: 64 channels a head, whatever their number (AutoTinyBERT).
        REJECT: such numbers are not drawn.
    """

    FLOOR = "floor"
    CEIL = "ceil"
    FIXED64 = "fixed64"
    REJECT = "reject"


@dataclass(frozen=True, kw_only=True)
class Hierarchical:
    """Attributes:
    mutation, depth_probability, attention_probability, feed_forward_probability: as in `block_mutation`.
    heads: numbers of heads; those that leave a head no channel of the network are left out.
    linears: numbers of dense layers of a feed-forward module.
    widths: least and greatest width of a feed-forward module, and the step between widths; None for the paper's 33,
        from two thirds to four thirds of the network's own.
    base_blocks: the base is the first so many blocks of the network; None for all of it.
    max_blocks: most blocks; at least those of the base.
    max_feed_forward: most feed-forward modules of a block.

    Raises:
        InputError: a value is out of range.
    """

    mutation: Mutation = Mutation.SEQUENTIAL
    depth_probability: float = 0.2
    attention_probability: float = 0.4
    feed_forward_probability: float = 0.4
    heads: list[int] = field(default_factory=lambda: [2, 4, 8, 12, 16, 20, 24, 32])
    head_mode: HeadMode = HeadMode.FLOOR
    activations: list[str] = field(default_factory=lambda: ["relu", "gelu"])
    linears: list[int] = field(default_factory=lambda: [2, 3, 4])
    widths: list[int] | None = None
    base_blocks: int | None = None
    max_blocks: int = 12
    max_feed_forward: int = 2

    def __post_init__(self) -> None:
        for name in ("depth_probability", "attention_probability", "feed_forward_probability"):
            if not 0 <= getattr(self, name) <= 1:
                raise InputError(f"space.{name} must be a probability from 0 to 1, not {getattr(self, name)}")
        if self.mutation is Mutation.CATEGORICAL and abs(sum(self._probabilities) - 1) > 1e-9:
            raise InputError(
                f"the probabilities of space.mutation=categorical must add up to 1, not {sum(self._probabilities)}"
            )
        if not any(self._probabilities):
            raise InputError("one of the three probabilities of the space must be above 0: else no child differs")
        if not self.heads or min(self.heads) < 1:
            raise InputError(f"space.heads must list numbers of at least 1, not {self.heads}")
        if not self.linears or min(self.linears) < 2:
            raise InputError(f"space.linears must list numbers of at least 2, not {self.linears}")
        if not self.activations or set(self.activations) - {"relu", "gelu"}:
            raise InputError(f"space.activations must list relu or gelu or both, not {self.activations}")
        if self.widths is not None and not (
            len(self.widths) == 3 and 1 <= self.widths[0] <= self.widths[1] and self.widths[2] >= 1
        ):
            raise InputError(f"space.widths must be [least, greatest, step], as [2048, 4096, 64], not {self.widths}")
        for name in ("max_blocks", "max_feed_forward"):
            if getattr(self, name) < 1:
                raise InputError(f"space.{name} must be at least 1, not {getattr(self, name)}")

    @property
    def _probabilities(self) -> tuple[float, float, float]:
        return self.depth_probability, self.attention_probability, self.feed_forward_probability

    def bind(self, shape: NetworkShape) -> HierarchicalSpace:
        """Raises InputError where no number of heads fits the network, or it has fewer blocks than the base."""
        if self.base_blocks is not None and not 1 <= self.base_blocks <= shape.layers:
            raise InputError(
                f"space.base_blocks must be null or from 1 to the {shape.layers} of the network, not {self.base_blocks}"
            )
        blocks = self.base_blocks or shape.layers
        heads = tuple(h for h in dict.fromkeys(self.heads) if _head_size(self.head_mode, shape, h))
        if not heads:
            raise InputError(
                f"none of space.heads={self.heads} fits a hidden size of {shape.hidden_size} with "
                f"space.head_mode={self.head_mode}: list others"
            )
        return HierarchicalSpace(
            name=f"hierarchical_{self.mutation}_{self.head_mode}",
            shape=shape,
            blocks=blocks,
            head_mode=self.head_mode,
            mutator=Mutator(
                mutation=self.mutation,
                probabilities=self._probabilities,
                heads=heads,
                choices=tuple(itertools.product(self.activations, self.linears, self._widths(shape.units))),
                default=BlockGene(shape.heads, (FeedForwardGene("gelu", 2, shape.units),)),
                depths=(1, max(self.max_blocks, blocks)),
                max_feed_forward=self.max_feed_forward,
            ),
        )

    def _widths(self, units: int) -> Sequence[int]:
        if self.widths is not None:
            least, greatest, step = self.widths
            return range(least, greatest + 1, step)
        return sorted({max(1, round(share * units)) for share in PAPER_WIDTHS})


def _head_size(mode: HeadMode, shape: NetworkShape, heads: int) -> int:
    """Channels of a head; 0 where so many heads cannot be. The network's own number keeps its own head size."""
    d = shape.hidden_size
    if heads == shape.heads:
        return shape.head_size
    match mode:
        case HeadMode.FLOOR:
            return d // heads
        case HeadMode.CEIL:
            return -(-d // heads)
        case HeadMode.FIXED64:
            return 64
        case HeadMode.REJECT:
            return 0 if d % heads else d // heads


@dataclass(frozen=True, kw_only=True)
class HierarchicalSpace:
    """Architectures name the parent's modules (`nasbench.spaces.genotype`), so they mean something beside it alone.

    What `sample`, `smallest` and `neighbours` give belongs to the base; what `mutate` gives, to the given architecture.
    """

    name: str
    shape: NetworkShape
    blocks: int
    head_mode: HeadMode
    mutator: Mutator

    @cached_property
    def _base(self) -> Genotype:
        return as_parent((self.mutator.default,) * self.blocks)

    def base(self) -> Architecture:
        """The pretrained network itself, or its first blocks."""
        return to_architecture(self._base)

    def sample(self, rng: np.random.Generator) -> Architecture:
        """A mutant of the base: what the search begins with."""
        return to_architecture(self.mutator.child(self._base, rng))

    def mutate(self, architecture: Architecture, rng: np.random.Generator) -> Architecture:
        return to_architecture(self.mutator.child(as_parent(self.genotype(architecture)), rng))

    def neighbours(self, architecture: Architecture) -> Iterator[Architecture]:
        return map(to_architecture, self.mutator.neighbours(self.genotype(architecture)))

    def smallest(self) -> Architecture:
        """One block of the narrowest attention and the smallest feed-forward module."""
        heads = min((*self.mutator.heads, self.shape.heads), key=lambda h: h * self._head_size(h))
        module = min(
            (FeedForwardGene(*choice) for choice in self.mutator.choices),
            key=lambda ff: cost.encoder_parameters(self.shape, BlockList((self._block(BlockGene(heads, (ff,))),))),
        )
        return to_architecture((BlockGene(heads, (module,)),))

    def genotype(self, architecture: Architecture) -> Genotype:
        """What each module is and was.

        Raises:
            ValueError: the architecture is not of this space.
        """
        blocks = from_architecture(architecture)
        mutator = self.mutator
        heads = {*mutator.heads, self.shape.heads}
        modules = {*mutator.choices, *(ff.choice for ff in mutator.default.feed_forward)}
        inside = mutator.depths[0] <= len(blocks) <= mutator.depths[1] and all(
            block.heads in heads
            and 1 <= len(block.feed_forward) <= mutator.max_feed_forward
            and {ff.choice for ff in block.feed_forward} <= modules
            for block in blocks
        )
        if not inside:
            raise ValueError(f"{str(architecture.values)[:80]} is not of this space")
        return blocks

    def network(self, architecture: Architecture) -> BlockList:
        return BlockList(tuple(self._block(block) for block in self.genotype(architecture)))

    def _block(self, gene: BlockGene) -> Block:
        modules = tuple(FeedForward(ff.activation, (ff.width,) * (ff.linears - 1)) for ff in gene.feed_forward)
        return Block(gene.heads, self._head_size(gene.heads), modules)

    def _head_size(self, heads: int) -> int:
        return _head_size(self.head_mode, self.shape, heads)

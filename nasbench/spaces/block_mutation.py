"""Mutation of block lists (Paraskeva et al. 2024, section 3.2): blocks come and go, attention and feed-forward change.

What an event touches loses its parent's tensors; all else keeps them. Genes are immutable, so a parent stays as it is.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from nasbench.errors import InputError
from nasbench.spaces.genotype import BlockGene, FeedForwardGene, Genotype

DRAWS = 1000
"""So many children in a row that are like their parent, and there is no other."""


class Mutation(StrEnum):
    """How many events make a child.

    Attributes:
        SEQUENTIAL: each event may happen: one of depth, then of each block's attention, then of its feed-forward.
        CATEGORICAL: exactly one happens, drawn by the probabilities.
    """

    SEQUENTIAL = "sequential"
    CATEGORICAL = "categorical"


@dataclass(frozen=True, kw_only=True)
class Mutator:
    """Attributes:
    probabilities: of an event of depth, of attention and of feed-forward.
    heads: numbers of heads to draw from.
    choices: activation, dense layers and width to draw from.
    default: the block that is added.
    depths: fewest and most blocks.
    max_feed_forward: most feed-forward modules of a block.
    """

    mutation: Mutation
    probabilities: tuple[float, float, float]
    heads: tuple[int, ...]
    choices: tuple[tuple[str, int, int], ...]
    default: BlockGene
    depths: tuple[int, int]
    max_feed_forward: int

    def child(self, parent: Genotype, rng: np.random.Generator) -> Genotype:
        """A child that differs from its parent: one without any event is drawn again.

        Raises:
            InputError: no event that the settings allow changes anything.
        """
        make = self._sequential if self.mutation is Mutation.SEQUENTIAL else self._categorical
        children = (make(parent, rng) for _ in range(DRAWS))
        child = next((child for child in children if child != parent), None)
        if child is None:
            raise InputError("the space's settings leave a network no mutation: give it more heads, widths or blocks")
        return child

    def _sequential(self, parent: Genotype, rng: np.random.Generator) -> Genotype:
        depth, attention, feed_forward = self.probabilities
        blocks = self._change_depth(parent, rng) if rng.random() < depth else parent
        blocks = tuple(self._redraw_heads(b, rng) if rng.random() < attention else b for b in blocks)
        return tuple(self._change_feed_forward(b, rng) if rng.random() < feed_forward else b for b in blocks)

    def _categorical(self, parent: Genotype, rng: np.random.Generator) -> Genotype:
        event = int(rng.choice(3, p=self.probabilities))
        if event == 0:
            return self._change_depth(parent, rng)
        change = self._redraw_heads if event == 1 else self._change_feed_forward
        i = int(rng.integers(len(parent)))
        return _with(parent, i, change(parent[i], rng))

    def _change_depth(self, blocks: Genotype, rng: np.random.Generator) -> Genotype:
        """Add or remove a block, with even odds where both are possible."""
        few, many = len(blocks) <= self.depths[0], len(blocks) >= self.depths[1]
        if few and many:
            return blocks
        if few or (not many and rng.random() < 0.5):
            i = int(rng.integers(len(blocks) + 1))
            return (*blocks[:i], self.default, *blocks[i:])
        return _without(blocks, int(rng.integers(len(blocks))))

    def _redraw_heads(self, block: BlockGene, rng: np.random.Generator) -> BlockGene:
        others = [heads for heads in self.heads if heads != block.heads]
        return replace(block, heads=others[int(rng.integers(len(others)))], kept=False) if others else block

    def _change_feed_forward(self, block: BlockGene, rng: np.random.Generator) -> BlockGene:
        """Add a module at the end or draw one anew, with even odds where both are possible."""
        if len(block.feed_forward) < self.max_feed_forward and rng.random() < 0.5:
            added = FeedForwardGene(*self.choices[int(rng.integers(len(self.choices)))])
            return replace(block, feed_forward=(*block.feed_forward, added))
        i = int(rng.integers(len(block.feed_forward)))
        others = [choice for choice in self.choices if choice != block.feed_forward[i].choice]
        return _redrawn(block, i, others[int(rng.integers(len(others)))]) if others else block

    def neighbours(self, blocks: Genotype) -> Iterator[Genotype]:
        """All that one event makes of a network, each once, with genes that name the same parent's modules."""
        seen = {blocks}
        for neighbour in itertools.chain(self._depth_neighbours(blocks), self._module_neighbours(blocks)):
            if neighbour not in seen:
                seen.add(neighbour)
                yield neighbour

    def _depth_neighbours(self, blocks: Genotype) -> Iterator[Genotype]:
        if len(blocks) > self.depths[0]:
            yield from (_without(blocks, i) for i in range(len(blocks)))
        if len(blocks) < self.depths[1]:
            yield from ((*blocks[:i], self.default, *blocks[i:]) for i in range(len(blocks) + 1))

    def _module_neighbours(self, blocks: Genotype) -> Iterator[Genotype]:
        for i, block in enumerate(blocks):
            yield from (_with(blocks, i, replace(block, heads=h, kept=False)) for h in self.heads if h != block.heads)
            for choice in self.choices:
                for j, ff in enumerate(block.feed_forward):
                    if choice != ff.choice:
                        yield _with(blocks, i, _redrawn(block, j, choice))
                if len(block.feed_forward) < self.max_feed_forward:
                    added = (*block.feed_forward, FeedForwardGene(*choice))
                    yield _with(blocks, i, replace(block, feed_forward=added))


def _redrawn(block: BlockGene, i: int, choice: tuple[str, int, int]) -> BlockGene:
    """A block whose feed-forward module i is another, at the same place."""
    modules = block.feed_forward
    new = FeedForwardGene(*choice, origin=modules[i].origin)
    return replace(block, feed_forward=(*modules[:i], new, *modules[i + 1 :]))


def _with(blocks: Sequence[BlockGene], i: int, block: BlockGene) -> Genotype:
    return (*blocks[:i], block, *blocks[i + 1 :])


def _without(blocks: Sequence[BlockGene], i: int) -> Genotype:
    return (*blocks[:i], *blocks[i + 1 :])

"""Proposals of what was not tried before: no architecture is evaluated twice, and an exhausted space ends a search."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

import numpy as np

from nasbench.errors import InputError
from nasbench.records import Architecture, Proposal, Trial
from nasbench.spaces.base import HasLargest, HasMiddle, Points, SearchSpace

DRAWS = 100
"""So many draws of a method that all give what was tried, and it is given a random architecture instead."""


def unseen_proposals(
    space: Points,
    history: Sequence[Trial],
    rng: np.random.Generator,
    *,
    size: int,
    draw: Callable[[], Proposal],
    start: Sequence[Architecture] = (),
) -> list[Proposal]:
    """Up to `size` proposals of distinct architectures that no trial had, whatever its status.

    Args:
        draw: one random proposal of the method's own. It is called again when it gives what was tried; where that
            goes on, random architectures of the space are tried, and at last whatever is left of it.
        start: proposed before anything else.

    Returns:
        Fewer than `size` where the space has no more, or while start points are left.
    """
    seen = {trial.proposal.architecture for trial in history}
    first = [architecture for architecture in dict.fromkeys(start) if architecture not in seen]
    if first:
        return [Proposal(architecture) for architecture in first[:size]]
    proposals: list[Proposal] = []
    while len(proposals) < size:
        proposal = _unseen(space, seen, rng, draw)
        if proposal is None:
            break
        seen.add(proposal.architecture)
        proposals.append(proposal)
    return proposals


def _unseen(
    space: Points, seen: set[Architecture], rng: np.random.Generator, draw: Callable[[], Proposal]
) -> Proposal | None:
    for source in (draw, lambda: Proposal(space.sample(rng))):
        for _ in range(DRAWS):
            proposal = source()
            if proposal.architecture not in seen:
                return proposal
    left = _nearest(space, seen, space.sample(rng))
    return None if left is None else Proposal(left)


def _nearest(space: Points, seen: set[Architecture], origin: Architecture) -> Architecture | None:
    """The unseen architecture that fewest changes from the origin reach; None if all of the space was seen.

    Breadth first, so at most the seen architectures and their neighbours are visited.
    """
    if origin not in seen:
        return origin
    visited, queue = {origin}, deque([origin])
    while queue:
        for neighbour in space.neighbours(queue.popleft()):
            if neighbour not in seen:
                return neighbour
            if neighbour not in visited:
                visited.add(neighbour)
                queue.append(neighbour)
    return None


def largest(space: SearchSpace) -> Architecture:
    """Raises InputError where the space has no largest architecture."""
    if not isinstance(space, HasLargest):
        raise InputError(f"space {space.name} has no largest architecture for the search to start from")
    return space.largest()


def warm_start(space: SearchSpace) -> list[Architecture]:
    """Largest, smallest and middle: where the public code of Klein et al. 2024 begins every search.

    Raises:
        InputError: the space lacks one of them.
    """
    if not isinstance(space, HasMiddle):
        raise InputError(f"space {space.name} has no middle architecture: search.warm_start must be false")
    return [largest(space), space.smallest(), space.middle()]

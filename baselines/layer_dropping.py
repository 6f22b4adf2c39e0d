"""Layer dropping: the pretrained network without its top n layers, fine-tuned; n = 1, 2, ... until the budget ends.

Sajjad et al. 2022, section 3 (top-layer dropping); as in Klein et al. 2024, section 4.2, n goes up to L - 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nasbench.errors import InputError
from nasbench.records import Proposal, SubNetwork, Trial
from nasbench.spaces.base import HasLargest, Inverts, SearchSpace


@dataclass(frozen=True, kw_only=True)
class TopLayerDropping:
    batch_size: ClassVar[int] = 1
    max_trials: ClassVar[int | None] = None

    def propose(self, space: SearchSpace, history: Sequence[Trial], rng: np.random.Generator) -> list[Proposal]:
        if not (isinstance(space, HasLargest) and isinstance(space, Inverts)):
            raise InputError(f"space {space.name} cannot say which of its architectures lacks the top layers")
        full = space.network(space.largest())
        left = len(full.layers_kept) - len(history) - 1
        if left < 1:
            return []
        shallower = SubNetwork(full.layers_kept[:left], full.heads[:left], full.units[:left])
        return [Proposal(space.architecture(shallower))]

"""Masked language modelling: which tokens a network has to guess (Devlin et al. 2019, section 3.1)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from nasbench.tasks.base import Batch

UNASKED = -100
"""The label of a token that is not to be guessed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Masking:
    """Of the tokens that are asked for 80% become the mask token, 10% any token, and 10% stay.

    Attributes:
        mask_id, vocabulary: of the tokenizer.
        special_ids: never asked for.
        probability: that a token is asked for; of a batch it is always one at least.
    """

    mask_id: int
    vocabulary: int
    special_ids: tuple[int, ...]
    probability: float

    def masked(self, tokens: NDArray[np.int64], rng: np.random.Generator) -> Batch:
        """A batch of unpadded sequences [B, S]: `input_ids`, `attention_mask` and `labels`, all [B, S]."""
        askable = ~np.isin(tokens, self.special_ids)
        draw = np.where(askable, rng.random(tokens.shape), 2.0)
        asked = draw < self.probability
        if not asked.any():
            asked = draw == draw.min()
        how, other = rng.random(tokens.shape), rng.integers(self.vocabulary, size=tokens.shape)
        inputs = np.where(asked & (how < 0.8), self.mask_id, np.where(asked & (how < 0.9), other, tokens))
        return {
            "input_ids": torch.from_numpy(inputs),
            "attention_mask": torch.ones(tokens.shape, dtype=torch.int64),
            "labels": torch.from_numpy(np.where(asked, tokens, UNASKED)),
        }

"""A problem, text and networks so small that pre-training and fine-tuning take a moment."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from nasbench.estimators.pretrain_finetune import PretrainFinetune
from nasbench.estimators.pretraining import Pretraining
from nasbench.models.checkpoint import RandomCheckpoint
from nasbench.objectives import MeanError, RelativeSize
from nasbench.problem import Problem
from nasbench.spaces.genotype import BlockGene, FeedForwardGene, Genotype
from nasbench.spaces.hierarchical import Hierarchical, HierarchicalSpace
from nasbench.tasks.base import Limits
from nasbench.tasks.bbc import Cloze
from nasbench.tasks.corpus import PackedText
from nasbench.tasks.masking import Masking
from nasbench.training import Training
from nasbench.weights import WeightsStore

CHECKPOINT = RandomCheckpoint(layers=3)
SETTINGS = Pretraining(
    base_steps=2,
    phase_0_steps=3,
    phase_1_steps=2,
    batch_size=4,
    learning_rate=1e-2,
    curve_points=2,
    diverged_above=20.0,
)


class Words:
    """A corpus: two dozen sequences of 16 tokens, drawn at random."""

    name = "words"

    def load(self, tokenizer: Any) -> PackedText:
        tokens = np.random.default_rng(0).integers(1000, 1100, size=(30, 16))
        masking = Masking(mask_id=103, vocabulary=len(tokenizer), special_ids=(0, 101, 102), probability=0.3)
        return PackedText(
            train=tokens[:24], held_out=tokens[24:], masking=masking, fingerprint="words", source_note="words"
        )


@cache
def _data() -> Any:
    return Cloze().load(CHECKPOINT.tokenizer(), Limits(train=8, validation=6, test=6))


def problem(folder: Path, **changes: Any) -> Problem:
    data = _data()
    fields: dict[str, Any] = {
        "checkpoint": CHECKPOINT,
        "data": data,
        "shape": CHECKPOINT.shape(data.head, data.num_labels),
        "objectives": {"error": MeanError(), "size": RelativeSize()},
        "training": Training(batch_size=8),
        "seed": 0,
        "weights": WeightsStore(folder),
        "fingerprints": {"corpus": "words"},
        "numerics": {},
        "device": "cpu",
    }
    return Problem(**{**fields, **changes})


def space(found: Problem) -> HierarchicalSpace:
    return Hierarchical(heads=[2, 4, 8, 20]).bind(found.shape)


def estimator(**changes: Any) -> PretrainFinetune:
    return PretrainFinetune(**{"corpus": Words(), "pretraining": SETTINGS, **changes})


def gelu(width: int = 64, origin: int = 0, kept: bool = True) -> FeedForwardGene:
    return FeedForwardGene("gelu", 2, width, origin, kept)


CHILD: Genotype = (
    BlockGene(4, (gelu(), gelu(60, origin=-1, kept=False)), origin=0, kept=True),
    BlockGene(20, (gelu(),), origin=1, kept=False),
    BlockGene(4, (gelu(origin=-1, kept=False),)),
    BlockGene(4, (gelu(72, kept=False),), origin=2, kept=True),
)
"""Of the base of three blocks: a module added, heads altered, a block added, a module altered."""

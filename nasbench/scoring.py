"""The one way to score networks on a split: many sub-networks of one model at once, what they share computed once."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nasbench.models.elastic import padding_mask
from nasbench.models.prefixes import Prefixes
from nasbench.models.task_model import TaskModel
from nasbench.records import Head, SubNetwork
from nasbench.tasks.base import Batch, Split
from nasbench.tasks.losses import task_loss
from nasbench.training import Training

TOKENS_AT_ONCE = 1024
"""On a CPU a batch is run in parts of at most so many tokens, whose activations stay in its caches: of a MiniLM's 4,096
tokens, parts take a seventh less time than the whole."""

EMBEDDED_BYTES = 2**28
"""At most so much memory keeps embeddings of a split; those of batches beyond it are computed for each call."""

OUTPUT_BYTES = 2**28
"""At most so much memory holds outputs that wait for their metrics, or those of one network where they are more."""


def score(model: TaskModel, split: Split, training: Training, network: SubNetwork | None = None) -> dict[str, float]:
    """The task's metrics of a (sub-)network on a split, and the mean `loss`, alone and NaN where training diverged."""
    return score_many(model, split, training, [network or model.whole])[0]


def score_many(
    model: TaskModel, split: Split, training: Training, networks: Sequence[SubNetwork]
) -> list[dict[str, float]]:
    """The scores of several sub-networks, each as `score` gives them to the last bit."""
    return Scorer(model=model, split=split, training=training).scores(networks)


@dataclass(frozen=True, kw_only=True)
class Scorer:
    """A split made ready for scoring sub-networks of a model whose weights stay as they are.

    Memory is that of its embeddings (`EMBEDDED_BYTES`), of outputs (`OUTPUT_BYTES`) and of one batch's hidden states
    (`nasbench.models.prefixes`), however many networks are scored.
    """

    model: TaskModel
    split: Split
    training: Training

    @torch.inference_mode()
    def scores(self, networks: Sequence[SubNetwork]) -> list[dict[str, float]]:
        """The task's metrics of each network and its mean `loss`, alone and NaN where it is not finite."""
        self.model.eval()
        found: dict[int, dict[str, float]] = {}
        order = list(Prefixes.of(networks).order())
        size = max(1, OUTPUT_BYTES // self._output_bytes)
        for positions in (order[i : i + size] for i in range(0, len(order), size)):
            scores = self._scores([networks[position] for position in positions])
            found.update(zip(positions, scores, strict=True))
        return [found[position] for position in range(len(networks))]

    def _scores(self, networks: Sequence[SubNetwork]) -> list[dict[str, float]]:
        tallies = [_Tally(split=self.split, places=self._places, width=self.model.num_labels) for _ in networks]
        prefixes = Prefixes.of(networks)
        for part in self._parts:
            hidden = self.model.embed(part.batch) if part.embedded is None else part.embedded
            for position, last in prefixes.run(self.model, hidden, part.mask):
                logits = self.model.logits(last, part.batch)
                loss = float(task_loss(self.model.head, logits, part.batch))
                tallies[position].add(part.items, loss, logits.float().cpu().numpy())
        return [tally.scores() for tally in tallies]

    @cached_property
    def _places(self) -> NDArray[np.int64] | None:
        """[items + 1]: where each item's outputs begin, and the last one's end; None: one output an item."""
        if not self._by_token:
            return None
        return np.concatenate(([0], np.cumsum(self.split.lengths[:, 0])))

    @cached_property
    def _parts(self) -> list[_Part]:
        """The split in batches, and their embeddings as far as memory allows."""
        device = next(self.model.parameters()).device
        parts: list[_Part] = []
        free = EMBEDDED_BYTES
        for items in self._items(device):
            batch = {name: tensor.to(device) for name, tensor in self.split.batch(items).items()}
            size = 4 * self.model.shape.hidden_size * batch["input_ids"].numel()
            free -= size
            parts.append(
                _Part(
                    items=items,
                    batch=batch,
                    mask=padding_mask(batch["attention_mask"]),
                    embedded=self.model.embed(batch) if free >= 0 else None,
                )
            )
        return parts

    def _items(self, device: torch.device) -> Iterator[NDArray[np.int64]]:
        for items in self.split.batches(self.training.scoring_batch_size):
            tokens = int(self.split.lengths[items].max()) * self.split.choices
            size = max(1, TOKENS_AT_ONCE // tokens) if device.type == "cpu" else len(items)
            yield from (items[i : i + size] for i in range(0, len(items), size))

    @property
    def _by_token(self) -> bool:
        return self.model.head in (Head.QUESTION_ANSWERING, Head.MASKED_LM)

    @property
    def _output_bytes(self) -> int:
        """Of one network."""
        rows = self.split.lengths.sum() if self._by_token else len(self.split)
        return 4 * int(rows) * self.model.num_labels


@dataclass(frozen=True, kw_only=True)
class _Part:
    """A batch on the model's device.

    Attributes:
        items: their indices in the split.
        mask: as `padding_mask` makes it.
        embedded: hidden states before the first layer; None where there is no room for them.
    """

    items: NDArray[np.int64]
    batch: Batch
    mask: Tensor | None
    embedded: Tensor | None


class _Tally:
    """What is known so far of one network: the sum of its items' losses, and their outputs, end to end in one array."""

    def __init__(self, *, split: Split, places: NDArray[np.int64] | None, width: int) -> None:
        self._split = split
        self._places = places
        self._loss = 0.0
        self._outputs = np.empty((len(split) if places is None else int(places[-1]), width), dtype=np.float32)

    def add(self, items: NDArray[np.int64], loss: float, outputs: NDArray[np.float32]) -> None:
        """Args:
        outputs: of the items: [items, width], or [items, S, width] where each token has its own.
        """
        self._loss += loss * len(items)
        if self._places is None:
            self._outputs[items] = outputs
            return
        for item, rows in zip(items, outputs, strict=True):
            begin, end = self._places[item : item + 2]
            self._outputs[begin:end] = rows[: end - begin]

    def scores(self) -> dict[str, float]:
        loss = self._loss / len(self._split)
        if not math.isfinite(loss):
            return {"loss": math.nan}
        return {**self._split.scores(self._by_item()), "loss": loss}

    def _by_item(self) -> list[NDArray[np.float32]]:
        if self._places is None:
            return list(self._outputs)
        return [self._outputs[begin:end] for begin, end in pairwise(self._places)]

"""Fine-tuning of one sub-network from the pretrained weights: its price, its recipe, and its place in the store."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from nasbench.errors import RunError
from nasbench.models.elastic import ElasticModel
from nasbench.models.extraction import extract
from nasbench.problem import Problem
from nasbench.records import SubNetwork
from nasbench.tensors import under
from nasbench.training import Trained, supervised, train
from nasbench.weights import WeightsStore

MODEL, OPTIMIZER = "model.", "optimizer."
"""Prefixes of the tensors in a stored entry; only one that training may go on from holds an optimiser's."""


@dataclass(frozen=True, kw_only=True)
class FineTuning:
    """A sub-network at so many epochs of training. Equal ones have equal weights, whichever method asks.

    Attributes:
        epochs: done in the end; the learning-rate schedule spans those of full fidelity anyhow.
    """

    problem: Problem
    network: SubNetwork
    epochs: int

    @property
    def complete(self) -> bool:
        return self.epochs == self.problem.training.epochs

    def price(self, done: int = 0) -> int:
        """COST in MACs of the epochs after the first `done`."""
        return self.problem.training_cost(self.network, self.epochs - done)

    @property
    def recipe(self) -> dict[str, object]:
        return self.problem.recipe(
            made_by="fine-tuning",
            network=self.network.to_json(),
            training=dataclasses.asdict(self.problem.training),
            epochs=self.epochs,
            seed=self.problem.seed,
        )

    @property
    def key(self) -> str:
        """In the weights store."""
        return WeightsStore.key(self.recipe)

    def train(self, done: int = 0) -> tuple[ElasticModel, Trained]:
        """Train on from what is stored of `done` epochs, or from the beginning where it is gone: equal either way."""
        model, state = self._before(done)
        with self.problem.weights.unfinished(self.key) as unfinished:
            trained = train(
                model,
                self.problem.data.train,
                self.problem.training,
                seed=self.problem.seed,
                backward=supervised(model),
                report=lambda share: self.problem.report(share * self.problem.training_cost(self.network, self.epochs)),
                begin=done if state else 0,
                end=self.epochs,
                optimizer_state=state,
                unfinished=unfinished,
            )
            unfinished.over()
        return model, trained

    def store(self, model: ElasticModel, trained: Trained) -> None:
        """Store what training left: with the optimiser's state where it may go on."""
        tensors = {MODEL + name: tensor for name, tensor in model.state_dict().items()}
        if not self.complete:
            tensors |= {OPTIMIZER + name: tensor for name, tensor in trained.optimizer.items()}
        meta = {"cost": self.price(), "scores": {"loss": trained.loss}}
        self.problem.weights.put(self.key, tensors, recipe=self.recipe, meta=meta)

    def obtain(self) -> tuple[ElasticModel, float]:
        """The trained network and its loss: stored, or trained now and stored.

        Where weights are gone (dropped once, or deleted) training repeats: equal, and not billed again.

        Raises:
            RunError: training diverged.
        """
        with self.problem.weights.lock(self.key):
            stored = self.problem.weights.get(self.key)
            if stored is not None:
                return self._loaded(stored.tensors), stored.meta["scores"]["loss"]
            model, trained = self.train()
            if math.isnan(trained.loss):
                raise RunError("fine-tuning diverged: its loss or gradient was not finite")
            self.store(model, trained)
            return model, trained.loss

    def _before(self, done: int) -> tuple[ElasticModel, dict[str, Tensor] | None]:
        if done:
            earlier = dataclasses.replace(self, epochs=done)
            stored = self.problem.weights.get(earlier.key)
            if stored is not None:
                return self._loaded(stored.tensors), under(OPTIMIZER, stored.tensors)
        return extract(self.problem.pretrained(), self.network), None

    def _loaded(self, tensors: Mapping[str, Tensor]) -> ElasticModel:
        model = extract(self.problem.pretrained(), self.network)
        model.load_state_dict(under(MODEL, tensors))
        return model

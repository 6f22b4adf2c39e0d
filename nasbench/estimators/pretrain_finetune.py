"""Estimation of networks that are built, not cut out: inherit, pre-train in two phases, fine-tune, score.

Paraskeva et al. 2024, sections 3.3 and 3.4. A child takes the pre-trained tensors (never the fine-tuned ones) of what
its parent and it have in common; phase 0 trains its fresh modules alone, phase 1 everything. A proposal of fidelity 1
stops after phase 0 with its held-out loss, which a search ranks candidates by; one that resumes it does the rest.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, ClassVar

from nasbench.blocks import BlockList
from nasbench.cost import NetworkShape
from nasbench.errors import InputError, RunError
from nasbench.estimators.inheritance import Tensors
from nasbench.estimators.pretrain_evaluator import MLM_LOSS, PretrainFinetuneEvaluator
from nasbench.estimators.pretraining import Bill, Pretrainer, Pretraining
from nasbench.estimators.stages import BASE, Plan, Schedule
from nasbench.models.block_network import BlockNetwork, from_pretrained
from nasbench.models.checkpoint import Checkpoint
from nasbench.models.elastic import ElasticModel
from nasbench.problem import Problem
from nasbench.records import Head, Phase
from nasbench.spaces.base import Inherits
from nasbench.tasks.corpus import PackedText
from nasbench.weights import WeightsStore


@dataclass(frozen=True, kw_only=True)
class PretrainFinetune:
    """Attributes:
    corpus: the text of pre-training (a `nasbench.tasks.corpus.Corpus`).
    pretraining: steps and optimisation (`nasbench.estimators.pretraining.Pretraining`).
    schedule, inherit, reuse_shape: as in `nasbench.estimators.stages`.
    """

    corpus: Any
    pretraining: Any
    schedule: Schedule = Schedule.TWO_PHASE
    inherit: bool = True
    reuse_shape: bool = False
    builds: ClassVar[bool] = True
    early_scores: ClassVar[tuple[str, ...]] = (MLM_LOSS,)

    @property
    def fidelities(self) -> bool:
        return self.schedule is Schedule.TWO_PHASE

    def fingerprints(self, checkpoint: Checkpoint) -> Mapping[str, str]:
        return {"corpus": self._text(checkpoint).fingerprint}

    def upfront_price(self, problem: Problem, space: Inherits) -> int:
        text = self._text(problem.checkpoint)
        bill = Bill.of(_mlm_shape(problem), _base(space), text, self.pretraining)
        return _base_cost(bill, self.pretraining)

    def start(self, problem: Problem, space: Inherits) -> PretrainFinetuneEvaluator:
        text = self._text(problem.checkpoint)
        pretrained = problem.checkpoint.load(Head.MASKED_LM, 0, problem.seed).to(problem.device)
        _check_activation(pretrained)
        trainer = Pretrainer(text=text, settings=self.pretraining, seed=problem.seed)
        bill = Bill.of(_mlm_shape(problem), _base(space), text, self.pretraining)
        base = from_pretrained(pretrained, len(_base(space).blocks))
        tensors, phases = _trained_base(base, problem, trainer, bill)
        return PretrainFinetuneEvaluator(
            problem=problem,
            space=space,
            plan=Plan(
                pretraining=self.pretraining,
                schedule=self.schedule,
                inherit=self.inherit,
                reuse_shape=self.reuse_shape,
            ),
            trainer=trainer,
            shape=_mlm_shape(problem),
            base=tensors,
            phases=phases,
        )

    def _text(self, checkpoint: Checkpoint) -> PackedText:
        return _read(_Request(self.corpus, checkpoint, f"{self.corpus} {checkpoint}"))


@dataclass(frozen=True)
class _Request:
    """A corpus and who is to read it, as a key of a cache."""

    corpus: Any = field(compare=False)
    checkpoint: Checkpoint = field(compare=False)
    text: str


@lru_cache(maxsize=2)
def _read(request: _Request) -> PackedText:
    """Once for all the runs of an experiment."""
    packed: PackedText = request.corpus.load(request.checkpoint.tokenizer())
    return packed


def _mlm_shape(problem: Problem) -> NetworkShape:
    return problem.checkpoint.shape(Head.MASKED_LM, 0)


def _base(space: Inherits) -> BlockList:
    return space.network(space.base())


def _base_cost(bill: Bill, settings: Pretraining) -> int:
    return bill.total(settings.base_steps, len(settings.points(settings.base_steps))) if settings.base_steps else 0


def _check_activation(model: ElasticModel) -> None:
    activation = getattr(model.network.config, model.family.activation)
    if activation != "gelu":
        raise InputError(
            f"the feed-forward modules of the checkpoint have the activation {activation}, where space=hierarchical "
            "begins with gelu: take another checkpoint"
        )


def _trained_base(
    model: BlockNetwork, problem: Problem, trainer: Pretrainer, bill: Bill
) -> tuple[Tensors, tuple[Phase, ...]]:
    """The base's tensors after its own pre-training, or what was stored of it; its phase row is the same either way."""
    settings = trainer.settings
    if not settings.base_steps:
        return model.state_dict(), ()
    recipe = problem.recipe(
        made_by="base", blocks=len(model.blocks), pretraining=dataclasses.asdict(settings), seed=problem.seed
    )
    key = WeightsStore.key(recipe)
    cost = _base_cost(bill, settings)
    with problem.weights.lock(key), problem.weights.unfinished(key) as unfinished:
        stored = problem.weights.get(key)
        if stored is not None:
            unfinished.over()
            return stored.tensors, (Phase(name=BASE, cost=cost, weights=key, **stored.meta),)
        outcome = trainer.train(
            model,
            phase=BASE,
            steps=settings.base_steps,
            bill=bill,
            report=lambda share: problem.report(share * cost),
            unfinished=unfinished,
        )
        if outcome.fault:
            unfinished.over()
            raise RunError(f"the base's pre-training diverged: {outcome.fault}")
        scores = {"loss": outcome.stage.curve[-1][1], MLM_LOSS: outcome.held_out}
        seconds = outcome.stage.seconds
        problem.weights.put(key, model.state_dict(), recipe=recipe, meta={"scores": scores, "seconds": seconds})
        unfinished.over()
    return model.state_dict(), (Phase(name=BASE, cost=cost, weights=key, scores=scores, seconds=seconds),)

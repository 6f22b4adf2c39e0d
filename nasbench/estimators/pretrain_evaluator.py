"""The evaluator of `pretrain_finetune`: one network from its parent's tensors to its scores."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from nasbench import rng
from nasbench.blocks import BlockList
from nasbench.cost import NetworkShape, training_macs
from nasbench.errors import InputError
from nasbench.estimators.base import scored_on_test
from nasbench.estimators.fine_tuning import MODEL
from nasbench.estimators.inheritance import Tensors, adopt_shell, first_to_learn, freeze_all_but, inherit, transfer
from nasbench.estimators.pretraining import Bill, Outcome, Pretrainer
from nasbench.estimators.stages import FINE_TUNING, PHASE_0, Plan, stops
from nasbench.models.block_network import BlockNetwork
from nasbench.models.elastic import ElasticModel
from nasbench.models.extraction import extract
from nasbench.problem import Problem
from nasbench.records import Evaluation, Head, Phase, Point, Proposal, Stage, Status, SubNetwork, TestResult, Trial
from nasbench.scoring import score
from nasbench.spaces.base import Inherits
from nasbench.tensors import under
from nasbench.training import Step, supervised, train
from nasbench.unfinished import Unfinished
from nasbench.weights import WeightsStore

MLM_LOSS = "mlm_loss"
"""The score that holds the held-out loss at the end of the pre-training that a trial did."""

PRETRAINED = "pretrained."
"""Prefix, in a stored entry, of what a child inherits; the fine-tuned network's tensors are under `MODEL`."""

EVERYTHING = ("shell", "blocks")
NO_LAYERS = SubNetwork((), (), ())


@dataclass(frozen=True, slots=True)
class _Made:
    """What training left, until it is known whether it is worth storing."""

    recipe: dict[str, object]
    tensors: dict[str, Tensor]


@dataclass
class PretrainFinetuneEvaluator:
    """Attributes:
    shape: of the pretrained network under its masked-language-model head.
    base: the pre-trained tensors of the base.
    """

    problem: Problem
    space: Inherits
    plan: Plan
    trainer: Pretrainer
    shape: NetworkShape
    base: Tensors
    phases: Sequence[Phase]
    _fresh: dict[str, _Made] = field(default_factory=dict)
    _history: Sequence[Trial] = ()

    def price(self, proposal: Proposal, history: Sequence[Trial]) -> int:
        """In closed form: steps and held-out passes of each phase, then fine-tuning and scoring."""
        network, settings = self.space.network(proposal.architecture), self.plan.pretraining
        bill = self._bill(network)
        phases = self.plan.pretraining_of(proposal)
        pretraining = sum(bill.total(steps, len(settings.points(steps))) for _, steps in phases)
        return pretraining + (0 if stops(proposal) else self._tuning_cost(network))

    def evaluate(self, proposal: Proposal, history: Sequence[Trial]) -> Evaluation:
        """What its phases have come to is stored now and then until the trial ends; fine-tuning begins anew."""
        key = WeightsStore.key(self._recipe(proposal, history))
        names = [phase for phase, _ in self.plan.pretraining_of(proposal)]
        with ExitStack() as stack:
            places = {name: stack.enter_context(self.problem.weights.unfinished(f"{key}-{name}")) for name in names}
            found = self._evaluated(proposal, history, places)
            for place in places.values():
                place.over()
        return found

    def _evaluated(self, proposal: Proposal, history: Sequence[Trial], places: Mapping[str, Unfinished]) -> Evaluation:
        self._history, started = history, time.perf_counter()
        network = self.space.network(proposal.architecture)
        model = self._beginning(proposal, network, history)
        outcomes: list[Outcome] = []
        note = None
        for phase, steps in self.plan.pretraining_of(proposal):
            note = self._free(model, proposal, phase, history) or note
            outcomes.append(self._pretrain(model, phase, steps, network, places[phase]))
            if outcomes[-1].fault:
                break
        stages = tuple(outcome.stage for outcome in outcomes)
        last = outcomes[-1]
        started -= sum(outcome.earlier for outcome in outcomes)
        recipe = self._recipe(proposal, history)
        tensors = {PRETRAINED + name: tensor for name, tensor in model.state_dict().items()}
        if last.fault or stops(proposal):
            return self._unfinished(network, last, stages, recipe, tensors, note, started)
        tuned, scores, stage = self._fine_tune(model, network)
        tensors |= {MODEL + name: tensor for name, tensor in tuned.state_dict().items()}
        evaluation = self.problem.evaluation(
            self.problem.sizes(network),
            {**scores, MLM_LOSS: last.held_out},
            cost=sum(each.cost for each in (*stages, stage)),
            seconds=time.perf_counter() - started,
            weights=self._hold(recipe, tensors),
            stages=(*stages, stage),
        )
        return dataclasses.replace(evaluation, note=evaluation.note or note)

    def _unfinished(
        self,
        network: BlockList,
        last: Outcome,
        stages: tuple[Stage, ...],
        recipe: dict[str, object],
        tensors: dict[str, Tensor],
        note: str | None,
        started: float,
    ) -> Evaluation:
        """Of a network that diverged, or is not to be trained any further yet: billed for what was done."""
        return Evaluation(
            status=Status.DIVERGED if last.fault else Status.STOPPED,
            cost=sum(stage.cost for stage in stages),
            sizes=self.problem.sizes(network),
            scores={} if last.fault else {MLM_LOSS: last.held_out},
            weights=None if last.fault else self._hold(recipe, tensors),
            note=last.fault or note,
            stages=stages,
            seconds=time.perf_counter() - started,
        )

    def together(self, proposals: Sequence[Proposal]) -> Sequence[Sequence[int]]:
        return [[place] for place in range(len(proposals))]

    def test(self, trial: Trial) -> TestResult:
        started = time.perf_counter()
        network = self.space.network(trial.proposal.architecture)
        model = self._network(self._task_shell, network)
        tensors = self._tensors(trial, self._history)
        model.load_state_dict(under(MODEL, tensors))
        scores = score(model, self.problem.data.test, self.problem.training)
        return scored_on_test(self.problem, trial, network, scores, time.perf_counter() - started)

    def keep(self, needed: Sequence[Trial], history: Sequence[Trial]) -> None:
        if history and history[0].index == 0:
            self._history = history
        keys = {trial.evaluation.weights for trial in needed}
        for key, made in self._fresh.items():
            if key in keys:
                self.problem.weights.put(key, made.tensors, recipe=made.recipe, meta={})
        self._fresh.clear()
        for gone in {trial.evaluation.weights for trial in history} - keys:
            if gone is not None:
                self.problem.weights.discard(gone)

    def extract(self, trial: Trial) -> NoReturn:
        raise InputError(
            f"trial {trial.index} is a list of blocks, which no transformers model can hold, so it cannot be exported; "
            f"its tensors are in {self.problem.weights.folder / str(trial.evaluation.weights)}"
        )

    @cached_property
    def _mlm_shell(self) -> ElasticModel:
        return extract(self.problem.checkpoint.load(Head.MASKED_LM, 0, self.problem.seed), NO_LAYERS)

    @cached_property
    def _task_shell(self) -> ElasticModel:
        return extract(self.problem.pretrained(), NO_LAYERS)

    def _network(self, shell: ElasticModel, network: BlockList) -> BlockNetwork:
        """Fresh blocks in a copy of a shell."""
        with rng.scope(self.problem.seed, "fresh_modules"):
            return BlockNetwork(extract(shell, NO_LAYERS), network).to(self.problem.device)

    def _bill(self, network: BlockList) -> Bill:
        return Bill.of(self.shape, network, self.trainer.text, self.plan.pretraining)

    def _tuning_cost(self, network: BlockList) -> int:
        data, epochs = self.problem.data, self.problem.training.epochs
        return self.problem.training_cost(network, epochs) + self.problem.scoring_cost(network, data.validation)

    def _beginning(self, proposal: Proposal, network: BlockList, history: Sequence[Trial]) -> BlockNetwork:
        """The network with the tensors that its training begins with."""
        model = self._network(self._mlm_shell, network)
        if proposal.resumes is not None:
            model.load_state_dict(self._pretrained(history[proposal.resumes], history))
        elif not self.plan.inherit:
            adopt_shell(model, self.base)
        else:
            parent = self.base if proposal.parent is None else self._pretrained(history[proposal.parent], history)
            genes = self.space.genotype(proposal.architecture)
            inherit(model, parent, genes, reuse_shape=self.plan.reuse_shape)
        return model

    def _free(self, model: BlockNetwork, proposal: Proposal, phase: str, history: Sequence[Trial]) -> str | None:
        """Let a phase's parameters take gradients; returns what is to be said of it."""
        modules: Sequence[str] = EVERYTHING
        note = None
        if phase == PHASE_0 and not self.plan.inherit:
            modules = ("blocks",)
        elif phase == PHASE_0:
            parent = self.space.base() if proposal.parent is None else history[proposal.parent].proposal.architecture
            genes = self.space.genotype(proposal.architecture)
            modules, note = first_to_learn(genes, len(self.space.genotype(parent)))
        freeze_all_but(model, modules)
        return note

    def _pretrain(
        self, model: BlockNetwork, phase: str, steps: int, network: BlockList, unfinished: Unfinished
    ) -> Outcome:
        bill = self._bill(network)
        return self.trainer.train(
            model,
            phase=phase,
            steps=steps,
            bill=bill,
            report=lambda share: self.problem.report(share * steps * bill.step),
            unfinished=unfinished,
        )

    def _fine_tune(self, model: BlockNetwork, network: BlockList) -> tuple[BlockNetwork, Mapping[str, float], Stage]:
        """The network under the task's head, trained on the task, and its scores on the validation split.

        Where training diverges there is no scoring, and the stage is that of the steps begun.
        """
        started = time.perf_counter()
        data, training = self.problem.data, self.problem.training
        tuned = self._network(self._task_shell, network)
        transfer(tuned, model.state_dict())
        step_losses: list[float] = []
        lengths: list[NDArray[np.int64]] = []
        plain = supervised(tuned)

        def backward(batch: dict[str, Tensor], step: Step) -> float:
            lengths.append(data.train.lengths[step.indices].ravel())
            step_losses.append(plain(batch, step))
            return step_losses[-1]

        cost = self._tuning_cost(network)
        trained = train(
            tuned,
            data.train,
            training,
            seed=self.problem.seed,
            backward=backward,
            report=lambda share: self.problem.report(share * cost),
        )
        finite = np.isfinite(trained.loss)
        scores = score(tuned, data.validation, training) if finite else {"loss": trained.loss}
        stage = Stage(
            name=FINE_TUNING,
            steps=len(step_losses),
            tokens=int(sum(each.sum() for each in lengths)),
            cost=cost if finite else training_macs(self.problem.shape, network, np.concatenate(lengths)),
            curve=_curve(step_losses, self.plan.pretraining.points(len(step_losses))) if finite else (),
            seconds=time.perf_counter() - started,
        )
        return tuned, scores, stage

    def _recipe(self, proposal: Proposal, history: Sequence[Trial]) -> dict[str, object]:
        """What determines the tensors of a trial: the same, whether it was trained in one go or resumed."""
        first = proposal if proposal.resumes is None else history[proposal.resumes].proposal
        return self.problem.recipe(
            made_by="pretrain_finetune",
            plan=dataclasses.asdict(self.plan),
            space=self.space.name,
            architecture=proposal.architecture.to_json(),
            base_blocks=len(self.space.genotype(self.space.base())),
            parent=None if first.parent is None else history[first.parent].evaluation.weights,
            training=None if stops(proposal) else dataclasses.asdict(self.problem.training),
            seed=self.problem.seed,
        )

    def _hold(self, recipe: dict[str, object], tensors: dict[str, Tensor]) -> str:
        key = WeightsStore.key(recipe)
        self._fresh[key] = _Made(recipe, tensors)
        return key

    def _pretrained(self, trial: Trial, history: Sequence[Trial]) -> dict[str, Tensor]:
        return under(PRETRAINED, self._tensors(trial, history))

    def _tensors(self, trial: Trial, history: Sequence[Trial]) -> dict[str, Tensor]:
        """What was stored of a trial; where that is gone it is trained again: equal, and not billed again.

        Raises:
            InputError: it is gone, and so is the history that it was made from.
        """
        key = str(trial.evaluation.weights)
        stored = None if key in self._fresh else self.problem.weights.get(key)
        if stored is not None:
            return stored.tensors
        if key not in self._fresh:
            if len(history) < trial.index:
                raise InputError(f"the weights {key} of trial {trial.index} are gone: make its run again")
            self.evaluate(trial.proposal, history[: trial.index])
            self._history = history
        return self._fresh[key].tensors


def _curve(losses: Sequence[float], points: Sequence[int]) -> tuple[Point, ...]:
    """The mean loss up to each point from the one before."""
    begins = (0, *points)
    return tuple((end, float(np.mean(losses[begin:end])), None) for begin, end in zip(begins, points, strict=False))

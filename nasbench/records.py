"""What flows between the parts of the suite: immutable records, standard library only.

A search method sees `Architecture`, `Proposal` and `Trial` and nothing else; models see `SubNetwork`; files see the
JSON forms defined beside each record. Costs are nominal: multiply-accumulate operations (MACs) of the sub-network alone
over real, unpadded lengths, times three for training.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

Gene = int | str | tuple["Gene", ...]
Kept = range | tuple[int, ...]
"""Kept indices of one dimension: `range(n)` where they are the first n, else an ascending tuple."""
LayerWidths = tuple[int, tuple[tuple[int, ...], ...]]
"""Of one layer: channels of its attention (heads times head size), and of each of its feed-forward sub-layers the
widths between its dense layers. A sub-layer with nothing left has 0 channels, or no widths."""


@dataclass(frozen=True, slots=True)
class Architecture:
    """A point of a search space: all that a search method knows of a network."""

    values: tuple[Gene, ...]

    def to_json(self) -> list[Any]:
        return _thaw(self.values)

    @classmethod
    def from_json(cls, values: list[Any]) -> Architecture:
        return cls(_freeze(values))


def _thaw(value: Gene) -> Any:
    return [_thaw(v) for v in value] if isinstance(value, tuple) else value


def _freeze(value: Any) -> Any:
    return tuple([_freeze(v) for v in value]) if type(value) in (list, tuple) else value


def kept(indices: Iterable[int]) -> Kept:
    """The canonical form of a set of kept indices.

    Raises:
        ValueError: an index is negative or given twice.
    """
    ordered = tuple(sorted(indices))
    if len(set(ordered)) != len(ordered) or (ordered and ordered[0] < 0):
        raise ValueError(f"kept indices must be distinct and not negative, not {ordered[:8]}")
    return range(len(ordered)) if ordered == tuple(range(len(ordered))) else ordered


class Network(Protocol):
    """What a network is to a formula that counts it; `SubNetwork` is one, and a list of blocks another."""

    def widths(self, head_size: int) -> tuple[LayerWidths, ...]:
        """The widths of each layer that is run; heads are of `head_size` channels where the network says nothing."""


@dataclass(frozen=True, slots=True)
class SubNetwork:
    """What is left of an encoder: its kept layers, and the kept heads and FFN units of each of them.

    A kept layer without heads (or units) has no attention (feed-forward) sub-layer but keeps its LayerNorms.

    Raises:
        ValueError: layers do not ascend, or the three fields differ in length.
    """

    layers_kept: tuple[int, ...]
    heads: tuple[Kept, ...]
    units: tuple[Kept, ...]

    def __post_init__(self) -> None:
        if not len(self.layers_kept) == len(self.heads) == len(self.units):
            raise ValueError("a sub-network needs one set of heads and one of units for each kept layer")
        if any(a >= b for a, b in zip(self.layers_kept, self.layers_kept[1:], strict=False)):
            raise ValueError(f"kept layers must ascend, not {self.layers_kept}")

    def widths(self, head_size: int) -> tuple[LayerWidths, ...]:
        """As of `Network.widths`."""
        layers = zip(self.heads, self.units, strict=True)
        return tuple((len(heads) * head_size, ((len(units),) if len(units) else (),)) for heads, units in layers)

    def to_json(self) -> dict[str, Any]:
        """Prefixes as their length, other sets as lists."""
        return {
            "layers_kept": list(self.layers_kept),
            "heads": [_kept_to_json(k) for k in self.heads],
            "units": [_kept_to_json(k) for k in self.units],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> SubNetwork:
        return cls(
            tuple(data["layers_kept"]),
            tuple(_kept_from_json(k) for k in data["heads"]),
            tuple(_kept_from_json(k) for k in data["units"]),
        )


def _kept_to_json(value: Kept) -> int | list[int]:
    return len(value) if isinstance(value, range) else list(value)


def _kept_from_json(value: int | list[int]) -> Kept:
    return range(value) if isinstance(value, int) else kept(value)


class Head(StrEnum):
    """What stands on top of the encoder, and so what its output means (B sequences of S tokens)."""

    SEQUENCE_CLASSIFICATION = "sequence_classification"  # logits [B, classes]
    REGRESSION = "regression"  # values [B, 1]
    MULTIPLE_CHOICE = "multiple_choice"  # logits [B, choices]
    QUESTION_ANSWERING = "question_answering"  # logits [B, S, 2]: start, end
    MASKED_LM = "masked_lm"  # logits [B, S, vocabulary]


@dataclass(frozen=True, slots=True)
class Sizes:
    """What a network weighs.

    Attributes:
        parameters: of all that extraction instantiates (embeddings, encoder, task head).
        encoder_parameters: of the encoder layers alone; size thresholds are fractions of these.
        macs: of one forward pass over one sequence of the task's maximum length.
    """

    parameters: int
    encoder_parameters: int
    macs: int


class Status(StrEnum):
    OK = "ok"
    STOPPED = "stopped"
    DIVERGED = "diverged"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Proposal:
    """A request of a search method.

    Attributes:
        fidelity: training epochs, or phases of pre-training (1: the first alone); None for the estimator's full
            fidelity.
        resumes: index of the trial whose training this one continues.
        parent: index of the trial this architecture was derived from.
        analysis_only: finished for the analysis alone (Paraskeva: what the last generation cut off): its row has
            objectives, but it never survives and never enters the run's front. Its row says so only if it is.
    """

    architecture: Architecture
    fidelity: int | None = None
    resumes: int | None = None
    parent: int | None = None
    analysis_only: bool = False


Point = tuple[int, float, float | None]
"""Of a learning curve: steps done in the phase, mean training loss since the point before, held-out loss if any."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """The ledger of one phase of a trial's training.

    Attributes:
        name: "phase_0" (fresh modules alone are trained), "phase_1" (everything is) or "fine_tuning" (on the task).
        steps: optimiser steps.
        tokens: real ones that were trained on.
        cost: MACs billed: the steps', and those of measuring held-out losses and scores.
        curve: the losses, finite all of them: one that diverged ends before. Of "phase_0" the last held-out loss is
            the one at the cutoff, of "phase_1" the final one; that of fine-tuning has no held-out losses.
    """

    name: str
    steps: int
    tokens: int
    cost: int
    curve: tuple[Point, ...] = ()
    seconds: float = 0.0

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "steps": self.steps,
            "tokens": self.tokens,
            "cost": self.cost,
            "curve": [list(point) for point in self.curve],
            "seconds": self.seconds,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Stage:
        fields = {name: data[name] for name in cls.__dataclass_fields__}
        return cls(**{**fields, "curve": tuple((step, loss, held_out) for step, loss, held_out in data["curve"])})


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """What an estimator found, on the validation split alone: test scores never pass through here.

    Attributes:
        validation: objectives by name, always minimised; empty unless status is ok.
        scores: the task's metrics behind them (and `loss`), on the validation split; what a stopped trial was judged
            by, such as `mlm_loss`, the held-out loss of pre-training.
        cost: MACs billed to the run.
        weights: key in the weights store of what was trained for this trial, if anything was.
        stages: the phases that this trial trained, in order, where an estimator has several; those of the trial that it
            resumes are in that one's row. Their costs add up to the trial's. Its row has them only if there are any.
    """

    status: Status
    cost: int
    sizes: Sizes
    validation: Mapping[str, float] = field(default_factory=dict)
    scores: Mapping[str, float] = field(default_factory=dict)
    weights: str | None = None
    note: str | None = None
    stages: tuple[Stage, ...] = ()
    seconds: float = 0.0

    def __post_init__(self) -> None:
        if bool(self.validation) != (self.status is Status.OK):
            raise ValueError(f"a trial has objectives exactly if its status is ok, not {self.status}")


@dataclass(frozen=True, slots=True)
class Trial:
    """One evaluated proposal; a run's trials are the history that a search method sees.

    Attributes:
        index: position in the run, from 0.
        batch: index of the first trial of the batch that it was proposed in.
        spent: MACs billed to the run up to and including this trial.
    """

    index: int
    batch: int
    proposal: Proposal
    evaluation: Evaluation
    spent: int

    @property
    def ok(self) -> bool:
        """Whether it has objectives that count: those of a trial made for the analysis alone do not."""
        return self.evaluation.status is Status.OK and not self.proposal.analysis_only

    def to_row(self) -> dict[str, Any]:
        p, e = self.proposal, self.evaluation
        row = {
            "kind": "trial",
            "index": self.index,
            "batch": self.batch,
            "architecture": p.architecture.to_json(),
            "fidelity": p.fidelity,
            "resumes": p.resumes,
            "parent": p.parent,
            "status": str(e.status),
            "validation": dict(e.validation),
            "scores": dict(e.scores),
            "parameters": e.sizes.parameters,
            "encoder_parameters": e.sizes.encoder_parameters,
            "macs": e.sizes.macs,
            "cost": e.cost,
            "spent": self.spent,
            "weights": e.weights,
            "note": e.note,
            "seconds": e.seconds,
        }
        # Only where there is something to say, so that other methods' rows are those of before there was.
        row |= {"analysis_only": True} if p.analysis_only else {}
        row |= {"stages": [stage.to_json() for stage in e.stages]} if e.stages else {}
        return row

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Trial:
        return cls(
            index=row["index"],
            batch=row["batch"],
            proposal=Proposal(
                Architecture.from_json(row["architecture"]),
                row["fidelity"],
                row["resumes"],
                row["parent"],
                row.get("analysis_only", False),
            ),
            evaluation=Evaluation(
                status=Status(row["status"]),
                cost=row["cost"],
                sizes=Sizes(row["parameters"], row["encoder_parameters"], row["macs"]),
                validation=row["validation"],
                scores=row["scores"],
                weights=row["weights"],
                note=row["note"],
                stages=tuple(map(Stage.from_json, row.get("stages", ()))),
                seconds=row["seconds"],
            ),
            spent=row["spent"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """Billed work that is no trial: training of a super-network, gradient passes.

    Attributes:
        cost: MACs billed to the run.
        weights: key in the weights store of what it made, if anything.
        scores: what was measured, such as the final training loss.
    """

    name: str
    cost: int
    weights: str | None = None
    scores: Mapping[str, float] = field(default_factory=dict)
    seconds: float = 0.0

    def to_row(self) -> dict[str, Any]:
        return {
            "kind": "phase",
            "name": self.name,
            "cost": self.cost,
            "weights": self.weights,
            "scores": dict(self.scores),
            "seconds": self.seconds,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class TestResult:
    """A member of the final validation front, scored once on the test split.

    Attributes:
        trial: index of the trial.
        objectives: as in `Evaluation.validation`, with the test scores; empty, as `scores`, where these are not finite.
        cost: MACs of the scoring: recorded, not budgeted.
    """

    __test__ = False  # not a test case, whatever pytest thinks of the name

    trial: int
    objectives: Mapping[str, float]
    scores: Mapping[str, float]
    cost: int
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        """Whether it has objectives."""
        return bool(self.objectives)

    def to_row(self) -> dict[str, Any]:
        return {
            "kind": "test",
            "trial": self.trial,
            "objectives": dict(self.objectives),
            "scores": dict(self.scores),
            "cost": self.cost,
            "seconds": self.seconds,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class RunHeader:
    """The first row of a run file: what was run, on what, in full.

    Attributes:
        science_version: of the meaning of its numbers; runs of different ones are never pooled.
        config: the resolved science half of the configuration; `rerun` needs nothing else.
        fingerprints: sha256 of the content of `data` and `checkpoint`.
        full: sizes of the unpruned network.
        epoch_macs: COST of training the full network on the training split for one epoch, the unit of budgets.
        budget_macs: the budget in MACs; None if it is given in seconds or trials.
        objectives: names in the order of a point's coordinates.
        numerics: what must be equal for equal bytes (threads, dtype, device, CPU capability, torch version).
        provenance: what may differ between equal runs (commit, versions, hardware, overrides, host, time).
    """

    science_version: int
    run_id: str
    experiment: str
    method: str
    seed: int
    task: str
    metric: str
    model: str
    source: str
    scale: str
    config: Mapping[str, Any]
    fingerprints: Mapping[str, str]
    full: Sizes
    epoch_macs: int
    budget: Mapping[str, Any]
    budget_macs: int | None
    objectives: tuple[str, ...]
    numerics: Mapping[str, Any]
    provenance: Mapping[str, Any]

    def to_row(self) -> dict[str, Any]:
        row = {name: getattr(self, name) for name in self.__dataclass_fields__}
        row["full"] = {
            "parameters": self.full.parameters,
            "encoder_parameters": self.full.encoder_parameters,
            "macs": self.full.macs,
        }
        row["objectives"] = list(self.objectives)
        return {"kind": "header", **row}

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> RunHeader:
        fields = {name: row[name] for name in cls.__dataclass_fields__}
        fields["full"] = Sizes(**row["full"])
        fields["objectives"] = tuple(row["objectives"])
        return cls(**fields)

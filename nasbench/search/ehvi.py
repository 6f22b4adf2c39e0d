"""EHVI: Bayesian optimisation by expected hypervolume improvement (Daulton et al. 2020; Klein et al. 2024, appendix D).

A Gaussian process models the objectives over the space's encoding; what is proposed maximises the logarithm of the
noisy expected hypervolume improvement (Daulton et al. 2021; Ament et al. 2023), by BoTorch in double precision. Spaces
are discrete, so the maximum is sought among candidates, not by gradients.

BoTorch (extra `bo`) and torch are imported when they are first needed: the other search methods need neither.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nasbench.errors import InputError
from nasbench.records import Architecture, Proposal, Trial
from nasbench.rng import scope
from nasbench.search.base import check_bounds
from nasbench.search.ranking import front, observed, points
from nasbench.search.unseen import unseen_proposals, warm_start
from nasbench.spaces.base import Encodes, SearchSpace

REFERENCE_MARGIN = 0.1
"""The reference point lies so far beyond the worst values seen, in shares of their range (Ishibuchi et al. 2011)."""


@dataclass(frozen=True, kw_only=True)
class ExpectedHypervolumeImprovement:
    """Random architectures until `initial` of them have objectives, then the model's choice.

    The acquisition's maximum is taken among mutations of the front and random architectures, half and half (as in
    BANANAS: White et al. 2021), and not sought beyond them: a model is least sure of the corners of the space, and a
    search that went uphill from there would have them all tried, one after the other, wherever good networks lie.

    Attributes:
        candidates: architectures among which the most promising is proposed.
        mc_samples: draws from the model in the Monte-Carlo estimate of the improvement.
        warm_start: largest, smallest and middle come first.

    Raises:
        InputError: a value is out of range, or BoTorch is not installed.
    """

    initial: int = 3
    candidates: int = 256
    mc_samples: int = 64
    batch_size: int = 1
    max_trials: int | None = None
    warm_start: bool = False

    def __post_init__(self) -> None:
        check_bounds(self.batch_size, self.max_trials)
        for name, least in (("initial", 2), ("candidates", 1), ("mc_samples", 1)):
            if getattr(self, name) < least:
                raise InputError(f"search.{name} must be at least {least}, not {getattr(self, name)}")
        if find_spec("botorch") is None:
            raise InputError('search=ehvi needs BoTorch, which is not installed: pip install "nasbench[bo]"')

    def check_problem(self, space: SearchSpace, objectives: int) -> None:
        if objectives < 2:
            raise InputError(
                f"search=ehvi improves a front, so it needs two objectives or more, not {objectives}: add one, as in "
                "objective=[error,size], or take another search"
            )
        if not isinstance(space, Encodes):
            raise InputError(f"space {space.name} has no encoding for search=ehvi to model the objectives over")

    def propose(self, space: SearchSpace, history: Sequence[Trial], rng: np.random.Generator) -> list[Proposal]:
        start = warm_start(space) if self.warm_start else []
        started = {trial.proposal.architecture for trial in history}.issuperset(start)
        trials = observed(history)
        if trials:
            self.check_problem(space, points(trials).shape[1])
        missing = max(0, self.initial - len(trials))
        if missing or not started:
            return unseen_proposals(
                space,
                history,
                rng,
                size=min(self.batch_size, missing or self.batch_size),
                draw=lambda: Proposal(space.sample(rng)),
                start=start,
            )
        return self._most_promising(space, history, trials, rng)

    def _most_promising(
        self, space: SearchSpace, history: Sequence[Trial], trials: Sequence[Trial], rng: np.random.Generator
    ) -> list[Proposal]:
        """A batch chosen one by one, each for the improvement expected beyond those before it."""
        candidates = self._candidates(space, history, trials, rng)
        if not candidates:
            return []
        chosen: list[Architecture] = []
        with scope(int(rng.integers(2**62)), "ehvi"), _quiet(), _without_compiler():
            improvement = _Improvement(space, trials, self.mc_samples)
            while candidates and len(chosen) < self.batch_size:
                chosen.append(candidates.pop(int(improvement(candidates).argmax())))
                improvement.add_pending(chosen)
        return [Proposal(architecture) for architecture in chosen]

    def _candidates(
        self, space: SearchSpace, history: Sequence[Trial], trials: Sequence[Trial], rng: np.random.Generator
    ) -> list[Architecture]:
        best = [trial.proposal.architecture for trial in front(trials)]

        def draw() -> Proposal:
            near = rng.random() < 0.5
            return Proposal(space.mutate(best[rng.integers(len(best))], rng) if near else space.sample(rng))

        size = max(self.candidates, self.batch_size)
        return [p.architecture for p in unseen_proposals(space, history, rng, size=size, draw=draw)]


class _Improvement:
    """The logarithm of the expected hypervolume improvement of architectures, by a model fitted to trials."""

    def __init__(self, space: SearchSpace, trials: Sequence[Trial], mc_samples: int) -> None:
        import torch
        from botorch.acquisition.multi_objective.logei import qLogNoisyExpectedHypervolumeImprovement
        from botorch.sampling.normal import SobolQMCNormalSampler

        assert isinstance(space, Encodes)  # the method's demand
        self._encode = space.encode
        inputs = self._inputs([trial.proposal.architecture for trial in trials])
        targets = torch.from_numpy(_to_maximise(points(trials)))  # [n, m]
        span = targets.max(dim=0).values - targets.min(dim=0).values
        reference = targets.min(dim=0).values - REFERENCE_MARGIN * torch.where(span > 0, span, 1.0)
        self._acquisition = qLogNoisyExpectedHypervolumeImprovement(
            model=_fitted(inputs, targets),
            ref_point=reference.tolist(),
            X_baseline=inputs,
            sampler=SobolQMCNormalSampler(torch.Size([mc_samples]), seed=int(torch.randint(2**31, ()))),
            prune_baseline=True,
        )

    def add_pending(self, architectures: Sequence[Architecture]) -> None:
        self._acquisition.set_X_pending(self._inputs(architectures))

    def __call__(self, architectures: Sequence[Architecture]) -> NDArray[np.float64]:
        """Values [n] of n architectures."""
        import torch

        if not architectures:
            return np.zeros(0)
        with torch.no_grad():
            return np.asarray(self._acquisition(self._inputs(architectures).unsqueeze(1)))

    def _inputs(self, architectures: Sequence[Architecture]) -> Any:
        """A tensor [n, d] of doubles."""
        import torch

        return torch.from_numpy(np.stack([self._encode(architecture) for architecture in architectures]))


@contextmanager
def _quiet() -> Iterator[None]:
    """Without warnings of what is expected: jitter on a covariance, a constant objective, a fit's second attempt.

    What cannot be fitted at all raises an error.
    """
    from botorch.exceptions.warnings import BotorchWarning
    from linear_operator.utils.warnings import NumericalWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", BotorchWarning)
        warnings.simplefilter("ignore", NumericalWarning)
        yield


@contextmanager
def _without_compiler() -> Iterator[None]:
    """With BoTorch's Python code, not the kernel that it compiles for the processor at hand where there is a compiler.

    The two round differently, so that equal runs would differ by what else is installed; and compiling takes a minute.
    """
    from botorch.acquisition.multi_objective import logei

    names = [name for name in ("_load_attempted", "_C") if hasattr(logei, name)]  # as from BoTorch 0.18 on
    before = {name: getattr(logei, name) for name in names}
    try:
        for name, value in zip(names, (True, None), strict=False):
            setattr(logei, name, value)
        yield
    finally:
        for name, value in before.items():
            setattr(logei, name, value)


def _to_maximise(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Minimised objectives [n, m] as BoTorch wants them: maximised, standardised; a constant one stays constant."""
    spread = values.std(axis=0, ddof=1)
    return -(values - values.mean(axis=0)) / np.where(spread > 0, spread, 1.0)


def _fitted(inputs: Any, targets: Any) -> Any:
    """One Gaussian process for each objective, its hyperparameters the most likely under BoTorch's default priors."""
    from botorch.fit import fit_gpytorch_mll
    from botorch.models import SingleTaskGP
    from gpytorch.mlls import ExactMarginalLogLikelihood

    model = SingleTaskGP(inputs, targets, outcome_transform=None)
    fit_gpytorch_mll(ExactMarginalLogLikelihood(model.likelihood, model))
    return model

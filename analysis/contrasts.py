"""Runs of one method that differ in one option alone, paired network by network."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from analysis.comparison import Comparison
from analysis.labels import GROUPS, described, tell_apart
from analysis.networks import Networks
from analysis.pairs import errors
from nasbench.results import Run

ERROR = "validation error"
_Measured = dict[int, tuple[int, dict[str, float]]]
"""Of each architecture, by its number, the last trial with objectives, and its measures."""

EARLY = {"mlm_loss": "held-out loss of pre-training"}
"""Scores that are compared beside the error, where trials have them, and what they are called."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contrast:
    """Two values of an option.

    Attributes:
        first, second: the values, as in "estimator.inherit=True".
        given: other options that vary among the method's runs, and which these two share; "-" for none.
        pairs: one an architecture that both evaluated under one seed, and a measure of it.
    """

    first: str
    second: str
    given: str
    pairs: tuple[Pair, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Attributes:
    first_trial, second_trial: of the runs of this seed.
    difference: the first's value minus the second's; below 0 the first is better.
    """

    measure: str
    seed: int
    first_trial: int
    second_trial: int
    difference: float


def contrasts(comparison: Comparison) -> list[Contrast]:
    """All that the finished runs of a comparison hold, those without networks in common left out."""
    by_method: dict[str, list[Sequence[Run]]] = {}
    for label in comparison.methods:
        runs = comparison.finished(label)
        if runs:
            by_method.setdefault(runs[0].header.method, []).append(runs)
    found = [contrast for variants in by_method.values() for contrast in _of_method(comparison, variants)]
    return [contrast for contrast in found if contrast.pairs]


def _of_method(comparison: Comparison, variants: Sequence[Sequence[Run]]) -> Iterator[Contrast]:
    if len(variants) < 2:
        return
    varied = tell_apart([comparison.configs[runs[0].path] for runs in variants])
    by_seed = [{run.header.seed: _measured(run, comparison.networks) for run in runs} for runs in variants]
    for (first, one), (second, other) in combinations(zip(by_seed, varied, strict=True), 2):
        names = [name for name in {**one, **other} if one.get(name) != other.get(name)]
        if len({_option(name) for name in names}) == 1:
            yield Contrast(
                first=_named(one, names),
                second=_named(other, names),
                given=described({name: value for name, value in one.items() if name not in names}) or "-",
                pairs=tuple(_pairs(first, second)),
            )


def _option(name: str) -> str:
    """A dotted name, or that of the group of options that it belongs to."""
    group = name.partition(".")[0]
    return group if group in GROUPS else name


def _named(config: Mapping[str, str], names: Sequence[str]) -> str:
    return described({name: config[name] for name in names if name in config}) or "without"


def _pairs(first: Mapping[int, _Measured], second: Mapping[int, _Measured]) -> Iterator[Pair]:
    for seed in [seed for seed in first if seed in second]:
        known = second[seed]
        for architecture, (trial, values) in first[seed].items():
            other_trial, other_values = known.get(architecture, (-1, {}))
            for measure in [name for name in values if name in other_values]:
                yield Pair(
                    measure=measure,
                    seed=seed,
                    first_trial=trial,
                    second_trial=other_trial,
                    difference=values[measure] - other_values[measure],
                )


def _measured(run: Run, networks: Networks) -> _Measured:
    early = {name: words for name, words in EARLY.items() if name in run.columns.scored}
    found: _Measured = {}
    for architecture, (value, trial) in errors(run, networks).items():
        scores = run.trials[trial].evaluation.scores if early else {}
        of_early = {words: scores[name] for name, words in early.items() if name in scores}
        found[architecture] = (trial, {ERROR: value, **of_early})
    return found

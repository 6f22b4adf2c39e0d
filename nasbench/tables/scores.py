"""The rows of a table that is built: all networks by one super-network's weights, or each trained by itself.

Either goes on from the rows that a file has. A trial a network, then, of those with scores, a test row each.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

from nasbench.estimators.base import scored_on_test
from nasbench.estimators.standard import StandardEvaluator
from nasbench.estimators.weight_sharing import WeightSharingEvaluator
from nasbench.records import Architecture, Evaluation, Kept, Proposal, SubNetwork, Trial
from nasbench.results import RunWriter
from nasbench.scoring import Scorer
from nasbench.spaces.base import SearchSpace
from nasbench.tasks.base import Split

Report = Callable[[int, int], None]
"""Told how many scorings of how many are done."""


def in_order(space: SearchSpace, architectures: Iterable[Architecture]) -> tuple[Architecture, ...]:
    """Sorted by their networks' layers, so that those with equal first layers come one after the other."""
    return tuple(sorted(architectures, key=lambda architecture: _layers(space.network(architecture))))


def score_together(
    evaluator: WeightSharingEvaluator, architectures: Sequence[Architecture], writer: RunWriter, report: Report
) -> None:
    """With the super-network's weights: all on validation, then all on test, those that begin alike at once."""
    problem, weights = evaluator.problem, evaluator.phases[0].weights
    left = architectures[len(writer.trials) :]
    for architecture, scores, seconds in _scored(evaluator, problem.data.validation, left):
        price = evaluator.price(Proposal(architecture), writer.trials)
        sizes = problem.sizes(evaluator.space.network(architecture))
        _append(writer, architecture, problem.evaluation(sizes, scores, cost=price, seconds=seconds, weights=weights))
        report(len(writer.trials), 2 * len(architectures))
    untested = [trial for trial in writer.trials if trial.ok][len(writer.tests) :]
    scored = _scored(evaluator, problem.data.test, [trial.proposal.architecture for trial in untested])
    for trial, (architecture, scores, seconds) in zip(untested, scored, strict=True):
        network = evaluator.space.network(architecture)
        writer.append_test(scored_on_test(problem, trial, network, dict(scores), seconds))
        report(len(writer.trials) + len(writer.tests), 2 * len(architectures))


def train_each(
    evaluator: StandardEvaluator, architectures: Sequence[Architecture], writer: RunWriter, report: Report
) -> None:
    """Each network trained by itself and scored on validation, then all on test; until then their weights are stored.

    Architectures of one network are trained and tested once, and each billed: their rows are equal but for the seconds.
    """
    network = evaluator.space.network
    known = {network(trial.proposal.architecture): trial.evaluation for trial in writer.trials}
    for architecture in architectures[len(writer.trials) :]:
        same = known.get(network(architecture))
        evaluation = replace(same, seconds=0.0) if same else evaluator.evaluate(Proposal(architecture), ())
        _append(writer, architecture, evaluation)
        evaluator.keep(writer.trials[-1:], writer.trials[-1:])
        known[network(architecture)] = evaluation
        report(len(writer.trials), 2 * len(architectures))
    _test_each(evaluator, [trial for trial in writer.trials if trial.ok], writer, report, 2 * len(architectures))


def _test_each(
    evaluator: StandardEvaluator, trials: Sequence[Trial], writer: RunWriter, report: Report, total: int
) -> None:
    """Test rows of all trials; weights go when they have been tested, those of a build that was cut then too."""
    tested = {trial.evaluation.weights: test for trial, test in zip(trials, writer.tests, strict=False)}
    evaluator.keep([], trials[: len(writer.tests)])
    for trial in trials[len(writer.tests) :]:
        key = trial.evaluation.weights
        same = tested.get(key)
        tested[key] = replace(same, trial=trial.index, seconds=0.0) if same else evaluator.test(trial)
        writer.append_test(tested[key])
        evaluator.keep([], [trial])
        report(len(writer.trials) + len(writer.tests), total)


def _append(writer: RunWriter, architecture: Architecture, evaluation: Evaluation) -> None:
    trials = writer.trials
    spent = trials[-1].spent if trials else sum(phase.cost for phase in writer.phases)
    index = len(trials)
    writer.append_trial(
        Trial(
            index=index,
            batch=index,
            proposal=Proposal(architecture),
            evaluation=evaluation,
            spent=spent + evaluation.cost,
        )
    )


def _layers(network: SubNetwork) -> list[tuple[Any, ...]]:
    layers = zip(network.layers_kept, network.heads, network.units, strict=True)
    return [(layer, _kept(heads), _kept(units)) for layer, heads, units in layers]


def _kept(indices: Kept) -> tuple[int, ...]:
    return (len(indices),) if isinstance(indices, range) else (len(indices), *indices)


def _scored(
    evaluator: WeightSharingEvaluator, split: Split, architectures: Sequence[Architecture]
) -> Iterator[tuple[Architecture, Mapping[str, float], float]]:
    """Each architecture with its scores on a split and the seconds they took, networks of equal first layer at once."""
    scorer = Scorer(model=evaluator.model, split=split, training=evaluator.problem.training)
    networks = {architecture: evaluator.space.network(architecture) for architecture in architectures}
    for _, group in groupby(architectures, key=lambda architecture: _layers(networks[architecture])[:1]):
        members, started = list(group), time.perf_counter()
        distinct = list(dict.fromkeys(networks[architecture] for architecture in members))
        scores = dict(zip(distinct, scorer.scores(distinct), strict=True))
        seconds = (time.perf_counter() - started) / len(members)
        yield from ((architecture, scores[networks[architecture]], seconds) for architecture in members)

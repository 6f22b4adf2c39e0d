"""Two measurements of the same architectures, one of them early or cheap: what is correlated with a final score."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.candidates import candidates, error, last_generation, quality
from analysis.comparison import Comparison
from analysis.correlation import Correlation, correlation, top_half_overlap
from analysis.networks import Networks
from nasbench import rng
from nasbench.records import Status
from nasbench.results import Run

Errors = Mapping[int, tuple[float, int]]
"""By the number of an architecture (`analysis.networks`), its last error and the trial of it."""

_Row = tuple[float, float, int]
"""Early and late loss, and the trial of the late one."""

FEWEST = 3
"""Architectures of a run that it takes for a correlation."""

MOST = 500
"""Pairs that are enough: of more, whole runs are chosen at random until there are so many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    """Early and final losses of the same architectures, lower being better in both.

    Attributes:
        what: the early measurement, in words. final: the final one.
        trials: of the final measurements. seeds: of each pair its run's: no two runs' pairs are ranked together.
    """

    what: str
    final: str
    early: tuple[float, ...]
    late: tuple[float, ...]
    trials: tuple[int, ...]
    seeds: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.early)

    def correlated(self) -> Correlation:
        """Of values where all are of one run, else of ranks within each run, centred there.

        The overlap of better halves is the mean over runs.
        """
        groups = [np.flatnonzero(np.array(self.seeds) == seed) for seed in dict.fromkeys(self.seeds)]
        early, late = np.array(self.early), np.array(self.late)
        overlap = float(np.mean([top_half_overlap(early[group], late[group]) for group in groups]))
        if len(groups) > 1:
            early, late = centred_ranks(early, groups), centred_ranks(late, groups)
        found = correlation(early, late)
        return Correlation(
            n=found.n, pearson=found.pearson, spearman=found.spearman, kendall=found.kendall, top_half=overlap
        )


def centred_ranks(values: NDArray[np.float64], groups: Sequence[NDArray[np.int64]]) -> NDArray[np.float64]:
    """Ranks [n] of values within each of the groups (of indices), minus the group's mean rank; ties share theirs.

    So a group whose values are all higher moves nothing, and only the order within groups counts.
    """
    from scipy import stats

    out = np.empty(len(values))
    for group in groups:
        out[group] = stats.rankdata(values[group]) - (len(group) + 1) / 2
    return out


def of_phases(runs: Sequence[Run], phase: str, what: str, *, last: bool) -> Pairs:
    """Held-out loss at the end of a phase against the error of those that finished, be it for the analysis alone.

    Args:
        last: of the last generation alone, of which all finish; of others the better half by the loss itself does.
    """

    def of_run(run: Run) -> Iterator[_Row]:
        of_all = candidates(run)
        for candidate in last_generation(of_all) if last else of_all:
            loss = candidate.held_out(phase)
            if candidate.finished and loss is not None:
                yield loss, error(run, candidate.trials[-1]), candidate.trials[-1].index

    return _collected(what, "fine-tuned", runs, of_run)


def of_rungs(runs: Sequence[Run]) -> Pairs:
    """Error at the first fidelity against that at the last, of architectures that were trained on."""

    def of_run(run: Run) -> Iterator[_Row]:
        for candidate in candidates(run) if run.columns.resumed else ():
            measured = [trial for trial in candidate.trials if trial.evaluation.status is Status.OK]
            if len(measured) > 1:
                yield error(run, measured[0]), error(run, measured[-1]), measured[-1].index

    return _collected("after the first rung", "after the last rung", runs, of_run)


def of_sharing(shared: Sequence[Run], alone: Sequence[Run], networks: Networks) -> Pairs:
    """Error with a super-network's weights against that after fine-tuning alone, of architectures that both runs have.

    Random search of equal seeds proposes the same sub-networks to both.

    Args:
        networks: of all of them.
    """
    by_seed = {run.header.seed: errors(run, networks) for run in shared}

    def of_run(run: Run) -> Iterator[_Row]:
        there = by_seed.get(run.header.seed, {})
        for architecture, (value, trial) in errors(run, networks).items():
            if architecture in there:
                yield there[architecture][0], value, trial

    return _collected("with shared weights", "fine-tuned alone", alone, of_run)


def every(comparison: Comparison) -> dict[str, Pairs]:
    """All pairs of a comparison that can be correlated, by the methods they are of."""
    finished = {label: comparison.finished(label) for label in comparison.methods}
    found = {label: of_rungs(runs) for label, runs in finished.items()}
    sharing = [label for label, runs in finished.items() if runs and runs[0].header.method == "ws_nas"]
    alone = [label for label, runs in finished.items() if runs and runs[0].header.method == "s_nas"]
    for one in sharing:
        for other in alone:
            found[f"{one}, {other}"] = of_sharing(finished[one], finished[other], comparison.networks)
    return {name: pairs for name, pairs in found.items() if len(pairs)}


def errors(run: Run, networks: Networks) -> Errors:
    """The last error of each architecture, and its trial."""
    columns, trials = run.columns, np.flatnonzero(run.columns.ok)
    values = columns.points[:, run.header.objectives.index(quality(run))]
    measured = zip(values.tolist(), trials.tolist(), strict=True)
    return dict(zip(networks.numbers[run.path][trials].tolist(), measured, strict=True))


def _enough(of_runs: list[tuple[int, list[_Row]]]) -> list[tuple[int, list[_Row]]]:
    if sum(len(found) for _, found in of_runs) <= MOST:
        return of_runs
    stream, chosen, number = rng.generator(0, "analysis.pairs"), set[int](), 0
    for place in stream.permutation(len(of_runs)).tolist():
        if number < MOST:
            chosen.add(place)
            number += len(of_runs[place][1])
    return [of_run for place, of_run in enumerate(of_runs) if place in chosen]


def _collected(what: str, final: str, runs: Sequence[Run], of_run: Callable[[Run], Iterator[_Row]]) -> Pairs:
    of_runs = [(run.header.seed, found) for run in runs if len(found := list(of_run(run))) >= FEWEST]
    rows = [(*pair, seed) for seed, found in _enough(of_runs) for pair in found]
    early, late, trials, seeds = zip(*rows, strict=True) if rows else ((), (), (), ())
    return Pairs(what=what, final=final, early=early, late=late, trials=trials, seeds=seeds)

"""Which runs may be compared, and what has to be said of them: nothing is pooled or left out silently."""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from analysis.absent import absent_options
from analysis.appearance import in_order
from analysis.clusters import cluster_notes
from analysis.labels import OF_THE_METHOD, by_label, method_config
from analysis.networks import Networks
from analysis.normalisation import QuantileTransform, transforms
from analysis.selection import Member, front, members
from nasbench.options import flatten
from nasbench.records import RunHeader, Status
from nasbench.results import Run


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What the runs of a comparison share: the problem, its data, the budget and the meaning of their numbers.

    Attributes:
        science_version: of that meaning (`nasbench.rows`).
        budget: amount and unit, as in "2 epochs".
        facts: all else that must be equal, by dotted name: fingerprints, sizes, objectives, configuration. A table's
            content need not be: runs on several tables of one problem show the noise of training.
    """

    task: str
    model: str
    source: str
    scale: str
    science_version: int
    budget: str
    metric: str
    facts: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, header: RunHeader) -> Setting:
        problem = {name: part for name, part in header.config.items() if name not in OF_THE_METHOD}
        facts = {
            "fingerprints": {name: value for name, value in header.fingerprints.items() if name != "table"},
            "objectives": list(header.objectives),
            "epoch_macs": header.epoch_macs,
            "budget_macs": header.budget_macs,
            "parameters": header.full.parameters,
            "encoder_parameters": header.full.encoder_parameters,
            **problem,
        }
        return cls(
            task=header.task,
            model=header.model,
            source=header.source,
            scale=header.scale,
            science_version=header.science_version,
            budget=_budget(header.budget),
            metric=header.metric,
            facts=tuple(sorted(flatten(facts).items())),
        )

    @property
    def title(self) -> str:
        return f"{self.task} · {self.model} ({self.source}, {self.scale})"

    @property
    def named(self) -> dict[str, str]:
        """All facts by name."""
        fields = ("task", "model", "source", "scale", "science_version", "budget", "metric")
        return {name: str(getattr(self, name)) for name in fields} | dict(self.facts)

    @property
    def digest(self) -> str:
        """8 hexadecimal digits that name the setting."""
        return hashlib.sha256(json.dumps(self.named, sort_keys=True).encode()).hexdigest()[:8]


@dataclass(frozen=True, kw_only=True)  # without slots, which leave no room for what is computed once
class Comparison:
    """Runs of one setting.

    Attributes:
        methods: by label, in the order of tables and figures, one run a seed, ordered by seed. The label is the
            method's name; where runs of one method differ in configuration, what differs is added to it.
        validation_fronts: of each finished run (`selection.front`), by the run's path.
        configs: what each run's method was configured with (`labels.method_config`), by the run's path.
        notes: what the reader has to know: left-out duplicates, unfinished runs, missing seeds, failed trials.
    """

    setting: Setting
    methods: Mapping[str, tuple[Run, ...]]
    validation_fronts: Mapping[Path, Sequence[int]]
    configs: Mapping[Path, Mapping[str, str]]
    notes: tuple[str, ...]

    def finished(self, label: str | None = None) -> tuple[Run, ...]:
        """The finished runs of a method, or of all: the only ones that numbers are made of."""
        runs = self.methods.get(label, ()) if label is not None else [r for rs in self.methods.values() for r in rs]
        return tuple(run for run in runs if run.finished)

    @cached_property
    def fronts(self) -> Mapping[Path, Sequence[Member]]:
        """Of each finished run its validation front with the test results (`selection.members`), by the run's path."""
        return {run.path: members(run, self.validation_fronts[run.path]) for run in self.finished()}

    @cached_property
    def transform(self) -> QuantileTransform | None:
        """The quantile transform over all points that any finished run of any method validated; None without points."""
        return next(iter(transforms(self.finished()).values()), None)

    @cached_property
    def networks(self) -> Networks:
        """The architectures of all finished runs, by numbers."""
        return Networks.of(self.finished())

    @property
    def budget_epochs(self) -> float | None:
        """The common budget in training epochs of the full network; None if it is given in another unit."""
        header = next(iter(self.methods.values()))[0].header
        return None if header.budget_macs is None else header.budget_macs / header.epoch_macs


def compare(runs: Iterable[Run]) -> list[Comparison]:
    """Runs grouped by setting, in the order of their titles; the order of `runs` changes nothing."""
    groups: dict[Setting, list[Run]] = defaultdict(list)
    for run in runs:
        groups[Setting.of(run.header)].append(run)
    settings = sorted(groups, key=lambda s: (s.title, s.budget, s.digest))
    return [_comparison(setting, groups[setting]) for setting in settings]


def mixture(comparisons: Sequence[Comparison]) -> list[str]:
    """One sentence on what several comparisons differ in, and one on each that merely lacks an option; none for one."""
    if len(comparisons) < 2:
        return []
    named = [comparison.setting.named for comparison in comparisons]
    differing = [name for name in _union(named) if len({facts.get(name) for facts in named}) > 1]
    shown = [f"{name} ({_values(facts.get(name) for facts in named)})" for name in differing]
    more = f" and {len(shown) - 6} more" if len(shown) > 6 else ""
    runs = [[run for labelled in comparison.methods.values() for run in labelled] for comparison in comparisons]
    return [
        f"the runs are of {len(named)} settings, never pooled: they differ in {', '.join(shown[:6])}{more}",
        *absent_options(list(zip(named, runs, strict=True))),
    ]


def name_of(run: Run) -> str:
    """A run as notes name it."""
    return f"{run.header.method} seed {run.header.seed} ({run.path.parent.name}/{run.path.name})"


def _comparison(setting: Setting, runs: Sequence[Run]) -> Comparison:
    methods: dict[str, tuple[Run, ...]] = {}
    notes: list[str] = []
    configs = {run.path: method_config(run.header) for run in runs}
    for label, labelled in by_label(runs, configs).items():
        kept, repeats = _one_a_seed(labelled)
        methods[label] = kept
        notes += repeats
    ordered = {label: methods[label] for label in in_order(methods)}
    fronts = {run.path: front(run) for labelled in ordered.values() for run in labelled if run.finished}
    notes += [note for labelled in ordered.values() for run in labelled for note in _run_notes(run, fronts)]
    notes += [note for label, labelled in ordered.items() for note in cluster_notes(label, labelled)]
    notes += absent_options([(_whole_config(labelled[0].header), labelled) for labelled in ordered.values()])
    notes += [*_seed_notes(ordered), *_numerics_notes(ordered)]
    return Comparison(setting=setting, methods=ordered, validation_fronts=fronts, configs=configs, notes=tuple(notes))


def _whole_config(header: RunHeader) -> dict[str, str]:
    """All leaves of what may differ in a comparison, but seeds."""
    parts = flatten({name: part for name, part in header.config.items() if name in OF_THE_METHOD})
    return {name: value for name, value in parts.items() if name.rpartition(".")[2] != "seed"}


def _one_a_seed(runs: Sequence[Run]) -> tuple[tuple[Run, ...], list[str]]:
    """One run a seed, finished and long ones first, and what is said of the others."""
    kept: dict[int, Run] = {}
    notes = []
    for run in sorted(runs, key=_preference):
        first = kept.setdefault(run.header.seed, run)
        if first is not run:
            what = "the same run as" if first.header.run_id == run.header.run_id else "another run of the seed of"
            notes.append(f"{name_of(run)} is {what} {name_of(first)} and is left out")
    return tuple(kept[seed] for seed in sorted(kept)), sorted(notes)


def _preference(run: Run) -> tuple[object, ...]:
    """Finished and long runs first, and those with a super-network of their own before those that share one."""
    shared = flatten(run.header.config).get("method.estimator.strategy.seed") not in (None, str(run.header.seed))
    return not run.finished, shared, -len(run.trials), run.header.run_id, name_of(run), str(run.path)


def _run_notes(run: Run, fronts: Mapping[Path, Sequence[int]]) -> list[str]:
    notes = []
    others = [] if run.columns.ok.all() else [trial.evaluation.status for trial in run.trials]
    lost = Counter(str(status) for status in others if status is not Status.OK)
    if lost:
        counts = ", ".join(f"{number} {status}" for status, number in sorted(lost.items()))
        notes.append(f"{name_of(run)}: of {len(run.trials)} trials {counts}, without objectives")
    if not run.finished:
        notes.append(f"{name_of(run)} is unfinished, after {len(run.trials)} trials, and left out of all numbers")
    else:
        tested = {test.trial for test in run.tests if test.ok}
        untested = [str(trial) for trial in fronts[run.path] if trial not in tested]
        if untested:
            notes.append(f"{name_of(run)} lacks test results of its front's trials {', '.join(untested)}")
    return notes


def _seed_notes(methods: Mapping[str, Sequence[Run]]) -> list[str]:
    seeds = {label: {run.header.seed for run in runs if run.finished} for label, runs in methods.items()}
    every = set().union(*seeds.values())
    return [
        f"{label} has no finished run of seed {', '.join(map(str, sorted(every - own)))}, which other methods have"
        for label, own in seeds.items()
        if every - own
    ]


def _numerics_notes(methods: Mapping[str, Sequence[Run]]) -> list[str]:
    numerics = [flatten(run.header.numerics) for runs in methods.values() for run in runs]
    return [
        f"the runs were computed with different {name} ({_values(facts.get(name) for facts in numerics)}), "
        "so their last digits are not comparable"
        for name in _union(numerics)
        if len({facts.get(name) for facts in numerics}) > 1
    ]


def _union(mappings: Iterable[Mapping[str, str]]) -> list[str]:
    return list(dict.fromkeys(name for mapping in mappings for name in mapping))


def _values(values: Iterable[str | None]) -> str:
    texts = {"none" if value is None else value.strip('"') for value in values}
    return ", ".join(sorted(text if len(text) <= 20 else f"{text[:12]}..." for text in texts))


def _budget(budget: Mapping[str, Any]) -> str:
    values = (value for name, value in budget.items() if not name.startswith("_"))
    return " ".join(f"{value:g}" if isinstance(value, float) else str(value) for value in values)

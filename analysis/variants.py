"""Runs that differ in one option alone, such as the super-network's strategy: what Figures 5, 7, 11 and 12 compare."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from analysis.appearance import in_order
from analysis.comparison import Comparison
from analysis.drawing import NothingToDrawError
from analysis.labels import GROUPS, described, tell_apart
from analysis.normalisation import QuantileTransform
from nasbench.results import Run


@dataclass(frozen=True, slots=True, kw_only=True)
class Variants:
    """Finished runs of one method.

    Attributes:
        group: in which option they differ.
        fixed: the options they share, as in "space=small, search=random_search".
        runs: by the option's name, in order, one run a seed. Where runs of one option differ in its settings too, these
            are added to the name.
        transform: that of the comparison, over the points of other methods too; None where there are no points.
    """

    group: str
    fixed: str
    runs: Mapping[str, tuple[Run, ...]]
    transform: QuantileTransform | None

    @property
    def every(self) -> list[Run]:
        return [run for of_variant in self.runs.values() for run in of_variant]


def variants(comparison: Comparison, method: str, group: str) -> Variants | None:
    """The runs of a method that differ in a group of options and in nothing else; None where no two options do.

    Where other options were varied too (strategies in one space, spaces with one strategy), the runs that share all
    others and have the most variants are taken; of equally many, those with the most runs.
    """
    alike: dict[tuple[tuple[str, str], ...], list[Run]] = defaultdict(list)
    for run in comparison.finished():
        config = comparison.configs[run.path]
        if run.header.method == method and group in config:
            rest = {name: value for name, value in config.items() if name not in _of_group(config, group)}
            alike[tuple(sorted(rest.items()))].append(run)
    found = [_named(comparison, runs, group) for runs in alike.values()]
    best = max(found, key=lambda v: (len(v.runs), len(v.every), v.fixed), default=None)
    return best if best and len(best.runs) > 1 else None


def differing(comparison: Comparison, method: str, group: str) -> Variants:
    """As `variants`.

    Raises:
        NothingToDrawError: no two options differ.
    """
    found = variants(comparison, method, group)
    if found is None:
        raise NothingToDrawError(f"no finished runs of {method} differ in nothing but their {group}")
    return found


def normalised(found: Variants) -> QuantileTransform:
    """The quantile transform over all validation points of one problem: all methods and repetitions, as in the paper.

    So every figure of a comparison has the same one.

    Raises:
        NothingToDrawError: no trial has objectives.
    """
    if found.transform is None:
        raise NothingToDrawError("no finished run has a trial with objectives")
    return found.transform


def _of_group(config: Mapping[str, str], group: str) -> dict[str, str]:
    return {name: value for name, value in config.items() if name == group or name.startswith(f"{group}.")}


def _named(comparison: Comparison, runs: list[Run], group: str) -> Variants:
    configs = [_of_group(comparison.configs[run.path], group) for run in runs]
    named: dict[str, list[Run]] = defaultdict(list)
    for run, config, differing in zip(runs, configs, tell_apart(configs), strict=True):
        changed = {name.removeprefix(f"{group}."): value for name, value in differing.items() if name != group}
        name = json.loads(config[group])
        named[f"{name} ({described(changed)})" if changed else name].append(run)
    first = comparison.configs[runs[0].path]
    shared = {name: value for other in GROUPS if other != group for name, value in _of_group(first, other).items()}
    return Variants(
        group=group,
        fixed=described(shared),
        runs={name: tuple(named[name]) for name in in_order(named)},
        transform=comparison.transform,
    )

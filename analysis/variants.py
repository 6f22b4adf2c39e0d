"""Runs that differ in one option alone, such as the super-network's strategy: what Figures 5, 7, 11 and 12 compare."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from analysis.appearance import in_order
from analysis.comparison import Comparison
from analysis.drawing import NothingToDrawError
from analysis.labels import GROUPS, described, group_config, method_config, tell_apart
from analysis.normalisation import QuantileTransform, transforms
from nasbench.results import Run


@dataclass(frozen=True, slots=True, kw_only=True)
class Variants:
    """Finished runs of one method.

    Attributes:
        group: in which option they differ.
        fixed: the options they share, as in "space=small, search=random_search".
        runs: by the option's name, in order, one run a seed. Where runs of one option differ in its settings too, these
            are added to the name.
        observed: all finished runs of the comparison, of other methods too: what objectives are normalised over.
    """

    group: str
    fixed: str
    runs: Mapping[str, tuple[Run, ...]]
    observed: tuple[Run, ...]

    @property
    def every(self) -> list[Run]:
        return [run for of_variant in self.runs.values() for run in of_variant]


def variants(comparison: Comparison, method: str, group: str) -> Variants | None:
    """The runs of a method that differ in a group of options and in nothing else; None where no two options do.

    Where other options were varied too (strategies in one space, spaces with one strategy), the runs that share all
    others and have the most variants are taken; of equally many, those with the most runs.
    """
    alike: dict[tuple[tuple[str, str], ...], list[Run]] = defaultdict(list)
    observed = comparison.finished()
    for run in observed:
        of_group = group_config(run.header, group)
        if run.header.method == method and of_group:
            rest = {name: value for name, value in method_config(run.header).items() if name not in of_group}
            alike[tuple(sorted(rest.items()))].append(run)
    found = [_named(runs, group, observed) for runs in alike.values()]
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
    fitted = list(transforms(found.observed).values())
    if not fitted:
        raise NothingToDrawError("no finished run has a trial with objectives")
    return fitted[0]


def _named(runs: list[Run], group: str, observed: tuple[Run, ...]) -> Variants:
    configs = [group_config(run.header, group) for run in runs]
    named: dict[str, list[Run]] = defaultdict(list)
    for run, config, differing in zip(runs, configs, tell_apart(configs), strict=True):
        changed = {name.removeprefix(f"{group}."): value for name, value in differing.items() if name != group}
        name = json.loads(config[group])
        named[f"{name} ({described(changed)})" if changed else name].append(run)
    shared = [group_config(runs[0].header, other) for other in GROUPS if other != group]
    return Variants(
        group=group,
        fixed=described({name: value for config in shared for name, value in config.items()}),
        runs={name: tuple(named[name]) for name in in_order(named)},
        observed=observed,
    )

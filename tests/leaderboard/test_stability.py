"""Run trees to which a run is added: a method, a variant of one, a seed or a task moves nobody else."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from analysis.intervals import Estimate
from analysis.load import load_runs
from leaderboard.entry import Entry
from leaderboard.rank import by_board, overall
from leaderboard.submission import entries
from tests.analysis.runs import write_run
from tests.analysis.sweeps import nas

TASKS = ("bbc_cloze", "bbc_topics", "rte")
VARIANTS = (("s_nas", None), ("ws_nas", "full"), ("ws_nas", "kd"))

Place = tuple[str, int, int]
"""Of a run: its task, the number of its variant, its seed."""
Tree = Mapping[Place, int]
"""Ten times the error and the size of each run's only member."""

EVERY = list(itertools.product(TASKS, range(len(VARIANTS)), (0, 1)))
CELLS = st.sets(st.sampled_from(range(len(VARIANTS))))


@st.composite
def trees(draw: st.DrawFn) -> tuple[Tree, Place]:
    """A tree, and a place that it lacks: more often a method's or a variant's first run than one more seed."""
    tree = {
        (task, variant, seed): draw(st.integers(2, 8))
        for task in TASKS
        for variant in sorted(draw(CELLS))
        for seed in range(draw(st.sampled_from((1, 1, 2))))
    }
    missing = [place for place in EVERY if place not in tree]
    firsts = [place for place in missing if place[2] == 0]
    assume(tree and missing)
    return tree, draw(st.sampled_from(firsts or missing) | st.sampled_from(missing))


TWO_TASKS = {("bbc_cloze", 0, 0): 3, ("bbc_cloze", 1, 0): 4, ("rte", 0, 0): 3, ("rte", 1, 0): 4}


def made(tree: Tree) -> list[Entry]:
    with tempfile.TemporaryDirectory() as folder:
        for (task, variant, seed), tenths in tree.items():
            write_run(
                Path(folder, task),
                VARIANTS[variant][0],
                [(tenths / 10, tenths / 10)],
                {0: tenths / 10},
                seed=seed,
                task=task,
                config=config(variant, seed),
                fingerprints={"data": f"{TASKS.index(task):064x}", "checkpoint": "c" * 64},
            )
        return entries(load_runs(Path(folder)))[0]


@cache
def config(variant: int, seed: int) -> dict[str, Any]:
    method, strategy = VARIANTS[variant]
    return nas(method, seed, strategy=strategy)


def variant_of(entry: Entry) -> int:
    configs = [config(variant, entry.seeds[0].seed)["method"] for variant in range(len(VARIANTS))]
    return configs.index(entry.config["method"])


def average_ranks(found: list[Entry]) -> dict[frozenset[str], dict[int, Estimate]]:
    """Of each table of ranks over tasks, by these, the ranks of variants."""
    tables = {}
    for ranks in overall(by_board(found)):
        by_name = {}
        for entry in found:
            if entry.board.task in ranks.tasks:
                by_name[entry.name] = variant_of(entry)
        tables[frozenset(ranks.tasks)] = {by_name[name]: rank for name, rank in ranks.ranks}
    return tables


@settings(max_examples=8, deadline=None)
@example((TWO_TASKS, ("bbc_topics", 0, 0)))
@example((TWO_TASKS, ("bbc_cloze", 2, 0)))
@given(trees())
def test_another_run_moves_nobodys_scores_and_takes_nobodys_ranks(tree_and_place: tuple[Tree, Place]) -> None:
    tree, place = tree_and_place
    task, variant, _ = place
    first, second = made(tree), made({**tree, place: 2})

    def others(found: list[Entry]) -> dict[tuple[str, int], Entry]:
        """Without their labels, which say what tells a method from those beside it."""
        every = {(entry.board.task, variant_of(entry)): replace(entry, name="") for entry in found}
        return {of: entry for of, entry in every.items() if of != (task, variant)}

    assert others(second) == others(first)
    before, after = average_ranks(first), average_ranks(second)
    for tasks, ranks in before.items():
        alike = [t for t, of_more in after.items() if t >= tasks and of_more.keys() >= ranks.keys()]
        assert any(len(t) <= len(tasks) + 1 for t in alike)
        touched = task in tasks and variant in ranks
        if not touched and after.get(tasks, {}).keys() == ranks.keys():
            assert after[tasks] == ranks

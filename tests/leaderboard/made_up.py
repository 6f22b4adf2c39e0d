"""Entries and stored runs whose numbers can be worked out by hand."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from leaderboard.entry import THRESHOLDS, Board, Entry, Point, Seed, area, choose, summarise
from tests.analysis.runs import Point as Objectives
from tests.analysis.runs import write_run

FRONT: list[Objectives | None] = [(0.5, 0.5), (0.4, 0.8), (0.6, 0.6), (0.7, 0.2)]
TESTS = {0: 0.6, 1: 0.45, 3: 0.65}
"""Hypervolume 0.35 * 0.3 + 0.4 * 0.3 + 0.55 * 0.2 = 0.335."""

BOARD = Board("bbc_cloze", "minilm", "embedded", "laptop", "f1", "d" * 64, "c" * 64, "2 epochs", 1, "5" * 8)


def write_results(folder: Path) -> Path:
    """`ws_nas` is better than `s_nas` on test in both seeds, though equal on validation."""
    for seed, gain in ((0, 0.1), (1, 0.2)):
        write_run(folder / "one", "ws_nas", FRONT, {i: e - gain for i, e in TESTS.items()}, seed=seed)
        write_run(folder / "two", "s_nas", FRONT, TESTS, seed=seed)
    return folder


def made_up(name: str, *fronts: Sequence[tuple[float, float]], board: Board = BOARD) -> Entry:
    """An entry with a front of (error, size) a seed, equal on validation and test."""
    seeds = tuple(_seed(name, number, front) for number, front in enumerate(fronts))
    return Entry(name=name, method=name, board=board, config={}, seeds=seeds, summary=summarise(seeds))


def read_again(data: dict[str, Any]) -> dict[str, Any]:
    """With numbers made anew of its points, as whoever tampers with care would."""
    entry = Entry.from_json(data)
    seeds = tuple(
        replace(s, hypervolume=area(s.points), chosen=tuple(choose(s.points, t) for t in THRESHOLDS))
        for s in entry.seeds
    )
    made = replace(entry, seeds=seeds, summary=summarise(seeds)).to_json()
    return dict(json.loads(json.dumps(made)))


def _seed(name: str, number: int, front: Sequence[tuple[float, float]]) -> Seed:
    points = tuple(Point(trial=i, validation_error=e, test_error=e, size=s) for i, (e, s) in enumerate(front))
    return Seed(
        seed=number,
        repetition=number,
        run=f"made_up/{number}.jsonl",
        run_id=f"{number}",
        sha256=f"{number:064d}",
        points=points,
        hypervolume=area(points),
        chosen=tuple(choose(points, threshold) for threshold in THRESHOLDS),
        cost_epochs=1.0,
        command=f"python -m nasbench +experiment=made_up seed={number}",
        commit=None,
        dirty=False,
        numerics={},
    )

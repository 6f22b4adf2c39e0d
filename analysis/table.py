"""The end table: a row a method, means over its finished runs, everything selected on validation."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.clusters import repetitions
from analysis.comparison import Comparison
from analysis.selection import THRESHOLDS, Member, best_within, hypervolume_of
from analysis.trajectory import spent_epochs
from nasbench.results import Run

if TYPE_CHECKING:
    import pandas as pd
    from rich.table import Table


def end_table(comparison: Comparison) -> pd.DataFrame:
    """One row a method, in order.

    Columns:
        method: the label. seeds, unfinished: how many finished and unfinished runs it has.
        hypervolume: of the TEST points of the validation front, reference (1, ..., 1).
        score_25, score_50, score_75, score_100: TEST score of the member with the best validation score among those
            with at most that percentage of the unpruned network's encoder parameters.
        cost_epochs: COST of a run in training epochs of the full network.
        seconds: wall-clock seconds of a run's rows. trials: of a run.

    Numbers are means over finished runs, NaN where there are none; `<column>_std` is the sample standard deviation
    over seeds, NaN below two of them; `score_<p>_seeds` counts the seeds that have a member so small, over which alone
    that mean is taken.
    """
    import pandas as pd

    rows = []
    for label, runs in comparison.methods.items():
        finished = [run for run in runs if run.finished]
        row: dict[str, Any] = {"method": label, "seeds": len(finished), "unfinished": len(runs) - len(finished)}
        fronts = {run.path: comparison.fronts[run.path] for run in finished}
        row |= _moments("hypervolume", _hypervolumes(finished, fronts))
        for threshold in THRESHOLDS:
            row |= _scores_within(finished, fronts, threshold)
        measures: dict[str, Callable[[Run], float]] = {
            "cost_epochs": spent_epochs,
            "seconds": seconds,
            "trials": lambda run: len(run.trials),
        }
        for name, measure in measures.items():
            row[name] = _mean([measure(run) for run in finished])
        rows.append(row)
    return pd.DataFrame(rows)


def headings(metric: str) -> list[str]:
    scores = [f"{metric} ≤{threshold:.0%}" for threshold in THRESHOLDS]
    return ["method", "seeds", "hypervolume", *scores, "COST (epochs)", "seconds", "trials"]


def cells(frame: pd.DataFrame) -> list[list[str]]:
    """The rows of `end_table` as they are shown under `headings`."""
    return [_cells(row) for row in frame.to_dict("records")]


def rendered(frame: pd.DataFrame, metric: str) -> Table:
    """The table for a terminal."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    out = Table(box=box.SIMPLE_HEAD, caption=caption(metric), caption_justify="left")
    for i, heading in enumerate(headings(metric)):
        out.add_column(heading, justify="left" if i == 0 else "right", overflow="fold")
    for row in cells(frame):
        out.add_row(*map(Text, row))
    return out


def caption(metric: str) -> str:
    return (
        f"Test split; everything selected on validation. {metric} ≤p%: the best with at most p% of the encoder's "
        "parameters. ± standard deviation over seeds. COST in training epochs of the full network."
    )


def _cells(row: dict[Any, Any]) -> list[str]:
    seeds = f"{row['seeds']}" + (f" (+{row['unfinished']} unfinished)" if row["unfinished"] else "")
    scores = []
    for threshold in THRESHOLDS:
        name = _column(threshold)
        some = f" ({row[f'{name}_seeds']} of {row['seeds']})" if 0 < row[f"{name}_seeds"] < row["seeds"] else ""
        scores.append(_spread(row, name) + some)
    return [
        str(row["method"]),
        seeds,
        _spread(row, "hypervolume"),
        *scores,
        _number(row["cost_epochs"], ".2f"),
        _number(row["seconds"], ".0f"),
        _number(row["trials"], "g"),
    ]


def _column(threshold: float) -> str:
    return f"score_{threshold * 100:.0f}"


def _spread(row: dict[Any, Any], name: str) -> str:
    deviation = row[f"{name}_std"]
    return _number(row[name], ".3f") + ("" if math.isnan(deviation) else f" ± {deviation:.3f}")


def _number(value: float, form: str) -> str:
    return "-" if math.isnan(value) else format(value, form)


def _hypervolumes(finished: Sequence[Run], fronts: Mapping[Path, Sequence[Member]]) -> list[float]:
    return repetitions(finished, lambda run: hypervolume_of([member.test_point for member in fronts[run.path]]))


def _scores_within(
    finished: Sequence[Run], fronts: Mapping[Path, Sequence[Member]], threshold: float
) -> dict[str, float]:
    chosen = {path: best_within(front, threshold) for path, front in fronts.items()}
    scores = {path: member.test_score if member else None for path, member in chosen.items()}
    name = _column(threshold)
    moments = _moments(name, repetitions(finished, lambda run: scores[run.path]))
    return moments | {f"{name}_seeds": sum(score is not None for score in scores.values())}


def _moments(name: str, values: Sequence[float]) -> dict[str, float]:
    deviation = statistics.stdev(values) if len(values) > 1 else math.nan
    return {name: _mean(values), f"{name}_std": deviation}


def _mean(values: Sequence[float]) -> float:
    return statistics.fmean(values) if values else math.nan


def seconds(run: Run) -> float:
    """Wall-clock seconds of all rows of a run, test rows too."""
    billed = sum(phase.seconds for phase in run.phases) + sum(run.columns.seconds.tolist())
    return billed + sum(test.seconds for test in run.tests)

"""How early measurements agree with final ones: panels of points, and a table of coefficients with intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from analysis.appearance import COLOURS
from analysis.drawing import Table
from analysis.intervals import Estimate
from analysis.pairs import Pairs

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COEFFICIENTS = ("pearson", "spearman", "kendall")


def frame(found: Mapping[str, Pairs]) -> pd.DataFrame:
    """Columns: of, early and late (what was measured), seed, trial, early_loss, late_loss."""
    frames = [
        pd.DataFrame(
            {
                "of": name,
                "early": pairs.what,
                "late": pairs.final,
                "seed": pairs.seeds,
                "trial": pairs.trials,
                "early_loss": pairs.early,
                "late_loss": pairs.late,
            }
        )
        for name, pairs in found.items()
    ]
    return pd.concat(frames, ignore_index=True)


def scatter(axes: Axes, pairs: Pairs, *, colour: str | None = None, label: str | None = None) -> None:
    """A point an architecture; of one colour, or of one a seed."""
    seeds = np.array(pairs.seeds)
    for place, seed in enumerate(dict.fromkeys(pairs.seeds)):
        of_seed = seeds == seed
        axes.plot(
            np.array(pairs.early)[of_seed],
            np.array(pairs.late)[of_seed],
            "o",
            color=colour or COLOURS[1 + place % (len(COLOURS) - 1)],
            alpha=0.7,
            markeredgewidth=0,
            label=(label if place == 0 else None) if colour else f"seed {seed}",
        )


def table(found: Mapping[str, Pairs]) -> Table:
    """Coefficients of each with 95% bootstrap intervals, and the overlap of better halves."""
    rows = []
    for name, pairs in found.items():
        coefficients = pairs.correlated()
        row: dict[str, object] = {"of": name, "early": pairs.what, "late": pairs.final, "n": coefficients.n}
        row["runs"] = len(set(pairs.seeds))
        for coefficient in COEFFICIENTS:
            row |= _ends(coefficient, getattr(coefficients, coefficient))
        rows.append(row | {"better_half": coefficients.top_half})
    data = pd.DataFrame(rows)
    return Table(
        data=data,
        headings=["of", "early", "late", "n", "runs", *COEFFICIENTS, "better half"],
        cells=[_cells(row) for row in data.to_dict("records")],
        caption=(
            "Both are losses, so that agreement is positive; with 95% percentile bootstrap intervals. Over several "
            "runs coefficients are of ranks within each run, centred there. Better half: the share of the better half "
            "by the early loss that is in the better half by the late one; 0.5 is chance."
        ),
        text_columns=3,
    )


def _ends(name: str, estimate: Estimate) -> dict[str, float]:
    low, high = estimate.interval or (np.nan, np.nan)
    return {name: estimate.value, f"{name}_low": low, f"{name}_high": high}


def _cells(row: Mapping[Any, Any]) -> Sequence[str]:
    shown = [f"{row[c]:.2f} ({row[f'{c}_low']:.2f} to {row[f'{c}_high']:.2f})" for c in COEFFICIENTS]
    return [*(str(row[name]) for name in ("of", "early", "late", "n", "runs")), *shown, f"{row['better_half']:.2f}"]

"""What one option of a method is worth, network by network: trials of the same architectures under equal seeds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analysis.appearance import COLOURS
from analysis.comparison import Comparison
from analysis.contrasts import Contrast, contrasts
from analysis.drawing import GREY, STYLE, Drawing, NothingToDrawError, Options, Table, legend_below, panels, wrapped
from analysis.intervals import mean_t
from analysis.paired import signed_rank

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MADE_BY = "python -m nasbench -m +sweep=paraskeva_ablation"

FEWEST = 3
"""Networks in common that it takes for a comparison."""

_DOTS = 200
"""Of a comparison that are drawn at most."""
_FEW = 5
"""Seeds that are told apart."""

_COLUMNS = ["first", "second", "given", "measure", "seed", "first_trial", "second_trial", "difference"]
_CONTRAST = _COLUMNS[:4]


def draw(comparison: Comparison, options: Options) -> Drawing:
    """Runs of one method that differ in one option: by how much a network is worse under the first than the second.

    A dot is an architecture that both evaluated under one seed, a bar the mean of all with Student's 95% interval.
    Networks of one run share what precedes them (data, pre-training of the base), so intervals of few seeds are too
    narrow; the table has the means of up to five seeds. Below 0 the first is better. Of many networks some hundred are
    drawn, and all are in the data.

    Data: first, second, given (options), measure, seed, first_trial, second_trial, difference.

    Raises:
        NothingToDrawError: no finished runs that differ in one option have three networks in common.
    """
    data = _frame(contrasts(comparison))
    if data.empty:
        raise NothingToDrawError(f"no finished runs that differ in one option alone have {FEWEST} networks in common")
    table = _table(data)
    measures = list(dict.fromkeys(data["measure"]))
    lines = max(len(group) for _, group in table.data.groupby("measure"))
    figure, axes = panels(comparison.setting.title, len(measures) * (0.8 + 0.45 * lines), len(measures))
    for panel, measure in zip(axes, measures, strict=True):
        _draw(panel, data[data["measure"] == measure], table.data[table.data["measure"] == measure])
        panel.set_xlabel(wrapped(f"difference in {measure}", 34))
    legend_below(figure, axes[0])
    return Drawing(figure, data, table=table)


def _frame(found: list[Contrast]) -> pd.DataFrame:
    rows = [
        (each.first, each.second, each.given, p.measure, p.seed, p.first_trial, p.second_trial, p.difference)
        for each in found
        for p in each.pairs
    ]
    data = pd.DataFrame(rows, columns=_COLUMNS)
    enough = data.groupby(_CONTRAST)["difference"].transform("size") >= FEWEST
    return data[enough].reset_index(drop=True)


def _table(data: pd.DataFrame) -> Table:
    rows, cells = [], []
    for key, pairs in data.groupby(_CONTRAST, sort=False):
        mean = mean_t(pairs["difference"])
        low, high = mean.interval or (np.nan, np.nan)
        seeds = pairs.groupby("seed")["difference"].mean()
        by_seed = " ".join(f"{each:+.4f}" for each in seeds) if len(seeds) <= _FEW else "-"
        likely = signed_rank(pairs["difference"])
        rows.append((*key, len(pairs), mean.value, low, high, likely, by_seed))
        shown = f"{mean.value:+.4f} ({low:+.4f} to {high:+.4f})"
        cells.append([*map(str, key), str(len(pairs)), shown, f"{likely:.3g}", by_seed])
    names = [*_CONTRAST, "n", "difference", "low", "high", "wilcoxon", "by_seed"]
    return Table(
        data=pd.DataFrame(rows, columns=names),
        headings=["first", "second", "given", "measure", "n", "first minus second", "Wilcoxon's p", "means by seed"],
        cells=cells,
        caption=(
            "The same architectures under equal seeds; lower is better in every measure. Means with Student's 95% "
            "intervals over networks, and the p-value of Wilcoxon's signed-rank test of no difference."
        ),
        text_columns=4,
    )


def _draw(axes: Axes, data: pd.DataFrame, means: pd.DataFrame) -> None:
    for place, (_, of_key) in enumerate(data.groupby(_CONTRAST, sort=False)):
        of_key = of_key.iloc[:: -(-len(of_key) // _DOTS)]
        apart = data["seed"].nunique() <= _FEW
        by_seed = (
            [(f"seed {seed}", dots) for seed, dots in of_key.groupby("seed")] if apart else [("a network", of_key)]
        )
        for number, (label, dots) in enumerate(by_seed):
            heights = np.full(len(dots), place + 0.1 * number - 0.2)
            axes.plot(
                dots["difference"],
                heights,
                "o",
                color=COLOURS[1 + number],
                alpha=0.7,
                label=label if place == 0 else None,
            )
    means_at = np.arange(len(means)) + 0.3
    reach = np.abs(means[["low", "high"]].to_numpy().T - means["difference"].to_numpy())
    axes.errorbar(means["difference"], means_at, xerr=reach, fmt="|", color="black", label="mean, 95%")
    axes.axvline(0, color=GREY, linewidth=0.7, linestyle="--")
    names = [_name(str(m.first), str(m.second), str(m.given)) for m in means.itertuples()]
    axes.set_yticks(range(len(means)), names, fontsize=STYLE["xtick.labelsize"] - 1)
    axes.set_ylim(len(means) - 0.4, -0.6)


def _name(first: str, second: str, given: str) -> str:
    """What is subtracted from what, on lines: the option's name stands once where it is one."""
    option, _, value = first.partition("=")
    other_option, _, other = second.partition("=")
    alone = option == other_option and value and "=" not in value + other
    lines = [f"{option}:", f"{value} − {other}"] if alone else [f"{first} −", second]
    return "\n".join(wrapped(line, 32) for line in [*lines, *([f"({given})"] if given != "-" else [])])

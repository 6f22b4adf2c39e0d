"""How early or cheap errors agree with final ones: shared weights with fine-tuning alone, first rungs with last."""

from __future__ import annotations

from analysis import agreement, commands
from analysis.comparison import Comparison
from analysis.drawing import STYLE, Drawing, NothingToDrawError, Options, legend_below, panels, wrapped
from analysis.pairs import every

MADE_BY = f"{commands.ALL_METHODS} 'methods=[s_nas,ws_nas]' budget.amount=10"

_MOST = 6
"""Panels that are drawn; the data and the table have all."""


def draw(comparison: Comparison, options: Options) -> Drawing:
    """Validation errors of the same architectures, a panel for each two measurements of them, all seeds.

    Data: of (methods), early, late, seed, trial, early_loss, late_loss.

    Raises:
        NothingToDrawError: no architecture was measured twice, in no finished run or in too few.
    """
    found = every(comparison)
    if not found:
        raise NothingToDrawError("no finished runs measured three architectures twice, by rungs or with shared weights")
    shown = dict(list(found.items())[:_MOST])
    lines = -(-len(shown) // 2)
    figure, axes = panels(comparison.setting.title, 0.5 + 1.6 * lines, lines, min(2, len(shown)))
    for panel, (name, pairs) in zip(axes, shown.items(), strict=False):
        agreement.scatter(panel, pairs)
        panel.set_title(wrapped(name), loc="left", fontsize=5.5)
        panel.set_xlabel(pairs.what, fontsize=6)
        panel.set_ylabel(pairs.final, fontsize=6)
    for unused in axes[len(shown) :]:
        unused.set_visible(False)
    figure.supylabel("validation error", fontsize=STYLE["axes.labelsize"])
    legend_below(figure, max(axes, key=lambda panel: len(panel.get_legend_handles_labels()[1])))
    return Drawing(figure, agreement.frame(found), table=agreement.table(found))

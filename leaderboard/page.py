"""The leaderboard as Markdown. The same entries give the same bytes, wherever and in whatever order they lie."""

from __future__ import annotations

from collections.abc import Sequence

from analysis.markdown import escape, table
from leaderboard.published import Published
from leaderboard.rank import Overall
from leaderboard.view import INTRODUCTION, Section, View, shown


def page(view: View, published: Sequence[Published] = ()) -> str:
    """All boards, one section each, then ranks over tasks and what papers print."""
    parts = ["# Leaderboard\n", *(f"{paragraph}\n" for paragraph in INTRODUCTION), *map(_section, view.sections)]
    if view.overall:
        parts += ["## Ranks over tasks\n", *map(_overall, view.overall)]
    if published:
        parts += [
            "## Published numbers, not ranked\n\nAs papers print them, in percent: of other data, budgets and code.\n",
            *map(_published, published),
        ]
    return "\n".join(parts)


def _section(section: Section) -> str:
    lines = [f"## {escape(section.board.title)}", "", escape(section.facts), ""]
    if section.lines:
        lines.append(table(section.headings, [line.cells for line in section.lines]))
    else:
        lines += ["No method has finished all its runs.", ""]
    return "\n".join([*lines, *(f"- {escape(note)}" for note in section.notes), ""])


def _overall(ranks: Overall) -> str:
    rows = [[name, shown(rank, digits=2)] for name, rank in ranks.ranks]
    return f"{escape(ranks.title)}\n\n{table(['method', 'average rank'], rows)}"


def _published(found: Published) -> str:
    heading = f"{escape(found.source)}, on {escape(found.split)}"
    return f"{heading}\n\n{table(['network', 'parameters (M)', *found.headings], found.cells())}"

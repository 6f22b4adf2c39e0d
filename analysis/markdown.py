"""Markdown tables of values that others chose, such as a method's name."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence


def escape(text: str) -> str:
    """Text that Markdown shows as it stands: on one line, no markup, no HTML, no end of a table's cell."""
    flat = " ".join(html.escape(text, quote=False).split())
    return re.sub(r"([\\`*_\[\]#|~])", r"\\\1", flat)


def table(headings: Sequence[str], rows: Iterable[Sequence[str]], *, text_columns: int = 1) -> str:
    """A table; all cells are escaped, the first `text_columns` stand left, the others right."""
    align = ["---"] * text_columns + ["---:"] * (len(headings) - text_columns)
    lines = [[escape(cell) for cell in headings], align, *([escape(cell) for cell in row] for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)

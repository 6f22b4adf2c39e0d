"""Finds the figures, draws them, writes each with its data and the commands that make it: equal runs, equal bytes."""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from types import ModuleType
from typing import Any

from analysis import commands, figures, markdown
from analysis.comparison import Comparison
from analysis.drawing import STYLE, Drawing, Options, Table
from analysis.files import write
from nasbench.errors import InputError

ALL = "all"
"""In place of a figure's name: every figure there is."""

FILES = ("png", "pdf")
"""Forms in which a figure is written beside its data."""

_WITHOUT_DATES: Mapping[str, dict[str, None]] = {
    "png": {"Software": None},
    "pdf": {"CreationDate": None},
    "svg": dict.fromkeys(("Creator", "Date", "Format", "Type")),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A module of `analysis.figures`.

    Attributes:
        summary: the first line of its docstring.
        together: whether it shows all comparisons at once (the module has `draw_together`) or one of them (`draw`).
        by_default: whether it is drawn when no figure is asked for (the module's BY_DEFAULT).
        made_by: the command that makes the runs it is about, if not any do (the module's MADE_BY).
    """

    name: str
    summary: str
    together: bool
    by_default: bool
    made_by: str | None
    _draw: Callable[..., Drawing]

    @classmethod
    def of(cls, name: str, module: ModuleType) -> Figure | None:
        together = hasattr(module, "draw_together")
        if not together and not hasattr(module, "draw"):
            return None
        return cls(
            name=name,
            summary=next(iter((module.__doc__ or "").strip().splitlines()), ""),
            together=together,
            by_default=getattr(module, "BY_DEFAULT", False),
            made_by=getattr(module, "MADE_BY", None),
            _draw=module.draw_together if together else module.draw,
        )

    def draw(self, comparisons: Sequence[Comparison], options: Options) -> Drawing:
        """Draw it, of one comparison unless it is one that shows several.

        Raises:
            NothingToDrawError: the runs hold nothing of what it shows.
        """
        if self.together:
            return self._draw(comparisons, options)
        (comparison,) = comparisons
        return self._draw(comparison, options)


def discover() -> dict[str, Figure]:
    """The figures of all modules in `analysis.figures`, by the module's name."""
    names = sorted(module.name for module in pkgutil.iter_modules(figures.__path__))
    found = [Figure.of(name, importlib.import_module(f"{figures.__name__}.{name}")) for name in names]
    return {figure.name: figure for figure in found if figure}


def choose(names: Sequence[str]) -> list[Figure]:
    """Figures by name; those drawn by default for no names, every one for "all".

    Raises:
        InputError: there is no such figure.
    """
    found = discover()
    if ALL in names:
        return list(found.values())
    if not names:
        return [figure for figure in found.values() if figure.by_default]
    for name in names:
        if name not in found:
            close = difflib.get_close_matches(name, found, n=1)
            hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(found)}"
            raise InputError(f"there is no figure {name}: {hint}")
    return [found[name] for name in dict.fromkeys(names)]


@dataclass(frozen=True, slots=True)
class Rendered:
    """A figure's drawing, and its images by their form, such as "png"."""

    drawing: Drawing
    images: Mapping[str, bytes]


def render(figure: Figure, comparisons: Sequence[Comparison], options: Options, forms: Sequence[str]) -> Rendered:
    """Draw a figure; `forms` are of "png", "pdf" and "svg".

    Raises:
        NothingToDrawError: the runs hold nothing of what it shows.
    """
    with styled():
        drawing = figure.draw(comparisons, options)
        drawing.figure.draw_without_rendering()  # lays it out, once for all forms
        drawing.figure.set_layout_engine(None)
        return Rendered(drawing, {form: _image(drawing, form) for form in forms})


def write_figure(
    figure: Figure, rendered: Rendered, comparisons: Sequence[Comparison], stem: Path, command: str
) -> list[Path]:
    """Write a figure as `<stem>.png` and `.pdf`, what it shows as `.csv`, how it was made as `.txt`.

    A table that belongs to it is written as `<stem>-table.csv` and `.md`, and whatever else does beside them.

    Args:
        rendered: it, of these comparisons, as FILES at least.
        command: the one that draws it.

    Returns:
        The paths.

    Raises:
        InputError: a file cannot be written.
    """
    drawing = rendered.drawing
    finished = [run for comparison in comparisons for run in comparison.finished()]
    runs = finished if drawing.runs is None else drawing.runs
    contents: dict[str, str | bytes] = {
        **{f".{form}": rendered.images[form] for form in FILES},
        ".csv": drawing.data.to_csv(index=False, lineterminator="\n"),
        ".txt": commands.account(f"{figure.name}: {figure.summary}", command, runs, drawing.notes),
        **(_tables(drawing.table, drawing.notes) if drawing.table else {}),
        **drawing.files,
    }
    return [write(stem.with_name(f"{stem.name}{end}"), content) for end, content in contents.items()]


def _tables(table: Table, notes: Sequence[str]) -> dict[str, str]:
    told = "".join(f"- {markdown.escape(note)}\n" for note in notes)
    page = markdown.table(table.headings, table.cells, text_columns=table.text_columns)
    return {
        "-table.csv": table.data.to_csv(index=False, lineterminator="\n"),
        "-table.md": f"{page}\n{markdown.escape(table.caption)}\n{told}",
    }


def _image(drawing: Drawing, form: str) -> bytes:
    out = BytesIO()
    drawing.figure.savefig(out, format=form, metadata=_WITHOUT_DATES[form])
    return out.getvalue()


@contextmanager
def styled() -> Iterator[None]:
    """The look that all figures share, whatever style the user has."""
    import matplotlib as mpl

    # From the library's defaults; no backend, for no window is ever opened.
    settings: dict[Any, Any] = {name: value for name, value in mpl.rcParamsDefault.items() if name != "backend"}
    with mpl.rc_context(settings | dict(STYLE)):
        yield

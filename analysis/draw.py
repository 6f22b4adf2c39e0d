"""Finds the figures, draws them and writes each as PNG, PDF and the CSV of what it shows: equal runs, equal bytes."""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

from analysis import figures
from analysis.comparison import Comparison
from analysis.drawing import STYLE, Drawing, Options
from analysis.files import write
from nasbench.errors import InputError

Draw = Callable[[Comparison, Options], Drawing]

_WITHOUT_DATES: Mapping[str, dict[str, None]] = {"png": {"Software": None}, "pdf": {"CreationDate": None}}


def discover() -> dict[str, Draw]:
    """The drawing function of every module in `analysis.figures`, by the module's name."""
    names = sorted(module.name for module in pkgutil.iter_modules(figures.__path__))
    modules = {name: importlib.import_module(f"{figures.__name__}.{name}") for name in names}
    return {name: module.draw for name, module in modules.items() if hasattr(module, "draw")}


def choose(name: str | None) -> dict[str, Draw]:
    """One figure by name, or all of them.

    Raises:
        InputError: there is no such figure.
    """
    found = discover()
    if name is None:
        return found
    if name not in found:
        close = difflib.get_close_matches(name, found, n=1)
        hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(found)}"
        raise InputError(f"there is no figure {name}: {hint}")
    return {name: found[name]}


def write_figure(draw: Draw, comparison: Comparison, options: Options, stem: Path) -> list[Path]:
    """Draw a figure and write it as `<stem>.png`, `.pdf` and `.csv`; returns the paths.

    Raises:
        NothingToDrawError: the runs hold nothing of what it shows.
        InputError: a file cannot be written.
    """
    with _style():
        drawing = draw(comparison, options)
        images = {form: _image(drawing, form) for form in _WITHOUT_DATES}
    paths = [write(stem.with_name(f"{stem.name}.{form}"), image) for form, image in images.items()]
    return [*paths, write(stem.with_name(f"{stem.name}.csv"), drawing.data.to_csv(index=False, lineterminator="\n"))]


def _image(drawing: Drawing, form: str) -> bytes:
    out = BytesIO()
    drawing.figure.savefig(out, format=form, metadata=_WITHOUT_DATES[form])
    return out.getvalue()


@contextmanager
def _style() -> Iterator[None]:
    import matplotlib as mpl

    # From the library's defaults, whatever matplotlibrc the user has; no backend, for no window is ever opened.
    settings: dict[Any, Any] = {name: value for name, value in mpl.rcParamsDefault.items() if name != "backend"}
    with mpl.rc_context(settings | dict(STYLE)):
        yield

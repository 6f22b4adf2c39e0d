"""Draws figures and writes them, and keeps what a report shows of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from analysis.comparison import Comparison
from analysis.draw import FILES, Figure, render, write_figure
from analysis.drawing import NothingToDrawError, Options
from analysis.parallel import in_order, processes_for
from analysis.report import FORM, Plate


@dataclass(frozen=True, slots=True, kw_only=True)
class _Drawn:
    """A figure that was written: where, what is to be said of it, and itself for a report."""

    paths: Sequence[Path]
    notes: Sequence[str]
    plate: Plate | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Order:
    """A figure that is to be drawn of some comparisons, and written."""

    figure: Figure
    comparisons: Sequence[Comparison]
    out: Path
    suffix: str


@dataclass(slots=True, kw_only=True)
class Album:
    """Figures are ordered first, all of them, and are then taken in this order, while others are still being drawn.

    Attributes:
        command: the one that draws figures of these names.
        report: whether they are kept for one.
        say: takes a line for each file that is written, and for each figure that is not drawn.
    """

    options: Options
    command: Callable[[Sequence[str]], str]
    report: bool
    say: Callable[[str], None]
    _orders: list[_Order] = field(default_factory=list)
    _found: Iterator[_Drawn | str] | None = None

    def order(self, figures: Sequence[Figure], comparisons: Sequence[Comparison], out: Path, suffix: str = "") -> None:
        assert self._found is None, "figures are ordered before they are drawn"
        self._orders += [_Order(figure=f, comparisons=comparisons, out=out, suffix=suffix) for f in figures]

    @contextmanager
    def drawing(self) -> Iterator[None]:
        """While all that was ordered is drawn, and can be taken; what is not taken then is given up."""
        if processes_for(len(self._orders)) > 1:  # else what several figures share would be made in each of them
            import matplotlib.figure  # noqa: F401

            for order in self._orders:
                for comparison in order.comparisons:
                    _ = comparison.fronts, comparison.transform, comparison.networks  # nearly all are made of these
        of_all = [place for place, order in enumerate(self._orders) if order.figure.together]
        with in_order(self._drawn, len(self._orders), long=of_all) as self._found:
            yield

    def plates(self, number: int) -> tuple[tuple[Plate, ...], tuple[str, ...]]:
        """The next figures, written; as the report shows them (none without a report), and why some are not drawn."""
        assert self._found is not None, "figures are taken while they are drawn"
        found, missing = [], []
        for drawn in islice(self._found, number):
            if isinstance(drawn, str):
                missing.append(drawn)
                self.say(drawn)
                continue
            for line in (*(f"wrote {path}" for path in drawn.paths), *(f"note: {note}" for note in drawn.notes)):
                self.say(line)
            if drawn.plate:
                found.append(drawn.plate)
        return tuple(found), tuple(missing)

    def _drawn(self, place: int) -> _Drawn | str:
        order = self._orders[place]
        figure, command = order.figure, self.command([order.figure.name])
        try:
            rendered = render(figure, order.comparisons, self.options, (*FILES, FORM) if self.report else FILES)
        except NothingToDrawError as error:
            made_by = f": {figure.made_by} makes such runs" if figure.made_by else ""
            return f"not drawn: {figure.name}, as {error}{made_by}"
        stem = order.out / f"{figure.name}{order.suffix}"
        return _Drawn(
            paths=write_figure(figure, rendered, order.comparisons, stem, command),
            notes=[f"{figure.name}: {note}" for note in rendered.drawing.notes],
            plate=Plate.of(figure, rendered, command, number=place + 1) if self.report else None,
        )

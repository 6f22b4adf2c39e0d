"""Draws figures and writes them, and keeps what a report shows of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
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


@dataclass(slots=True, kw_only=True)
class Album:
    """Attributes:
    command: the one that draws figures of these names.
    report: whether they are kept for one.
    say: takes a line for each file that is written, and for each figure that is not drawn.
    """

    options: Options
    command: Callable[[Sequence[str]], str]
    report: bool
    say: Callable[[str], None]
    _number: int = 0

    def plates(
        self, figures: Sequence[Figure], comparisons: Sequence[Comparison], out: Path, suffix: str = ""
    ) -> tuple[tuple[Plate, ...], tuple[str, ...]]:
        """Write figures; returns them as the report shows them (none without a report), and why some are not drawn."""
        if processes_for(len(figures)) > 1:  # else what several figures share would be made in each of the processes
            import matplotlib.figure  # noqa: F401

            for comparison in comparisons:
                _ = comparison.configs, comparison.fronts, comparison.transform  # of which nearly all figures are made
        found, missing = [], []
        first, self._number = self._number, self._number + len(figures)

        def draw(place: int) -> _Drawn | str:
            return self._drawn(figures[place], comparisons, out, suffix, number=first + place + 1)

        for drawn in in_order(draw, len(figures)):
            if isinstance(drawn, str):
                missing.append(drawn)
                self.say(drawn)
                continue
            for line in (*(f"wrote {path}" for path in drawn.paths), *(f"note: {note}" for note in drawn.notes)):
                self.say(line)
            if drawn.plate:
                found.append(drawn.plate)
        return tuple(found), tuple(missing)

    def _drawn(
        self, figure: Figure, comparisons: Sequence[Comparison], out: Path, suffix: str, *, number: int
    ) -> _Drawn | str:
        """A figure, or the sentence that says why there is none; `number` tells a report's plates apart."""
        command = self.command([figure.name])
        try:
            rendered = render(figure, comparisons, self.options, (*FILES, FORM) if self.report else FILES)
        except NothingToDrawError as error:
            made_by = f": {figure.made_by} makes such runs" if figure.made_by else ""
            return f"not drawn: {figure.name}, as {error}{made_by}"
        return _Drawn(
            paths=write_figure(figure, rendered, comparisons, out / f"{figure.name}{suffix}", command),
            notes=[f"{figure.name}: {note}" for note in rendered.drawing.notes],
            plate=Plate.of(figure, rendered, command, number=number) if self.report else None,
        )

"""A line for each run while an experiment goes on: live bars on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars

from nasbench.drive import Progress
from nasbench.errors import Interrupted

PLAIN_LINE_SECONDS = 15.0
"""A run without a terminal says no more than one line in so long, its first and last apart."""


class Display:
    """Shows the progress of runs by the names they are given.

    Args:
        names: what to call each run, by run id.
    """

    def __init__(self, names: Mapping[str, str], console: Console) -> None:
        self._names, self._console = names, console
        self._last: dict[str, Progress] = {}
        self._said: dict[str, float] = {}
        self._rows: dict[str, TaskID] = {}
        self._bars = Bars(
            TextColumn("{task.description}"),
            BarColumn(bar_width=20),
            TextColumn("{task.percentage:>3.0f}% of budget  {task.fields[found]}"),
            TimeElapsedColumn(),
            TextColumn("ETA {task.fields[eta]}"),
            console=console,
            disable=not console.is_terminal,
        )

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    def show(self, events: Iterable[Progress]) -> None:
        for event in events:
            self._last[event.run_id] = event
            if self._console.is_terminal:
                self._show_bar(event)
            else:
                self._say(event)

    def finish(self, run_id: str, error: BaseException | None) -> None:
        """Say how a run ended."""
        last = self._last.get(run_id)
        ended = "stopped" if isinstance(error, Interrupted) else "failed" if error else "done"
        if self._console.is_terminal and run_id in self._rows:
            self._bars.update(self._rows[run_id], completed=0 if error else 1.0, eta=ended)
        elif not self._console.is_terminal:
            found = f", {_found(last)}, {last.seconds:.0f} s" if last else ""
            self._print(f"{self._names[run_id]}: {ended}{found}")

    def _show_bar(self, event: Progress) -> None:
        if event.run_id not in self._rows:
            name = self._names[event.run_id]
            self._rows[event.run_id] = self._bars.add_task(name, total=1.0, found="", eta="")
        self._bars.update(self._rows[event.run_id], completed=event.share, found=_found(event), eta=_eta(event))

    def _say(self, event: Progress) -> None:
        now = time.monotonic()
        if now - self._said.get(event.run_id, -PLAIN_LINE_SECONDS) < PLAIN_LINE_SECONDS:
            return
        self._said[event.run_id] = now
        name = self._names[event.run_id]
        self._print(f"{name}: {event.share:4.0%} of budget, {_found(event)}, {event.seconds:.0f} s, ETA {_eta(event)}")

    def _print(self, line: str) -> None:
        self._console.print(line, highlight=False, soft_wrap=True)


def _found(event: Progress) -> str:
    error = "-" if event.error is None else f"{event.error:.3f}"
    return f"{event.trials} trials, best error {error}, hypervolume {event.hypervolume:.3f}"


def _eta(event: Progress) -> str:
    if not 0 < event.share < 1:
        return "-"
    return f"{event.seconds * (1 - event.share) / event.share:.0f} s"

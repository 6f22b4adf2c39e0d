"""The leaderboard as one static HTML file: no server, no network, and without JavaScript still plain tables."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from analysis import html
from leaderboard.entry import Entry, Seed
from leaderboard.published import Published
from leaderboard.view import INTRODUCTION, View, shown

WIDTH, HEIGHT, MARGIN = 280, 200, 34
"""Of a drawn front in pixels, and the room for its axes."""


@dataclass(frozen=True, slots=True)
class Front:
    """A seed's front in pixels: its members, and the line through them."""

    seed: int
    members: tuple[tuple[float, float], ...]

    @property
    def line(self) -> str:
        return " ".join(f"{x:g},{y:g}" for x, y in self.members)


def site(view: View, published: Sequence[Published] = ()) -> str:
    """The page. Everything that an entry says is escaped; a policy in it lets no script run but the page's own."""
    script = html.text("leaderboard", "page.js")
    boards = [section.board for section in view.sections]
    return (
        html.environment("leaderboard")
        .get_template("page.html.jinja")
        .render(
            introduction=INTRODUCTION,
            view=view,
            published=published,
            filters={name: sorted({getattr(board, name) for board in boards}) for name in ("task", "source", "budget")},
            fronts=fronts,
            shown=shown,
            frame=(WIDTH, HEIGHT, MARGIN),
            style=html.text("leaderboard", "page.css"),
            script=script,
            script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        )
    )


def fronts(entry: Entry) -> list[Front]:
    """Test error over size, both from 0 to 1; what lies beyond is drawn on the edge."""
    return [Front(seed.seed, _pixels(seed)) for seed in entry.seeds]


def _pixels(seed: Seed) -> tuple[tuple[float, float], ...]:
    width, height = WIDTH - 2 * MARGIN, HEIGHT - 2 * MARGIN
    return tuple(
        (round(MARGIN + min(point.size, 1) * width, 1), round(HEIGHT - MARGIN - min(point.test_error, 1) * height, 1))
        for point in sorted(seed.points, key=lambda point: (point.size, point.trial))
    )

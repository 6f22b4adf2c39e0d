"""How a method looks, the same in every table and figure: its place in the order, its colour, marker and line."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

UNPRUNED = "unpruned"
"""The network itself: black, first, and what the 95% and 90% lines of figures refer to."""

_METHODS = (
    UNPRUNED,
    "s_nas",
    "ws_nas",
    "head_pruning",
    "layer_dropping",
    "retraining_free_pruning",
    "two_phase_nas",
)
"""The methods that every comparison may hold come in this order and take the first colours; others follow by name."""

_OPTIONS = (
    ("standard", "random", "random_linear", "sandwich", "kd", "full"),
    ("small", "medium", "layer", "large"),
    ("random_search", "local_search", "mo_rea", "ehvi", "mo_asha", "nsga2"),
)
"""Strategies, spaces and search methods, where a figure is about them: the same for them, each group by itself."""

_SLOTS = {name: slot for slot, name in enumerate(_METHODS)} | {
    name: slot for names in _OPTIONS for slot, name in enumerate(names, 1)
}
"""Place in the order, and colour: black is the unpruned network's alone."""

COLOURS = (
    "#000000",
    "#0173b2",
    "#de8f05",
    "#029e73",
    "#cc78bc",
    "#d55e00",
    "#56b4e9",
    "#ca9161",
    "#949494",
    "#fbafe4",
    "#ece133",
)
"""Black, then seaborn's "colorblind" palette, its palest last (written out: seaborn takes a second to import)."""

_PALE = len(COLOURS) - 2
"""Where the colours begin that are too pale for a line."""

_MARKERS = "*osD^vP<>Xh"
_LINES = ("-", "--", "-.", ":")


@dataclass(frozen=True, slots=True)
class Appearance:
    colour: str
    marker: str
    line: str


def in_order(labels: Iterable[str]) -> list[str]:
    """Labels of methods, or of one group of options, in the order of tables and legends."""
    return sorted(labels, key=lambda label: (_SLOTS.get(label, len(_METHODS)), label))


def appearances(labels: Iterable[str]) -> dict[str, Appearance]:
    """The look of each label; no two are alike, as far as markers and lines last.

    The colour is its method's, whatever else there is: one of the suite's own has it to itself, others share two.
    Variants of a method, as in "ws_nas (strategy=kd)", and methods that share a colour differ in marker and line. These
    go by the label's hash, so they too stay as they are unless two labels of one colour want the same.
    """
    looks: dict[str, Appearance] = {}
    for label in in_order(labels):
        wanted = _choices(label)
        looks[label] = next((look for look in wanted if look not in looks.values()), wanted[0])
    return looks


def _choices(label: str) -> list[Appearance]:
    """The looks that a label may have, the first the one that it has wherever it can."""
    method = label.partition(" (")[0]
    slot = _SLOTS[method] if method in _SLOTS else len(_METHODS) + _hash(method) % (_PALE - len(_METHODS))
    own = Appearance(COLOURS[slot], _MARKERS[slot], _LINES[0])
    if label in _SLOTS:
        return [own]
    every = [Appearance(own.colour, marker, line) for line in _LINES for marker in _MARKERS]
    others = [look for look in every if look != own or method not in _SLOTS]
    first = _hash(label) % len(others)
    return others[first:] + others[:first]


def _hash(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")

"""What two JSON values differ in, leaf by leaf."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

NOTHING = "nothing"
"""Stands for a value or row that one of two has not."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A value that two rows do not share.

    Attributes:
        where: the row, as in "header" or "trial 3".
        name: dotted, of the value in the row; empty where one of two files lacks the row.
        values: of both, as JSON; "nothing" where there is none.
    """

    where: str
    name: str
    values: tuple[str, str]

    @property
    def lacking(self) -> int | None:
        """Which of two files ends before this row: 0 or 1; None where both have it."""
        return self.values.index(NOTHING) if not self.name and NOTHING in self.values else None

    def __str__(self) -> str:
        return f"{self.where}{', ' if self.name else ''}{self.name}: {self.values[0]} against {self.values[1]}"


def differences(where: str, a: Any, b: Any, name: str = "", *, tolerance: float = 0.0) -> Iterator[Difference]:
    """The leaves in which two JSON values differ; 1, 1.0 and true are three things, unless a tolerance is given."""
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        for key in {**a, **b}:
            inner = f"{name}.{key}" if name else str(key)
            if key in a and key in b:
                yield from differences(where, a[key], b[key], inner, tolerance=tolerance)
            else:
                yield Difference(where, inner, (_text(a, key), _text(b, key)))
    elif not (_is_number(a) and _is_number(b) and tolerance and abs(a - b) <= tolerance):
        texts = json.dumps(a), json.dumps(b)
        if texts[0] != texts[1]:
            yield Difference(where, name, texts)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _text(mapping: Mapping[str, Any], key: str) -> str:
    return json.dumps(mapping[key]) if key in mapping else NOTHING

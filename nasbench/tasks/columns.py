"""Columns of a data set's rows, checked: what is wrong is told in a sentence with the column, the row and the value."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import datasets
import numpy as np

from nasbench.errors import InputError

UNLABELLED = -1
"""What stands in place of a label in the test sets of the hub whose labels are not public."""


def texts(rows: datasets.Dataset, column: str) -> list[str]:
    """A column of text.

    Raises:
        InputError: a value that is no text.
    """
    values = rows[column][:]
    odd = next((i for i, value in enumerate(values) if not isinstance(value, str)), None)
    if odd is not None:
        raise InputError(f"column {column} must hold text, but row {odd} has {values[odd]!r}")
    return values


def classes(rows: datasets.Dataset, column: str, names: Sequence[str]) -> list[int]:
    """A column of numbers of classes, or of choices, with these names.

    Raises:
        InputError: a value that is no integer, or none of theirs.
    """
    values = rows[column][:]
    odd = [value for value in values if not isinstance(value, int) or isinstance(value, bool)]
    if odd:
        raise InputError(f"column {column} must hold integers from 0 to {len(names) - 1}, not {odd[0]!r}")
    outside = [i for i, value in enumerate(values) if not 0 <= value < len(names)]
    _check_within(column, values, outside, f"0 to {len(names) - 1} ({', '.join(names)})")
    return values


def check_names(rows: datasets.Dataset, column: str, names: Sequence[str]) -> None:
    """Where the data itself names its classes, they must be these, in this order.

    Raises:
        InputError: they are not.
    """
    feature = rows.features[column]
    if isinstance(feature, datasets.ClassLabel) and list(feature.names) != list(names):
        raise InputError(
            f"column {column} has the classes {', '.join(feature.names)}, where task.labels has {', '.join(names)}: "
            "they must be the same, in the same order"
        )


def numbers(rows: datasets.Dataset, column: str, lowest: float, highest: float) -> list[float]:
    """A column of numbers within a range, to single precision: the same from every file format.

    Raises:
        InputError: a value that is no number, or outside of the range.
    """
    values = rows[column][:]
    odd = [v for v in values if not isinstance(v, int | float) or isinstance(v, bool) or math.isnan(v)]
    if odd:
        raise InputError(f"column {column} must hold numbers from {lowest:g} to {highest:g}, not {odd[0]!r}")
    outside = [i for i, value in enumerate(values) if not lowest <= value <= highest]
    _check_within(column, values, outside, f"{lowest:g} to {highest:g}")
    return [float(np.float32(value)) for value in values]


def _check_within(column: str, values: Sequence[Any], outside: Sequence[int], wanted: str) -> None:
    if not outside:
        return
    first = values[outside[0]]
    hint = ", which on the hub marks a test set without labels" if first == UNLABELLED else ""
    raise InputError(
        f"column {column} must be from {wanted}, but {len(outside)} of {len(values)} rows are not: row {outside[0]} "
        f"has {first}{hint}"
    )

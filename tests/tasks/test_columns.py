from __future__ import annotations

import math
from typing import Any

import datasets
import pytest

from nasbench.errors import InputError
from nasbench.tasks import columns


def rows(values: list[Any]) -> datasets.Dataset:
    return datasets.Dataset.from_dict({"x": values})


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([0, 2, 3], r"column x must be from 0 to 2 \(a, b, c\), but 1 of 3 rows are not: row 2 has 3$"),
        ([-1, -1, 0], "2 of 3 rows are not: row 0 has -1, which on the hub marks a test set without labels"),
        ([1, None, 0], "column x must hold integers from 0 to 2, not None"),
        ([1.0, 0.0], "column x must hold integers from 0 to 2, not 1.0"),
        (["a", "b"], "column x must hold integers from 0 to 2, not 'a'"),
        ([True, False], "column x must hold integers from 0 to 2, not True"),
    ],
)
def test_what_is_no_class_is_told(values, message):
    with pytest.raises(InputError, match=message) as caught:
        columns.classes(rows(values), "x", ["a", "b", "c"])
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([0.0, 5.5], "column x must be from 0 to 5, but 1 of 2 rows are not: row 1 has 5.5"),
        ([-1.0, 2.0], "row 0 has -1.0, which on the hub marks a test set without labels"),
        ([1.0, None], "column x must hold numbers from 0 to 5, not None"),
        ([1.0, math.nan], "column x must hold numbers from 0 to 5, not nan"),
        (["1.0"], "column x must hold numbers from 0 to 5, not '1.0'"),
        ([True], "column x must hold numbers from 0 to 5, not True"),
        ([math.inf], "row 0 has inf"),
    ],
)
def test_what_is_no_number_within_the_range_is_told(values, message):
    with pytest.raises(InputError, match=message):
        columns.numbers(rows(values), "x", 0.0, 5.0)


def test_values_are_as_given():
    assert columns.classes(rows([2, 0, 1]), "x", ["a", "b", "c"]) == [2, 0, 1]
    assert columns.texts(rows(["a", ""]), "x") == ["a", ""]
    assert columns.numbers(rows([0, 5, 3]), "x", 0.0, 5.0) == [0.0, 5.0, 3.0]


def test_a_number_is_the_same_from_files_of_single_and_of_double_precision():
    single = rows([3.8]).cast_column("x", datasets.Value("float32"))
    assert columns.numbers(single, "x", 0.0, 5.0) == columns.numbers(rows([3.8]), "x", 0.0, 5.0)


def test_what_is_no_text_is_told():
    with pytest.raises(InputError, match="column x must hold text, but row 1 has None"):
        columns.texts(rows(["a", None]), "x")


def test_names_that_data_has_for_its_classes_must_be_the_tasks():
    named = rows([0, 1]).cast_column("x", datasets.ClassLabel(names=["no", "yes"]))
    columns.check_names(named, "x", ["no", "yes"])
    columns.check_names(rows([0, 1]), "x", ["yes", "no"])
    with pytest.raises(InputError, match=r"has the classes no, yes, where task\.labels has yes, no"):
        columns.check_names(named, "x", ["yes", "no"])

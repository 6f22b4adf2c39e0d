"""build and canonical: types, ranges, nesting, and one sentence for each kind of mistake."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import pytest

from nasbench.config import build, canonical, identity
from nasbench.errors import InputError
from nasbench.models.checkpoint import LocalCheckpoint


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True, kw_only=True)
class Part:
    size: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Whole:
    count: int
    colour: Colour = Colour.RED
    limit: int | None = None
    names: list[str] = field(default_factory=list)
    part: Any = field(default_factory=Part)

    def __post_init__(self) -> None:
        if self.count < 0:
            raise InputError(f"count must not be negative, it is {self.count}")


WHOLE, PART = f"{__name__}.Whole", f"{__name__}.Part"


def test_nested_nodes_become_typed_objects() -> None:
    node = {"_target_": WHOLE, "count": "3", "colour": "blue", "names": ["a"], "part": {"_target_": PART, "size": 2}}
    assert build(node, "x") == Whole(count=3, colour=Colour.BLUE, names=["a"], part=Part(size=2.0))


def test_canonical_form_is_one_for_equal_objects_and_builds_them_again() -> None:
    terse = build({"_target_": WHOLE, "count": 3, "part": {"_target_": PART, "size": 1}}, "x")
    full = build({"_target_": WHOLE, "count": 3, "colour": "red", "limit": None}, "x")
    assert canonical(terse) == canonical(full)
    assert build(canonical(terse), "x") == terse
    assert canonical(terse)["colour"] == "red"


@pytest.mark.parametrize(
    ("node", "message"),
    [
        ({"_target_": WHOLE, "count": 1, "color": "red"}, r"x\.color is not a setting of Whole; did you mean colour\?"),
        ({"_target_": WHOLE}, r"x\.count is missing"),
        ({"_target_": WHOLE, "count": "???"}, r"x\.count is missing"),
        ({"_target_": WHOLE, "count": "many"}, r"x\.count cannot be 'many'.*Integer"),
        ({"_target_": WHOLE, "count": 1, "colour": "green"}, r"x\.colour must be one of red, blue, not 'green'"),
        ({"_target_": WHOLE, "count": -1}, "count must not be negative, it is -1"),
        ({"_target_": WHOLE, "count": 1, "part": {"_target_": PART, "size": "big"}}, r"x\.part\.size cannot be 'big'"),
        ({"_target_": f"{__name__}.Missing"}, r"x\._target_ names .*Missing, which cannot be imported"),
        ({"_target_": "os.path.join"}, r"x\._target_ names os\.path\.join, which is no dataclass"),
    ],
)
def test_a_mistake_is_one_sentence_with_the_full_name(node: dict, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        build(node, "x")
    assert "\n" not in str(caught.value)


def test_places_of_files_are_built_with_but_are_no_part_of_an_identity() -> None:
    here, there = LocalCheckpoint(path="a/b"), LocalCheckpoint(path="c/d")
    assert build(canonical(here), "model") == here
    assert identity(here) == identity(there)
    assert canonical(here) != canonical(there)


def test_an_option_at_its_default_is_no_part_of_an_identity() -> None:
    assert identity(Whole(count=1)) == {"_target_": WHOLE, "count": 1}
    assert identity(Whole(count=1, colour=Colour.BLUE)) == {"_target_": WHOLE, "count": 1, "colour": "blue"}
    assert identity(Whole(count=1, part=Part(size=2.0)))["part"] == {"_target_": PART, "size": 2.0}

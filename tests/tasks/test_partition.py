from __future__ import annotations

import re

import pytest

from nasbench.errors import InputError
from nasbench.tasks.base import Limits
from nasbench.tasks.partition import Holdout, fingerprint, sizes_note

HOLDOUT = Holdout(seed=128, share=0.3)
SPLITS = {"train": [["a", 0], ["b", 1]], "validation": [["c", 0]], "test": [["d", 1]]}


def test_training_and_validation_divide_the_examples_70_to_30():
    train, validation, test = HOLDOUT.partition(1000, 50, Limits())
    assert sorted([*train, *validation]) == list(range(1000))
    assert len(validation) == 300
    assert test.tolist() == list(range(50))


def test_the_division_has_a_seed_of_its_own():
    def validation(seed: int) -> list[int]:
        return Holdout(seed=seed, share=0.3).partition(100, 5, Limits())[1].tolist()

    assert validation(1) == validation(1) != validation(2)


def test_smaller_limits_draw_from_the_same_sides_and_from_what_larger_limits_draw():
    full = HOLDOUT.partition(1000, 400, Limits())
    large = HOLDOUT.partition(1000, 400, Limits(train=200, validation=100, test=80))
    small = HOLDOUT.partition(1000, 400, Limits(train=50, validation=20, test=10))
    assert [len(side) for side in small] == [50, 20, 10]
    for s, m, f in zip(small, large, full, strict=True):
        assert set(s) < set(m) < set(f)


def test_a_subset_is_not_the_beginning_of_the_data():
    """IMDB is sorted by label."""
    train, _, test = HOLDOUT.partition(1000, 1000, Limits(train=50, test=50))
    assert train.max() > 700
    assert test.max() > 700


@pytest.mark.parametrize("examples", [0, 1])
def test_too_few_examples_to_divide_are_refused(examples):
    with pytest.raises(InputError, match=f"{examples} examples are too few to hold out 30%"):
        HOLDOUT.divide(examples)


@pytest.mark.parametrize("share", [0.0, 1.0, -0.1])
def test_a_share_outside_0_to_1_is_refused(share):
    with pytest.raises(InputError, match=re.escape(f"task.validation_share must be between 0 and 1, not {share}")):
        Holdout(seed=0, share=share)


@pytest.mark.parametrize(
    "changed",
    [
        {**SPLITS, "train": [["a", 0], ["b", 0]]},
        {**SPLITS, "train": [["a", 0], ["B", 1]]},
        {**SPLITS, "train": [["b", 1], ["a", 0]]},
        {**SPLITS, "test": []},
        {**SPLITS, "validation": [["c", 0], ["d", 1]], "test": []},
    ],
)
def test_the_fingerprint_changes_with_any_text_label_or_place(changed):
    assert fingerprint(changed, {"max_length": 8}) != fingerprint(SPLITS, {"max_length": 8})


def test_the_fingerprint_changes_with_settings_and_with_nothing_else():
    assert fingerprint(SPLITS, {"a": 1, "b": 2}) == fingerprint(dict(SPLITS), {"b": 2, "a": 1})
    assert fingerprint(SPLITS, {"a": 1}) != fingerprint(SPLITS, {"a": 2})
    assert re.fullmatch("[0-9a-f]{64}", fingerprint(SPLITS, {}))


def test_the_note_counts_each_split():
    splits = {"train": range(1024), "validation": range(2), "test": range(3)}
    assert sizes_note(splits, "cats") == "1,024 training, 2 validation and 3 test cats"

"""Multiple choice: SWAG and data in its columns."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nasbench.errors import InputError
from nasbench.records import Head
from nasbench.tasks.base import Limits, Source
from nasbench.tasks.swag import MultipleChoice
from tests.tasks.conftest import Rows, Write

ENDINGS = ("ending0", "ending1", "ending2", "ending3")


def rows(n: int) -> Rows:
    return {
        "sent1": [f"The dog sees {i} cats." for i in range(n)],
        "sent2": ["It"] * n,
        **{name: [f"barks {i} times at cat {choice}." for i in range(n)] for choice, name in enumerate(ENDINGS)},
        "label": [i % 4 for i in range(n)],
    }


def local(folder: Any, **settings: Any) -> MultipleChoice:
    return MultipleChoice(**{"name": "swag", "source": Source.LOCAL, "folder": str(folder), **settings})


@pytest.fixture
def folder(tmp_path, write: Write):
    write(tmp_path / "train.parquet", rows(20))
    write(tmp_path / "validation.parquet", rows(8))
    return tmp_path


def test_a_choice_is_read_after_the_context_and_the_opening(folder, bert):
    batch = local(folder).load(bert, Limits()).test.batch([5])
    assert batch["input_ids"].shape[:2] == (1, 4)
    for choice, (ids, types) in enumerate(zip(batch["input_ids"][0], batch["token_type_ids"][0], strict=True)):
        assert bert.decode(ids) == f"[CLS] the dog sees 5 cats. [SEP] it barks 5 times at cat {choice}. [SEP]"
        assert types.sum() == len(bert.tokenize(f"it barks 5 times at cat {choice}.")) + 1
    assert batch["labels"].tolist() == [1]


def test_choices_are_encoded_as_transformers_own_example_does(nasbench_data, families):
    """run_swag: the first sentence once a choice, the header and an ending joined by a space, cut in pairs."""
    for name, tokenizer in families.items():
        task = MultipleChoice(name="codah", source=Source.LOCAL, folder=str(nasbench_data / "codah"), max_length=24)
        split = task.load(tokenizer, Limits(train=4, validation=4, test=20)).test
        (official,) = task.origin.read(["validation"], ["sent1", "sent2", *ENDINGS, "label"])
        _, _, chosen = task.holdout.partition(100, len(official), Limits(test=20))
        for item, index in enumerate(chosen):
            row = official[int(index)]
            expected = tokenizer(
                [row["sent1"]] * 4,
                [f"{row['sent2']} {row[ending]}" for ending in ENDINGS],
                truncation=True,
                max_length=24,
                padding=True,
            )
            assert split.batch([item])["input_ids"][0].tolist() == expected["input_ids"], name
            assert int(split.batch([item])["labels"]) == row["label"]


def test_lengths_and_sizes_count_choices(folder, bert):
    task = local(folder)
    data = task.load(bert, Limits(train=6, validation=3, test=5))
    assert (len(data.train), len(data.validation), len(data.test)) == (6, 3, 5)
    assert data.train.lengths.shape == (6, 4)
    assert (data.head, data.num_labels, data.metric) == (Head.MULTIPLE_CHOICE, 4, "accuracy")
    assert (task.head, task.num_labels, task.metric) == (data.head, data.num_labels, data.metric)


def test_accuracy_is_of_the_largest_logit(folder, bert):
    split = local(folder).load(bert, Limits()).test
    right = [np.eye(4, dtype=np.float32)[label] for label in split.targets["labels"]]
    assert split.scores(right) == {"accuracy": 1.0}
    assert split.scores([-right[0], *right[1:]]) == pytest.approx({"accuracy": 7 / 8})


def test_the_real_swag_is_divided_70_to_30(nasbench_data, bert):
    data = local(nasbench_data / "swag").load(bert, Limits())
    assert (len(data.train), len(data.validation), len(data.test)) == (280, 120, 100)


def test_two_choices_are_enough_and_make_another_task(folder, bert, write: Write):
    write(folder / "train.parquet", {**rows(20), "label": [i % 2 for i in range(20)]})
    write(folder / "validation.parquet", {**rows(8), "label": [i % 2 for i in range(8)]})
    two = local(folder, choice_columns=("ending0", "ending1")).load(bert, Limits())
    assert two.num_labels == 2
    assert two.train.lengths.shape[1] == 2
    assert two.fingerprint != local(folder).load(bert, Limits()).fingerprint


def without(column: str) -> Rows:
    return {name: values for name, values in rows(20).items() if name != column}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (without("ending2"), r"has no column ending2: the task needs sent1, sent2, ending0, .* there are sent1, sent2"),
        (without("sent2"), "has no column sent2"),
        ({**rows(20), "label": [-1] * 20}, "row 0 has -1, which on the hub marks a test set without labels"),
        ({**rows(20), "label": [4] * 20}, r"must be from 0 to 3 \(ending0, ending1, ending2, ending3\)"),
        ({**rows(20), "label": [1.0] * 20}, "column label must hold integers from 0 to 3, not 1.0"),
        ({**rows(20), "ending1": [None] + ["x"] * 19}, "column ending1 must hold text, but row 0 has None"),
    ],
)
def test_rows_that_do_not_fit_are_told(folder, write: Write, bert, data, message):
    write(folder / "train.parquet", data)
    with pytest.raises(InputError, match=message) as caught:
        local(folder).load(bert, Limits())
    assert "\n" not in str(caught.value)


def test_one_choice_is_none(tmp_path):
    with pytest.raises(InputError, match=r"task\.choice_columns must name at least two columns, not 1"):
        local(tmp_path, choice_columns=("ending0",))

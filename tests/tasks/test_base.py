from __future__ import annotations

import numpy as np
import pytest

from nasbench.errors import InputError
from nasbench.tasks.base import Limits, Split, Tokens

LENGTHS = np.array([3, 1, 4, 2, 5, 3])
SEQUENCES = [np.arange(length) + 10 * (i + 1) for i, length in enumerate(LENGTHS)]


def split(choices: int = 1) -> Split:
    """Sequence i has the values 10 (i + 1), 10 (i + 1) + 1, ...; padding is 7."""
    tokens = Tokens(columns={"input_ids": np.concatenate(SEQUENCES)}, padding={"input_ids": 7}, lengths=LENGTHS)
    n = len(LENGTHS) // choices
    return Split(
        tokens=tokens,
        targets={"labels": np.arange(n)},
        examples=n,
        choices=choices,
        scorer=lambda outputs: {"sum": float(np.concatenate(outputs).sum())},
    )


def long_split(n: int) -> Split:
    lengths = np.random.default_rng(0).integers(1, 60, n)
    tokens = Tokens(columns={"input_ids": np.arange(lengths.sum())}, padding={"input_ids": 0}, lengths=lengths)
    return Split(tokens=tokens, targets={"labels": np.arange(n)}, examples=n, scorer=lambda outputs: {})


def test_a_batch_is_padded_to_its_longest_sequence():
    batch = split().batch([1, 0, 3])
    assert batch["input_ids"].tolist() == [[20, 7, 7], [10, 11, 12], [40, 41, 7]]
    assert batch["attention_mask"].tolist() == [[1, 0, 0], [1, 1, 1], [1, 1, 0]]
    assert batch["labels"].tolist() == [1, 0, 3]


def test_choices_of_an_item_are_a_dimension_of_the_batch():
    items = split(choices=2)
    assert len(items) == 3
    assert items.lengths.tolist() == [[3, 1], [4, 2], [5, 3]]
    assert items.batch([2, 0])["input_ids"].tolist() == [
        [[50, 51, 52, 53, 54], [60, 61, 62, 7, 7]],
        [[10, 11, 12, 7, 7], [20, 7, 7, 7, 7]],
    ]


def test_evaluation_batches_hold_every_item_once_longest_first():
    assert [batch.tolist() for batch in split().batches(4)] == [[4, 2, 0, 5], [3, 1]]


@pytest.mark.parametrize("n", [1, 16, 17, 1000])
def test_an_epoch_holds_every_item_once_in_as_many_batches_as_training_counts(n):
    batches = long_split(n).shuffled_batches(16, np.random.default_rng(1))
    assert sorted(np.concatenate(batches).tolist()) == list(range(n))
    assert len(batches) == -(-n // 16)


def test_an_epoch_depends_on_its_stream_alone():
    def epoch(seed: int) -> list[list[int]]:
        return [batch.tolist() for batch in long_split(200).shuffled_batches(16, np.random.default_rng(seed))]

    before = np.random.get_state(legacy=False)["state"]["key"].copy()
    assert epoch(3) == epoch(3) != epoch(4)
    assert (np.random.get_state(legacy=False)["state"]["key"] == before).all()


def test_shuffled_batches_pad_much_less_than_plain_shuffling():
    items = long_split(1000)
    longest = items.lengths[:, 0]

    def padded(batches: list[np.ndarray]) -> int:
        return sum(int(longest[batch].max()) * len(batch) for batch in batches)

    plain = np.random.default_rng(0).permutation(1000)
    bucketed = padded(items.shuffled_batches(16, np.random.default_rng(0)))
    assert bucketed < 1.15 * longest.sum() < padded([plain[i : i + 16] for i in range(0, 1000, 16)])


def test_shuffled_batches_are_not_in_order_of_length():
    longest = [
        int(long_split(1000).lengths[batch].max())
        for batch in long_split(1000).shuffled_batches(16, np.random.default_rng(0))
    ]
    assert longest != sorted(longest)
    assert longest != sorted(longest, reverse=True)


def test_scores_need_one_output_an_item():
    with pytest.raises(ValueError, match="5 outputs for 6 items"):
        split().scores([np.zeros(1, np.float32)] * 5)
    assert split().scores([np.ones(1, np.float32)] * 6) == {"sum": 6.0}


@pytest.mark.parametrize("name", ["train", "validation", "test"])
def test_limits_below_one_are_refused(name):
    with pytest.raises(InputError, match=rf"limits\.{name}.* not 0"):
        Limits(**{name: 0})

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from sklearn.preprocessing import QuantileTransformer

from analysis.normalisation import Problem, QuantileTransform, transforms
from nasbench.results import read_run
from tests.analysis.runs import write_run

SHAPES = st.tuples(st.sampled_from([2, 3, 5, 9, 17, 33]), st.integers(1, 3))
"""For 2 ** k + 1 points scikit-learn's quantiles are binary fractions, and hit the observed values exactly."""
POINTS = npst.arrays(np.float64, SHAPES, elements=st.integers(0, 9))


def test_ranks_become_shares_and_ties_their_mean() -> None:
    transform = QuantileTransform.fit([[5.0, 1.0], [1.0, 1.0], [3.0, 2.0], [3.0, 4.0], [9.0, 4.0]])
    # ranks 4, 1, 2.5, 2.5, 5 of five; of the second the two smallest and the two largest tie
    expected = [[0.75, 0.0], [0.0, 0.0], [0.375, 0.5], [0.375, 1.0], [1.0, 1.0]]
    np.testing.assert_allclose(transform([[5, 1], [1, 1], [3, 2], [3, 4], [9, 4]]), expected)
    assert transform.reference == [2.0, 2.0]


def test_what_was_not_observed_lies_between_and_not_beyond() -> None:
    transform = QuantileTransform.fit([[0.0], [1.0], [3.0]])
    np.testing.assert_allclose(transform([[-1.0], [0.5], [2.0], [7.0]])[:, 0], [0.0, 0.25, 0.75, 1.0])


@given(POINTS)
def test_observed_values_become_what_scikit_learn_makes_of_them(points: np.ndarray) -> None:
    assume((np.ptp(points, axis=0) > 0).all())
    reference = QuantileTransformer(n_quantiles=len(points), subsample=None).fit(points)
    np.testing.assert_allclose(QuantileTransform.fit(points)(points), reference.transform(points), atol=1e-6)


def test_values_without_ties_become_what_scikit_learn_makes_of_them_between_and_beyond_too() -> None:
    stream = np.random.default_rng(0)
    points, asked = stream.random((50, 2)), stream.uniform(-0.5, 1.5, size=(200, 2))
    reference = QuantileTransformer(n_quantiles=50, subsample=None).fit(points)
    np.testing.assert_allclose(QuantileTransform.fit(points)(asked), reference.transform(asked), atol=1e-6)


def test_a_constant_objective_is_zero() -> None:
    assert QuantileTransform.fit([[0.4], [0.4]])([[0.4]]).tolist() == [[0.0]]


def test_a_stored_transform_is_the_same_one() -> None:
    values = [*np.random.default_rng(0).random(20), 5e-324, 1e-7, 1 / 3, 1e16, 1e22, 1.7e308]
    transform = QuantileTransform.fit(np.stack([values, values[::-1]], axis=1))
    assert QuantileTransform.from_json(transform.to_json()) == transform
    stored = json.loads(transform.to_json())
    assert [tuple(each) for each in stored["values"]] == list(transform.values)
    assert [tuple(each) for each in stored["quantiles"]] == list(transform.quantiles)


@pytest.mark.parametrize("points", [np.empty((0, 2)), [0.1, 0.2], [[0.1, float("nan")]]])
def test_no_points_or_no_numbers_are_refused(points: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"points \[n, objectives\]|finite"):
        QuantileTransform.fit(points)


def test_points_of_other_objectives_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\[n, 1\]"):
        QuantileTransform.fit([[0.1], [0.2]])([[0.1, 0.2]])


def test_values_are_pooled_over_methods_and_seeds_of_a_problem_alone(tmp_path: Path) -> None:
    paths = [
        write_run(tmp_path, "s_nas", [(0.1, 1.0), None], {}),
        write_run(tmp_path, "ws_nas", [(0.2, 0.5)], {}, seed=1),
        write_run(tmp_path, "ws_nas", [(0.9, 0.1), (0.8, 0.2)], {}, model="bert", name="bert.jsonl"),
        write_run(tmp_path, "ws_nas", [None], {}, task="bbc_topics", name="topics.jsonl"),
    ]
    found = transforms(map(read_run, paths))
    assert {(p.task, p.model): t.values for p, t in found.items()} == {
        ("bbc_cloze", "minilm"): ((0.1, 0.2), (0.5, 1.0)),
        ("bbc_cloze", "bert"): ((0.8, 0.9), (0.1, 0.2)),
    }


def test_other_data_are_another_problem(tmp_path: Path) -> None:
    one = read_run(write_run(tmp_path, "s_nas", [(0.1, 1.0)], {}))
    prints = {"data": "e" * 64, "checkpoint": "c" * 64}
    other = read_run(write_run(tmp_path, "s_nas", [(0.1, 1.0)], {}, fingerprints=prints))
    assert Problem.of(one.header) != Problem.of(other.header)

"""Expected values are worked out by hand from SQuAD's official evaluation script, version 1.1, and from definitions."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from nasbench.tasks.metrics import (
    ClassificationMetric,
    classification_score,
    exact_match,
    normalise_answer,
    regression_scores,
    squad_scores,
    squad_v2_scores,
    token_f1,
    token_f1_v2,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The Cat", "cat"),
        ("An  apple\ta day.", "apple day"),
        ("theatre and another", "theatre and another"),
        ("U.S.A.", "usa"),
        ("a-b", "ab"),
        ("24–10", "24–10"),  # only ASCII punctuation goes
        ("(the)", ""),
        ("Saint Bernadette's", "saint bernadettes"),
    ],
)
def test_answers_are_normalised_as_squad_does(text, expected):
    assert normalise_answer(text) == expected


@pytest.mark.parametrize(
    ("prediction", "answer", "f1"),
    [
        ("the Denver Broncos", "Denver Broncos", 1.0),
        ("Denver", "Denver Broncos", 2 / 3),
        ("x x y", "x y y", 2 / 3),  # two shared words of three: x and y once each
        ("x x", "x", 2 / 3),
        ("red", "blue", 0.0),
        ("", "blue", 0.0),
        ("the", "a", 0.0),  # version 1.1 gives empty texts no F1
    ],
)
def test_f1_counts_shared_words(prediction, answer, f1):
    assert token_f1(prediction, answer) == pytest.approx(f1)
    assert token_f1(answer, prediction) == pytest.approx(f1)


def test_texts_that_normalise_to_nothing_match_exactly():
    assert exact_match("the", "a") == 1.0


def test_a_question_is_scored_against_its_best_answer():
    predictions = ["the cat", "dog", "fish"]
    answers = [["dog", "Cat!"], ["big dog", "cat dog bird"], ["bird"]]
    assert squad_scores(predictions, answers) == pytest.approx({"exact_match": 1 / 3, "f1": (1 + 2 / 3 + 0) / 3})


def test_squad_scores_equal_torchmetrics():
    text = pytest.importorskip("torchmetrics.text", reason="torchmetrics is not installed")
    rng = np.random.default_rng(0)
    words = ["the", "cat", "Dog.", "a", "fish,", "bird"]
    predictions = [" ".join(rng.choice(words, 3)) + " x" for _ in range(50)]
    answers = [[" ".join(rng.choice(words, 3)) + " y" for _ in range(3)] for _ in range(50)]
    expected = text.SQuAD()(
        [{"prediction_text": p, "id": str(i)} for i, p in enumerate(predictions)],
        [{"answers": {"answer_start": [0] * 3, "text": a}, "id": str(i)} for i, a in enumerate(answers)],
    )
    got = squad_scores(predictions, answers)
    assert 100 * got["f1"] == pytest.approx(float(expected["f1"]), abs=1e-3)
    assert 100 * got["exact_match"] == pytest.approx(float(expected["exact_match"]), abs=1e-3)


def test_classification_metrics_equal_their_definitions():
    labels, predicted = np.array([1, 1, 1, 0, 0, 0, 0, 0]), np.array([1, 1, 0, 1, 0, 0, 0, 0])
    tp, fp, fn, tn = 2, 1, 1, 4
    assert classification_score(ClassificationMetric.ACCURACY, predicted, labels) == pytest.approx((tp + tn) / 8)
    assert classification_score(ClassificationMetric.F1, predicted, labels) == pytest.approx(
        2 * tp / (2 * tp + fp + fn)
    )
    assert classification_score(ClassificationMetric.MATTHEWS, predicted, labels) == pytest.approx(
        (tp * tn - fp * fn) / ((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)) ** 0.5
    )


@pytest.mark.parametrize("metric", [ClassificationMetric.F1, ClassificationMetric.MATTHEWS])
def test_a_constant_prediction_scores_zero_without_a_warning(metric):
    assert classification_score(metric, np.zeros(4, dtype=int), np.array([0, 1, 1, 0])) == 0.0


def test_correlations_by_hand():
    """Ranks 1, 2, 4, 3, so Spearman 1 - 6 (1 + 1) / (4 (16 - 1)); Pearson from sums of products about the means."""
    predicted, values = np.array([1, 2, 9, 4], np.float32), np.array([0, 1, 2, 3], np.float32)
    about_means = (-3 * -1.5) + (-2 * -0.5) + (5 * 0.5) + (0 * 1.5)
    expected = {"spearman": 1 - 6 * 2 / 60, "pearson": about_means / (38 * 5) ** 0.5}
    assert regression_scores(predicted, values) == pytest.approx(expected)
    assert regression_scores(-predicted, values) == pytest.approx({name: -value for name, value in expected.items()})


def test_correlations_with_ties_equal_scipys():
    rng = np.random.default_rng(0)
    predicted, values = rng.normal(size=50).round(1).astype(np.float32), rng.integers(0, 6, 50).astype(np.float32)
    found = regression_scores(predicted, values)
    assert found["spearman"] == pytest.approx(stats.pearsonr(stats.rankdata(predicted), stats.rankdata(values))[0])
    assert found["pearson"] == pytest.approx(float(np.corrcoef(predicted, values)[0, 1]))


@pytest.mark.parametrize("constant", [np.full(4, 2.7), np.zeros(4)])
def test_a_constant_has_no_correlation_and_scores_zero_without_a_warning(constant):
    varied = np.array([0, 1, 2, 3], np.float32)
    nothing = {"spearman": 0.0, "pearson": 0.0}
    assert regression_scores(constant.astype(np.float32), varied) == nothing
    assert regression_scores(varied, constant.astype(np.float32)) == nothing
    assert regression_scores(varied[:1], varied[:1]) == nothing


@pytest.mark.parametrize(
    ("prediction", "answer", "f1"),
    [("", "", 1.0), ("the", "", 1.0), ("", "cat", 0.0), ("cat", "", 0.0), ("cat dog", "the cat", 2 / 3)],
)
def test_f1_of_version_2_is_1_where_both_say_nothing(prediction, answer, f1):
    assert token_f1_v2(prediction, answer) == pytest.approx(f1)


def test_scores_of_version_2_tell_questions_with_an_answer_from_those_without():
    """Answerable: one half right, one missed. Unanswerable: one told, one answered."""
    predictions = ["big cat", "", "", "cat"]
    answers = [["The cat", "dog"], ["fish"], [], []]
    assert squad_v2_scores(predictions, answers) == pytest.approx(
        {
            "f1": (2 / 3 + 0 + 1 + 0) / 4,
            "exact_match": 1 / 4,
            "has_answer_f1": 1 / 3,
            "has_answer_exact_match": 0,
            "no_answer_f1": 1 / 2,
            "no_answer_exact_match": 1 / 2,
        }
    )


def test_scores_of_version_2_leave_out_a_group_without_questions():
    assert squad_v2_scores(["cat"], [["cat"]]).keys() == {
        "f1",
        "exact_match",
        "has_answer_f1",
        "has_answer_exact_match",
    }
    assert squad_v2_scores(["cat"], [[]]) == {
        "f1": 0.0,
        "exact_match": 0.0,
        "no_answer_f1": 0.0,
        "no_answer_exact_match": 0.0,
    }


def test_an_answer_of_version_2_that_says_nothing_is_passed_over():
    assert squad_v2_scores([""], [["the", "cat"]])["f1"] == 0.0
    assert squad_v2_scores([""], [["the"]])["f1"] == 1.0

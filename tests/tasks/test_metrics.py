"""Expected values are worked out by hand from SQuAD's official evaluation script, version 1.1, and from definitions."""

from __future__ import annotations

import numpy as np
import pytest

from nasbench.tasks.metrics import (
    ClassificationMetric,
    classification_score,
    exact_match,
    normalise_answer,
    squad_scores,
    token_f1,
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

"""Metrics of tasks: all in the unit of shares, 1 the best."""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Callable, Sequence
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_PUNCTUATION = str.maketrans("", "", string.punctuation)


class ClassificationMetric(StrEnum):
    """What GLUE reports of a classification task."""

    ACCURACY = "accuracy"
    F1 = "f1"  # of class 1 of two
    MATTHEWS = "matthews"  # correlation, in [-1, 1]


def classification_score(
    metric: ClassificationMetric, predicted: NDArray[np.int64], labels: NDArray[np.int64]
) -> float:
    """A metric of predicted classes [n] against labels [n]; a correlation with a constant is 0."""
    # Here, because question answering must not pay for the import.
    from sklearn.metrics import accuracy_score, f1_score, matthews_corrcoef

    match metric:
        case ClassificationMetric.ACCURACY:
            return float(accuracy_score(labels, predicted))
        case ClassificationMetric.F1:
            return float(f1_score(labels, predicted, zero_division=0.0))
        case ClassificationMetric.MATTHEWS:
            return float(matthews_corrcoef(labels, predicted))


class RegressionMetric(StrEnum):
    """What GLUE reports of a regression task: correlations, in [-1, 1]."""

    SPEARMAN = "spearman"  # of ranks
    PEARSON = "pearson"


def regression_scores(predicted: NDArray[np.float32], values: NDArray[np.float32]) -> dict[str, float]:
    """Both correlations of predictions [n] with values [n]; 0 where there is none, as with a constant."""
    # Here, because question answering must not pay for the import.
    from scipy.stats import pearsonr, spearmanr

    x, y = predicted.astype(np.float64), values.astype(np.float64)
    varied = np.ptp(x) > 0 and np.ptp(y) > 0
    return {
        str(RegressionMetric.SPEARMAN): float(spearmanr(x, y).statistic) if varied else 0.0,
        str(RegressionMetric.PEARSON): float(pearsonr(x, y).statistic) if varied else 0.0,
    }


def normalise_answer(text: str) -> str:
    """Lower case, without ASCII punctuation, articles and surplus white space (SQuAD's official evaluation, v1.1)."""
    return " ".join(_ARTICLES.sub(" ", text.lower().translate(_PUNCTUATION)).split())


def exact_match(prediction: str, answer: str) -> float:
    return float(normalise_answer(prediction) == normalise_answer(answer))


def token_f1(prediction: str, answer: str) -> float:
    """Harmonic mean of precision and recall of the words, each as often as it occurs.

    Of two texts without any words it is 0, as in SQuAD's evaluation v1.1, though their exact match is 1.
    """
    predicted, expected = normalise_answer(prediction).split(), normalise_answer(answer).split()
    shared = (Counter(predicted) & Counter(expected)).total()
    return 2 * shared / (len(predicted) + len(expected)) if shared else 0.0


def token_f1_v2(prediction: str, answer: str) -> float:
    """As `token_f1`, but 1 of two texts without any words: both say that there is no answer (SQuAD's evaluation v2)."""
    if normalise_answer(prediction) and normalise_answer(answer):
        return token_f1(prediction, answer)
    return exact_match(prediction, answer)


def squad_scores(predictions: Sequence[str], answers: Sequence[Sequence[str]]) -> dict[str, float]:
    """Mean over questions of the best `exact_match` and `f1` over the accepted answers of each.

    Args:
        answers: of each question, at least one.
    """
    return {
        "f1": float(_best(token_f1, predictions, answers).mean()),
        "exact_match": float(_best(exact_match, predictions, answers).mean()),
    }


def squad_v2_scores(predictions: Sequence[str], answers: Sequence[Sequence[str]]) -> dict[str, float]:
    """As `squad_scores`, where questions may have no answer and predictions be empty (SQuAD's evaluation v2).

    Beside the means over all questions, those over the questions with an answer and over the others, as far as there
    are any: `has_answer_f1`, `has_answer_exact_match`, `no_answer_f1` and `no_answer_exact_match`.
    """
    accepted = [[text for text in of_one if normalise_answer(text)] or [""] for of_one in answers]
    measured = {
        "f1": _best(token_f1_v2, predictions, accepted),
        "exact_match": _best(exact_match, predictions, accepted),
    }
    answerable = np.array([len(of_one) > 0 for of_one in answers])
    groups = {"": np.full(len(answers), True), "has_answer_": answerable, "no_answer_": ~answerable}
    return {
        f"{group}{metric}": float(values[members].mean())
        for group, members in groups.items()
        if members.any()
        for metric, values in measured.items()
    }


def _best(
    metric: Callable[[str, str], float], predictions: Sequence[str], answers: Sequence[Sequence[str]]
) -> NDArray[np.float64]:
    """The largest value of each question over its accepted answers."""
    pairs = zip(predictions, answers, strict=True)
    return np.array([max(metric(prediction, answer) for answer in accepted) for prediction, accepted in pairs])

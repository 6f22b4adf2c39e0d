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


def squad_scores(predictions: Sequence[str], answers: Sequence[Sequence[str]]) -> dict[str, float]:
    """Mean over questions of the best `exact_match` and `f1` over the accepted answers of each.

    Args:
        answers: of each question, at least one.
    """

    def mean(metric: Callable[[str, str], float]) -> float:
        best = [max(metric(p, answer) for answer in accepted) for p, accepted in zip(predictions, answers, strict=True)]
        return float(np.mean(best))

    return {"f1": mean(token_f1), "exact_match": mean(exact_match)}

"""Classification of texts or pairs of texts, and choice between them: scored by the largest logit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from transformers import PreTrainedTokenizerFast

from nasbench.records import Head
from nasbench.tasks.base import TaskData
from nasbench.tasks.labelled import LabelledText, labelled_data
from nasbench.tasks.metrics import ClassificationMetric, classification_score


@dataclass(frozen=True, kw_only=True)
class ClassScorer:
    """Scores logits [classes] or [choices] of each item by the largest of them: the metric, and accuracy beside it."""

    metric: ClassificationMetric
    labels: NDArray[np.int64]

    def __call__(self, outputs: Sequence[NDArray[np.float32]]) -> dict[str, float]:
        predicted = np.stack(outputs).argmax(axis=1)
        metrics = dict.fromkeys((self.metric, ClassificationMetric.ACCURACY))
        return {str(metric): classification_score(metric, predicted, self.labels) for metric in metrics}


def classification_data(
    splits: Mapping[str, Sequence[LabelledText]],
    tokenizer: PreTrainedTokenizerFast,
    *,
    labels: Sequence[str],
    metric: ClassificationMetric,
    max_length: int,
    origin: str,
    unit: str,
) -> TaskData:
    """A task's data, as `labelled_data` makes it.

    Args:
        labels: names of the classes, in the order of their numbers.
    """
    return labelled_data(
        splits,
        tokenizer,
        head=Head.SEQUENCE_CLASSIFICATION,
        num_labels=len(labels),
        metric=str(metric),
        scorer=lambda numbers: ClassScorer(metric=metric, labels=numbers),
        settings={"labels": list(labels)},
        max_length=max_length,
        origin=origin,
        unit=unit,
    )

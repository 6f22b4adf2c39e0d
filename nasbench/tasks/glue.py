"""Tasks of GLUE (Wang et al. 2018) and others of their form: a text or a pair of texts has a class or a value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import datasets
import numpy as np
from numpy.typing import NDArray
from transformers import PreTrainedTokenizerFast

from nasbench.errors import InputError
from nasbench.records import Head
from nasbench.tasks import columns
from nasbench.tasks.base import Limits, TaskData
from nasbench.tasks.classification import classification_data
from nasbench.tasks.dataset import DatasetTask
from nasbench.tasks.labelled import LabelledText, check_max_length, labelled_data
from nasbench.tasks.metrics import ClassificationMetric, RegressionMetric, regression_scores


@dataclass(frozen=True, kw_only=True)
class TextClassification(DatasetTask):
    """Classification of a text or a pair of texts, with integer labels.

    Attributes:
        text_columns: one or two, in the order they are read.
        labels: names of the classes, in the order of their numbers.
        metric: the one that is optimised; accuracy is reported beside it.
    """

    text_columns: tuple[str, ...]
    label_column: str = "label"
    labels: tuple[str, ...]
    metric: ClassificationMetric = ClassificationMetric.ACCURACY

    def __post_init__(self) -> None:
        self.check_rows()
        check_max_length(self.max_length)
        _check_text_columns(self.text_columns)
        if len(self.labels) < 2:
            raise InputError(f"task.labels must name at least two classes, not {len(self.labels)}")
        if self.metric is ClassificationMetric.F1 and len(self.labels) != 2:
            raise InputError(f"task.metric=f1 is of two classes, not of {len(self.labels)}")

    @property
    def head(self) -> Head:
        return Head.SEQUENCE_CLASSIFICATION

    @property
    def num_labels(self) -> int:
        return len(self.labels)

    def load(self, tokenizer: PreTrainedTokenizerFast, limits: Limits) -> TaskData:
        return classification_data(
            self.splits([*self.text_columns, self.label_column], self._examples, limits),
            tokenizer,
            labels=self.labels,
            metric=self.metric,
            max_length=self.max_length,
            origin=self.origin_note,
            unit="examples",
        )

    def _examples(self, rows: datasets.Dataset) -> list[LabelledText]:
        columns.check_names(rows, self.label_column, self.labels)
        return _labelled(rows, self.text_columns, columns.classes(rows, self.label_column, self.labels))


@dataclass(frozen=True, kw_only=True)
class CorrelationScorer:
    """Scores outputs [1] of each item by their correlation with the values."""

    values: NDArray[np.float32]

    def __call__(self, outputs: Sequence[NDArray[np.float32]]) -> dict[str, float]:
        return regression_scores(np.stack(outputs)[:, 0], self.values)


@dataclass(frozen=True, kw_only=True)
class TextRegression(DatasetTask):
    """A value of a text or a pair of texts, learned as it is and scored by correlation.

    Attributes:
        text_columns: one or two, in the order they are read.
        lowest, highest: range of the values.
        metric: the one that is optimised; the other is reported beside it.
    """

    text_columns: tuple[str, ...]
    label_column: str = "label"
    lowest: float
    highest: float
    metric: RegressionMetric = RegressionMetric.SPEARMAN

    def __post_init__(self) -> None:
        self.check_rows()
        check_max_length(self.max_length)
        _check_text_columns(self.text_columns)
        if not self.lowest < self.highest:
            raise InputError(f"task.lowest={self.lowest:g} must be less than task.highest={self.highest:g}")

    @property
    def head(self) -> Head:
        return Head.REGRESSION

    @property
    def num_labels(self) -> int:
        return 1

    def load(self, tokenizer: PreTrainedTokenizerFast, limits: Limits) -> TaskData:
        return labelled_data(
            self.splits([*self.text_columns, self.label_column], self._examples, limits),
            tokenizer,
            head=self.head,
            num_labels=self.num_labels,
            metric=str(self.metric),
            scorer=lambda values: CorrelationScorer(values=values),
            settings={},
            max_length=self.max_length,
            origin=self.origin_note,
            unit="examples",
        )

    def _examples(self, rows: datasets.Dataset) -> list[LabelledText]:
        values = columns.numbers(rows, self.label_column, self.lowest, self.highest)
        return _labelled(rows, self.text_columns, values)


def _check_text_columns(names: Sequence[str]) -> None:
    if len(names) not in (1, 2):
        raise InputError(f"task.text_columns must name one column or two, not {len(names)}")


def _labelled(rows: datasets.Dataset, names: Sequence[str], labels: Sequence[int | float]) -> list[LabelledText]:
    """Rows with the texts of the named columns, and their labels."""
    texts = zip(*(columns.texts(rows, name) for name in names), strict=True)
    return [LabelledText(sequences=(pair,), label=label) for pair, label in zip(texts, labels, strict=True)]

"""SWAG (Zellers et al. 2018), or any data in its columns: which of several endings continues a text?"""

from __future__ import annotations

from dataclasses import dataclass

import datasets
from transformers import PreTrainedTokenizerFast

from nasbench.errors import InputError
from nasbench.records import Head
from nasbench.tasks import columns
from nasbench.tasks.base import Limits, TaskData
from nasbench.tasks.classification import ClassScorer
from nasbench.tasks.dataset import DatasetTask
from nasbench.tasks.labelled import LabelledText, check_max_length, labelled_data
from nasbench.tasks.metrics import ClassificationMetric

METRIC = ClassificationMetric.ACCURACY


@dataclass(frozen=True, kw_only=True)
class MultipleChoice(DatasetTask):
    """Choice of an ending: each is read as the second text after the context, accuracy.

    Attributes:
        context_column: the first text of every choice.
        opening_column: how the second text begins, whatever the choice.
        choice_columns: how it may end, at least two.
        label_column: index of the right one among them.
    """

    context_column: str = "sent1"
    opening_column: str = "sent2"
    choice_columns: tuple[str, ...] = ("ending0", "ending1", "ending2", "ending3")
    label_column: str = "label"

    def __post_init__(self) -> None:
        self.check_rows()
        check_max_length(self.max_length)
        if len(self.choice_columns) < 2:
            raise InputError(f"task.choice_columns must name at least two columns, not {len(self.choice_columns)}")

    @property
    def head(self) -> Head:
        return Head.MULTIPLE_CHOICE

    @property
    def metric(self) -> str:
        return METRIC

    @property
    def num_labels(self) -> int:
        return len(self.choice_columns)

    def load(self, tokenizer: PreTrainedTokenizerFast, limits: Limits) -> TaskData:
        needed = [self.context_column, self.opening_column, *self.choice_columns, self.label_column]
        return labelled_data(
            self.splits(needed, self._examples, limits),
            tokenizer,
            head=self.head,
            num_labels=self.num_labels,
            metric=self.metric,
            scorer=lambda labels: ClassScorer(metric=METRIC, labels=labels),
            settings={"choices": self.num_labels},
            max_length=self.max_length,
            origin=self.origin_note,
            unit="examples",
        )

    def _examples(self, rows: datasets.Dataset) -> list[LabelledText]:
        labels = columns.classes(rows, self.label_column, self.choice_columns)
        contexts, openings = columns.texts(rows, self.context_column), columns.texts(rows, self.opening_column)
        endings = zip(*(columns.texts(rows, name) for name in self.choice_columns), strict=True)
        return [
            # Joined by a space even where the opening is empty, as in transformers' run_swag.
            LabelledText(sequences=tuple((context, f"{opening} {ending}") for ending in choices), label=label)
            for context, opening, choices, label in zip(contexts, openings, endings, labels, strict=True)
        ]

"""Classification tasks of GLUE (Wang et al. 2018), or any data in their columns, from the hub or from files."""

from __future__ import annotations

from dataclasses import dataclass, field

import datasets
import numpy as np
from transformers import PreTrainedTokenizerFast

from nasbench.errors import InputError
from nasbench.records import Head
from nasbench.tasks.base import Limits, Source, TaskData
from nasbench.tasks.classification import LabelledText, check_max_length, classification_data
from nasbench.tasks.metrics import ClassificationMetric
from nasbench.tasks.partition import Holdout
from nasbench.tasks.sources import Origin


@dataclass(frozen=True, kw_only=True)
class TextClassification:
    """Classification of a text or a pair of texts, with integer labels.

    Attributes:
        source, hub_path, hub_name, folder, files: as in `sources.Origin`.
        test_split: the labelled split that is tested on.
        text_columns: one or two, in the order they are read.
        labels: names of the classes, in the order of their numbers.
        max_length: tokens of an example; longer ones are cut.
        split_seed, validation_share: as in `partition.Holdout`.
    """

    name: str
    source: Source
    hub_path: str
    hub_name: str | None = None
    folder: str | None = field(default=None, metadata={"location": True})
    files: dict[str, str] | None = field(default=None, metadata={"location": True})
    test_split: str = "validation"
    text_columns: tuple[str, ...]
    label_column: str = "label"
    labels: tuple[str, ...]
    metric: ClassificationMetric = ClassificationMetric.ACCURACY
    max_length: int = 128
    split_seed: int = 128
    validation_share: float = 0.3

    def __post_init__(self) -> None:
        self._origin()
        self._holdout()
        check_max_length(self.max_length)
        if len(self.text_columns) not in (1, 2):
            raise InputError(f"task.text_columns must name one column or two, not {len(self.text_columns)}")
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
        columns = [*self.text_columns, self.label_column]
        training, testing = (self._examples(rows) for rows in self._origin().read(["train", self.test_split], columns))
        train, validation, test = self._holdout().partition(len(training), len(testing), limits)
        return classification_data(
            {
                "train": [training[i] for i in train],
                "validation": [training[i] for i in validation],
                "test": [testing[i] for i in test],
            },
            tokenizer,
            labels=self.labels,
            metric=self.metric,
            max_length=self.max_length,
            origin=f"{self.name} from {self.source} ({self._origin()})",
            unit="examples",
        )

    def _origin(self) -> Origin:
        return Origin(
            source=self.source,
            hub_path=self.hub_path,
            hub_name=self.hub_name,
            folder=self.folder,
            files=self.files,
        )

    def _holdout(self) -> Holdout:
        return Holdout(seed=self.split_seed, share=self.validation_share)

    def _examples(self, rows: datasets.Dataset) -> list[LabelledText]:
        """Rows, checked.

        Raises:
            InputError: a text that is none, labels that are no integers or out of range, classes in another order.
        """
        labels = self._labels(rows)
        texts = [rows[column][:] for column in self.text_columns]
        for column, values in zip(self.text_columns, texts, strict=True):
            odd = next((i for i, value in enumerate(values) if not isinstance(value, str)), None)
            if odd is not None:
                raise InputError(f"column {column} must hold text, but row {odd} has {values[odd]!r}")
        return [LabelledText(texts=tuple(pair), label=label) for *pair, label in zip(*texts, labels, strict=True)]

    def _labels(self, rows: datasets.Dataset) -> list[int]:
        name, feature = self.label_column, rows.features[self.label_column]
        if isinstance(feature, datasets.ClassLabel) and list(feature.names) != list(self.labels):
            raise InputError(
                f"column {name} has the classes {', '.join(feature.names)}, where task.labels has "
                f"{', '.join(self.labels)}: they must be the same, in the same order"
            )
        values = rows[name][:]
        odd = next((value for value in values if not isinstance(value, int) or isinstance(value, bool)), None)
        if odd is not None or None in values:
            raise InputError(f"column {name} must hold integers from 0 to {len(self.labels) - 1}, not {odd!r}")
        outside = np.flatnonzero((np.array(values) < 0) | (np.array(values) >= len(self.labels)))
        if len(outside):
            raise InputError(
                f"column {name} must be from 0 to {len(self.labels) - 1} ({', '.join(self.labels)}), but "
                f"{len(outside)} of {len(values)} rows are not: row {outside[0]} has {values[outside[0]]}"
            )
        return values

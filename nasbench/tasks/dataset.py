"""Tasks made of a published data set's rows: where they come from, and what becomes of the official splits."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import datasets
from transformers import PreTrainedTokenizerFast

from nasbench.tasks.base import Limits, Source, TaskData
from nasbench.tasks.partition import Holdout
from nasbench.tasks.sources import Origin

Example = TypeVar("Example")


@dataclass(frozen=True, kw_only=True)
class DatasetTask(ABC):
    """What such tasks have in common; the kinds of examples are their own.

    Attributes:
        source, hub_path, hub_name, folder, files: as in `sources.Origin`.
        test_split: the labelled split that is tested on.
        max_length: tokens of a sequence.
        split_seed, validation_share: as in `partition.Holdout`.
    """

    name: str
    source: Source
    hub_path: str | None = None
    hub_name: str | None = None
    folder: str | None = field(default=None, metadata={"location": True})
    files: dict[str, str] | None = field(default=None, metadata={"location": True})
    test_split: str = "validation"
    max_length: int = 128
    split_seed: int = 128
    validation_share: float = 0.3

    @abstractmethod
    def load(self, tokenizer: PreTrainedTokenizerFast, limits: Limits) -> TaskData: ...

    @property
    def origin(self) -> Origin:
        return Origin(
            source=self.source,
            hub_path=self.hub_path,
            hub_name=self.hub_name,
            folder=self.folder,
            files=self.files,
        )

    @property
    def holdout(self) -> Holdout:
        return Holdout(seed=self.split_seed, share=self.validation_share)

    @property
    def origin_note(self) -> str:
        """Such as "rte from hub (nyu-mll/glue rte)"."""
        return f"{self.name} from {self.source} ({self.origin})"

    def check_rows(self) -> None:
        """The checks of settings that every such task's `__post_init__` begins with."""
        _ = self.origin, self.holdout

    def splits(
        self, columns: Sequence[str], read: Callable[[datasets.Dataset], list[Example]], limits: Limits
    ) -> dict[str, list[Example]]:
        """Examples of `train` and `validation` (of the official training set), and of `test`.

        Args:
            columns: those that `read` needs.
            read: from the rows of an official split to its examples, checked, in order.

        Raises:
            InputError: the data is missing or not what the task needs.
        """
        training, testing = (read(rows) for rows in self.origin.read(["train", self.test_split], columns))
        train, validation, test = self.holdout.partition(len(training), len(testing), limits)
        return {
            "train": [training[i] for i in train],
            "validation": [training[i] for i in validation],
            "test": [testing[i] for i in test],
        }

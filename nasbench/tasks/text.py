"""Any rows of text for pre-training: from the hub, or from the user's files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
from transformers import PreTrainedTokenizerFast

from nasbench import rng
from nasbench.errors import InputError
from nasbench.tasks.base import Source
from nasbench.tasks.columns import texts
from nasbench.tasks.corpus import PackedText, Packing
from nasbench.tasks.partition import Holdout, Indices
from nasbench.tasks.sources import Origin

COLUMN = "text"


@contextmanager
def _named_corpus() -> Iterator[None]:
    """What is said of a task's settings, said of a corpus's, which are named alike."""
    try:
        yield
    except InputError as error:
        raise InputError(str(error).replace("task.", "corpus.").replace("the task", "the corpus")) from error


@dataclass(frozen=True, kw_only=True)
class Text:
    """A row of the column `text` is a document; a line is one in a plain text file. Blank ones are left out.

    Attributes:
        source, hub_path, hub_name, folder, files: as in `sources.Origin`, of one split, `train`.
        documents: at most so many rows, drawn once before anything is divided; None for all.
        sequence_length, mask_probability, train_sequences, held_out_sequences: as in `corpus.Packing`.
        split_seed, held_out_share: of the one division of documents that all methods share.
        consecutive: rows are parts of documents, in order: those drawn, and the last of them, which are held out, are
            neighbours, so that a split has whole documents but at its ends.
    """

    name: str
    source: Source
    hub_path: str | None = None
    hub_name: str | None = None
    folder: str | None = field(default=None, metadata={"location": True})
    files: dict[str, str] | None = field(default=None, metadata={"location": True})
    documents: int | None = None
    sequence_length: int = 128
    mask_probability: float = 0.15
    train_sequences: int | None = None
    held_out_sequences: int | None = 512
    split_seed: int = 128
    held_out_share: float = 0.05
    consecutive: bool = False

    def __post_init__(self) -> None:
        _ = self._packing
        if not 0 < self.held_out_share < 1:
            raise InputError(f"corpus.held_out_share must be between 0 and 1, not {self.held_out_share}")
        if self.documents is not None and self.documents < 2:
            raise InputError(f"corpus.documents must be at least 2 or null, not {self.documents}")

    def load(self, tokenizer: PreTrainedTokenizerFast) -> PackedText:
        with _named_corpus():
            origin = Origin(
                source=self.source,
                hub_path=self.hub_path,
                hub_name=self.hub_name,
                folder=self.folder,
                files=self.files,
            )
            (rows,) = origin.read(["train"], [COLUMN])
        found = [text for text in texts(rows.select(self._drawn(len(rows))), COLUMN) if text.strip()]
        if len(found) < 2:
            raise InputError(
                f"the corpus {origin} has {len(found)} documents with text: it needs two or more, for one is held out"
            )
        train, held_out = self._divided(len(found))
        documents = {"train": [found[i] for i in train], "held_out": [found[i] for i in held_out]}
        return self._packing.pack(documents, tokenizer, origin=f"{self.name} from {self.source} ({origin})")

    def _drawn(self, rows: int) -> Sequence[int] | Indices:
        """The rows that are read, ascending: no others are ever turned into text."""
        count = rows if self.documents is None else min(self.documents, rows)
        stream = rng.generator(self.split_seed, "documents")
        if count == rows or self.consecutive:
            first = int(stream.integers(rows - count + 1))
            return range(first, first + count)
        return np.sort(stream.choice(rows, count, replace=False))

    def _divided(self, documents: int) -> tuple[Sequence[int] | Indices, Sequence[int] | Indices]:
        """Documents to train on and held-out ones, ascending."""
        share = self._share(documents)
        if self.consecutive:
            end = documents - round(share * documents)
            return range(end), range(end, documents)
        train, held_out = Holdout(seed=self.split_seed, share=share).divide(documents)
        return np.sort(train), np.sort(held_out)

    def _share(self, documents: int) -> float:
        """The share that holds out one document at least, and leaves one."""
        return min(max(self.held_out_share, 1 / documents), 1 - 1 / documents)

    @property
    def _packing(self) -> Packing:
        return Packing(
            length=self.sequence_length,
            probability=self.mask_probability,
            train_sequences=self.train_sequences,
            held_out_sequences=self.held_out_sequences,
        )

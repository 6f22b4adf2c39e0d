"""Text for pre-training: documents of two splits, packed into token sequences of one length."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from transformers import PreTrainedTokenizerFast

from nasbench.errors import InputError
from nasbench.tasks.encoding import bounded_length
from nasbench.tasks.masking import Masking
from nasbench.tasks.partition import fingerprint

CHUNK = 64
"""Documents tokenised at a time: few, for most of a corpus may be left unread."""


@dataclass(frozen=True, kw_only=True)
class PackedText:
    """A corpus, loaded and tokenised.

    Attributes:
        train, held_out: token ids [sequences, length]; no document is in both.
        fingerprint: sha256 of the text that is used and of the settings that shape the sequences.
        source_note: for the user, in a line: what text was really used.
    """

    train: NDArray[np.int64]
    held_out: NDArray[np.int64]
    masking: Masking
    fingerprint: str
    source_note: str

    @property
    def length(self) -> int:
        """Tokens of a sequence."""
        return int(self.train.shape[1])


class Corpus(Protocol):
    """Text for pre-training. Fields are configuration; text is read by `load` alone."""

    @property
    def name(self) -> str: ...

    def load(self, tokenizer: PreTrainedTokenizerFast) -> PackedText:
        """Read, divide by document and tokenise the text.

        Raises:
            InputError: there is no text, or less than a sequence of it.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Packing:
    """Attributes:
    length: tokens of a sequence, [CLS] and [SEP] among them.
    probability: that a token is to be guessed.
    train_sequences, held_out_sequences: at most so many, the first ones; None for all.
    """

    length: int
    probability: float
    train_sequences: int | None
    held_out_sequences: int | None

    def __post_init__(self) -> None:
        if self.length < 8:
            raise InputError(f"corpus.sequence_length must be at least 8 tokens, not {self.length}")
        if not 0 < self.probability < 1:
            raise InputError(f"corpus.mask_probability must be between 0 and 1, not {self.probability}")
        for name in ("train_sequences", "held_out_sequences"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise InputError(f"corpus.{name} must be at least 1 or null, not {value}")

    def pack(
        self, documents: Mapping[str, Sequence[str]], tokenizer: PreTrainedTokenizerFast, *, origin: str
    ) -> PackedText:
        """Tokenise the documents of `train` and `held_out`, and cut each split's tokens, end to end, into sequences.

        Documents are parted by [SEP]; what is left at the end and fills no sequence is dropped.

        Raises:
            InputError: a tokenizer without mask token, or a split whose documents fill no sequence.
        """
        if tokenizer.mask_token_id is None:
            raise InputError("the checkpoint's tokenizer has no mask token, which masked language modelling needs")
        length = bounded_length(tokenizer, self.length)
        limits = {"train": self.train_sequences, "held_out": self.held_out_sequences}
        packed = {name: _packed(name, documents[name], tokenizer, length, limits[name]) for name in limits}
        settings = {"length": length, "probability": self.probability, **limits}
        sizes = " and ".join(f"{len(packed[name]):,} {name.replace('_', '-')}" for name in packed)
        return PackedText(
            **packed,
            masking=Masking(
                mask_id=tokenizer.mask_token_id,
                vocabulary=len(tokenizer),
                special_ids=tuple(sorted(tokenizer.all_special_ids)),
                probability=self.probability,
            ),
            fingerprint=fingerprint(documents, settings),
            source_note=f"{origin}: {sizes} sequences of {length} tokens",
        )


def _packed(
    name: str, documents: Sequence[str], tokenizer: PreTrainedTokenizerFast, length: int, limit: int | None
) -> NDArray[np.int64]:
    """Sequences [n, length] of one split."""
    cls, sep = (tokenizer.convert_tokens_to_ids(t) for t in (tokenizer.cls_token, tokenizer.sep_token))
    room = length - 2
    parts = [np.empty(0, dtype=np.int32)]
    for i in range(0, len(documents), CHUNK):
        encoded = tokenizer(list(documents[i : i + CHUNK]), add_special_tokens=False, verbose=False)["input_ids"]
        parts += [np.array([*ids, sep], dtype=np.int32) for ids in encoded]
        if limit is not None and sum(map(len, parts)) >= limit * room:
            break
    tokens = np.concatenate(parts)
    n = len(tokens) // room if limit is None else min(limit, len(tokens) // room)
    if not n:
        raise InputError(
            f"the {len(documents)} {name.replace('_', '-')} documents of the corpus make {len(tokens)} tokens, less "
            f"than one sequence of {length}: give it more text, or a smaller corpus.sequence_length"
        )
    body = tokens[: n * room].astype(np.int64).reshape(n, room)
    edge = np.ones((n, 1), dtype=np.int64)
    return np.concatenate([cls * edge, body, sep * edge], axis=1)

"""From texts to token sequences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from transformers import PreTrainedTokenizerFast

from nasbench.tasks.base import Tokens

CHUNK = 1024
"""Texts tokenised at a time: a tokenizer's own output is some fifty times as large as what is kept of it."""


def bounded_length(tokenizer: PreTrainedTokenizerFast, max_length: int) -> int:
    """The longest sequence that both the task and the network's positions allow."""
    return min(max_length, tokenizer.model_max_length)


def encode_texts(
    tokenizer: PreTrainedTokenizerFast, first: Sequence[str], second: Sequence[str] | None, max_length: int
) -> Tokens:
    """Texts, or pairs of them, cut to `max_length` tokens at the end of the longer one."""
    encodings: list[Any] = []
    for i in range(0, len(first), CHUNK):
        texts = [list(column[i : i + CHUNK]) for column in (first, second) if column is not None]
        encodings += tokenizer(*texts, truncation=True, max_length=max_length).encodings
    return pack(tokenizer, encodings)


def pack(tokenizer: PreTrainedTokenizerFast, encodings: Sequence[Any]) -> Tokens:
    """What models read of a fast tokenizer's encodings; token types only where this tokenizer's models have them."""
    columns = {"input_ids": np.concatenate([np.asarray(e.ids, dtype=np.int64) for e in encodings])}
    padding = {"input_ids": tokenizer.pad_token_id}
    if "token_type_ids" in tokenizer.model_input_names:
        columns["token_type_ids"] = np.concatenate([np.asarray(e.type_ids, dtype=np.int64) for e in encodings])
        padding["token_type_ids"] = tokenizer.pad_token_type_id
    lengths = np.array([len(e.ids) for e in encodings], dtype=np.int64)
    return Tokens(columns=columns, padding=padding, lengths=lengths)

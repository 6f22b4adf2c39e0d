"""Tokenizers of the three families, made without a network, and data sets in small."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import DistilBertTokenizerFast, PreTrainedTokenizerFast, RobertaTokenizerFast

from nasbench.models.checkpoint import EmbeddedCheckpoint

ROBERTA_SPECIALS = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
ENGLISH = "The quick brown fox jumps over the lazy dog, and 1,234 dogs answer the fox: who jumps? Ms Fox does not know."

Rows = dict[str, list[Any]]
Write = Callable[..., Path]


@pytest.fixture(scope="session")
def bert() -> PreTrainedTokenizerFast:
    return EmbeddedCheckpoint().tokenizer()


@pytest.fixture(scope="session")
def distilbert(bert: PreTrainedTokenizerFast) -> PreTrainedTokenizerFast:
    """BERT's vocabulary, no token types."""
    return DistilBertTokenizerFast(vocab=bert.get_vocab(), model_max_length=512)


@pytest.fixture(scope="session")
def roberta() -> PreTrainedTokenizerFast:
    """A byte-level BPE tokenizer: two separators between texts, no token types, offsets without spaces."""
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=ROBERTA_SPECIALS,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator([ENGLISH], trainer)
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), trim_offsets=True)
    return RobertaTokenizerFast(tokenizer_object=tokenizer, model_max_length=512)


@pytest.fixture(scope="session")
def families(
    bert: PreTrainedTokenizerFast, distilbert: PreTrainedTokenizerFast, roberta: PreTrainedTokenizerFast
) -> dict[str, PreTrainedTokenizerFast]:
    return {"bert": bert, "distilbert": distilbert, "roberta": roberta}


@pytest.fixture
def write() -> Write:
    """Write rows as parquet, folders included."""

    def to_parquet(path: Path, rows: Rows) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.table(rows), path)
        return path

    return to_parquet

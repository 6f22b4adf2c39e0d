"""RoBERTa (Liu et al. 2019): BERT's encoder under BERT's names, other heads, positions after padding's."""

from __future__ import annotations

import dataclasses
from typing import Any

from torch import Tensor
from transformers import PreTrainedConfig

from nasbench.models.families import bert
from nasbench.records import Head


def logits(network: Any, head: Head, hidden: Tensor) -> Tensor:
    match head:
        case Head.SEQUENCE_CLASSIFICATION | Head.REGRESSION:
            return network.classifier(hidden)
        case Head.MULTIPLE_CHOICE:
            return network.classifier(network.dropout(network.roberta.pooler(hidden)))
        case Head.QUESTION_ANSWERING:
            return network.qa_outputs(hidden)
        case Head.MASKED_LM:
            return network.lm_head(hidden)


def max_length(config: PreTrainedConfig) -> int:
    return int(config.max_position_embeddings - config.pad_token_id - 1)


FAMILY = dataclasses.replace(bert.FAMILY, logits=logits, max_length=max_length)

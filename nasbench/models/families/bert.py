"""BERT (Devlin et al. 2019)."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from nasbench.models.family import Family
from nasbench.records import Head


def logits(network: Any, head: Head, hidden: Tensor) -> Tensor:
    match head:
        case Head.SEQUENCE_CLASSIFICATION | Head.REGRESSION | Head.MULTIPLE_CHOICE:
            return network.classifier(network.dropout(network.bert.pooler(hidden)))
        case Head.QUESTION_ANSWERING:
            return network.qa_outputs(hidden)
        case Head.MASKED_LM:
            return network.cls(hidden)


FAMILY = Family(
    layers="encoder.layer",
    self_attention="attention.self",
    query="attention.self.query",
    key="attention.self.key",
    value="attention.self.value",
    attention_output="attention.output.dense",
    attention_norm="attention.output.LayerNorm",
    up="intermediate.dense",
    down="output.dense",
    output_norm="output.LayerNorm",
    units="intermediate_size",
    activation="hidden_act",
    hidden_dropout="hidden_dropout_prob",
    attention_dropout="attention_probs_dropout_prob",
    head_dropouts=("classifier_dropout",),
    attention_output_dropout=True,
    token_types=True,
    logits=logits,
)

"""DistilBERT (Sanh et al. 2019): no token types, no pooler, no dropout between attention and its LayerNorm."""

from __future__ import annotations

from typing import Any

from torch import Tensor, relu

from nasbench.models.family import Family
from nasbench.records import Head


def logits(network: Any, head: Head, hidden: Tensor) -> Tensor:
    match head:
        case Head.SEQUENCE_CLASSIFICATION | Head.REGRESSION | Head.MULTIPLE_CHOICE:
            return network.classifier(network.dropout(relu(network.pre_classifier(hidden[:, 0]))))
        case Head.QUESTION_ANSWERING:
            return network.qa_outputs(network.dropout(hidden))
        case Head.MASKED_LM:
            transformed = network.activation(network.vocab_transform(hidden))
            return network.vocab_projector(network.vocab_layer_norm(transformed))


FAMILY = Family(
    layers="transformer.layer",
    self_attention="attention",
    query="attention.q_lin",
    key="attention.k_lin",
    value="attention.v_lin",
    attention_output="attention.out_lin",
    attention_norm="sa_layer_norm",
    up="ffn.lin1",
    down="ffn.lin2",
    output_norm="output_layer_norm",
    units="hidden_dim",
    activation="activation",
    hidden_dropout="dropout",
    attention_dropout="attention_dropout",
    head_dropouts=("seq_classif_dropout", "qa_dropout"),
    attention_output_dropout=False,
    token_types=False,
    logits=logits,
)

"""Task heads in transformers' terms: the auto class that builds each one, and what its configuration must say."""

from __future__ import annotations

from typing import Any

from transformers import (
    AutoModelForMaskedLM,
    AutoModelForMultipleChoice,
    AutoModelForQuestionAnswering,
    AutoModelForSequenceClassification,
    PreTrainedConfig,
)

from nasbench.records import Head


def auto_class(head: Head) -> Any:
    match head:
        case Head.SEQUENCE_CLASSIFICATION | Head.REGRESSION:
            return AutoModelForSequenceClassification
        case Head.MULTIPLE_CHOICE:
            return AutoModelForMultipleChoice
        case Head.QUESTION_ANSWERING:
            return AutoModelForQuestionAnswering
        case Head.MASKED_LM:
            return AutoModelForMaskedLM


def configure(config: PreTrainedConfig, head: Head, num_labels: int) -> None:
    """Set what the head's output depends on; multiple choice and masked language modelling need nothing."""
    match head:
        case Head.SEQUENCE_CLASSIFICATION:
            config.num_labels = num_labels
            config.problem_type = "single_label_classification"
        case Head.REGRESSION:
            config.num_labels = 1
            config.problem_type = "regression"
        case Head.QUESTION_ANSWERING:
            config.num_labels = 2
        case Head.MULTIPLE_CHOICE | Head.MASKED_LM:
            pass

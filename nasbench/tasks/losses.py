"""Losses of each kind of task head: against the labels, and against a teacher's output.

Positions beyond a sequence's real length never count, so a loss does not depend on how a batch was padded.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor

from nasbench.records import Head


def task_loss(head: Head, logits: Tensor, batch: Mapping[str, Tensor]) -> Tensor:
    """Mean loss of a batch against its labels.

    Args:
        logits: as `Head` says.
        batch: `labels` ([B] classes, choices or values; [B, S] tokens with -100 where none is asked for), or
            `start_positions` and `end_positions` [B]; `attention_mask` [B, S] for question answering.

    Returns:
        A scalar: cross-entropy; squared error for regression; mean over start and end for question answering.
    """
    match head:
        case Head.SEQUENCE_CLASSIFICATION | Head.MULTIPLE_CHOICE:
            return F.cross_entropy(logits, batch["labels"])
        case Head.REGRESSION:
            return F.mse_loss(logits.squeeze(-1), batch["labels"].to(logits.dtype))
        case Head.QUESTION_ANSWERING:
            start, end = _spans(logits, batch)
            return (F.cross_entropy(start, batch["start_positions"]) + F.cross_entropy(end, batch["end_positions"])) / 2
        case Head.MASKED_LM:
            return F.cross_entropy(logits.flatten(0, 1), batch["labels"].flatten(), ignore_index=-100)


def distillation_loss(
    head: Head, student: Tensor, teacher: Tensor, batch: Mapping[str, Tensor], *, temperature: float, squared: bool
) -> Tensor:
    """Mean divergence of a student's output from a teacher's, gradients flowing to the student alone.

    KL(softmax(teacher / T), softmax(student / T)) of the output distribution (Klein et al. 2024, equation 2), mean over
    start and end for question answering; squared error for regression.

    Args:
        squared: multiply by T^2, which keeps the gradient's scale as T grows (Hinton et al. 2015, section 2).
    """
    teacher = teacher.detach()
    factor = temperature**2 if squared else 1.0
    match head:
        case Head.SEQUENCE_CLASSIFICATION | Head.MULTIPLE_CHOICE:
            return factor * _divergence(student, teacher, temperature)
        case Head.REGRESSION:
            return F.mse_loss(student, teacher)
        case Head.QUESTION_ANSWERING:
            pairs = zip(_spans(student, batch), _spans(teacher, batch), strict=True)
            return factor * torch.stack([_divergence(s, t, temperature) for s, t in pairs]).mean()
        case Head.MASKED_LM:
            asked = batch["labels"] != -100
            return factor * _divergence(student[asked], teacher[asked], temperature)


def _divergence(student: Tensor, teacher: Tensor, temperature: float) -> Tensor:
    """Batch mean of the KL divergence between rows of logits [B, C]."""
    return F.kl_div(
        F.log_softmax(student / temperature, -1),
        F.log_softmax(teacher / temperature, -1),
        reduction="batchmean",
        log_target=True,
    )


def _spans(logits: Tensor, batch: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
    """Start and end logits [B, S], padding out of the running.

    The finite floor, not minus infinity: it must stay a number when two of them are subtracted in a divergence.
    """
    floor = torch.finfo(logits.dtype).min / 2
    masked = logits.masked_fill(batch["attention_mask"].unsqueeze(-1) == 0, floor)
    start, end = masked.unbind(-1)
    return start, end

"""What the pruning functions take: a transformers task model as `from_pretrained` gives it, or an elastic one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from transformers import PreTrainedModel

from nasbench.errors import InputError
from nasbench.models.elastic import ElasticModel
from nasbench.models.heads import auto_class
from nasbench.records import Head

Model = PreTrainedModel | ElasticModel

HEADS = (Head.SEQUENCE_CLASSIFICATION, Head.MULTIPLE_CHOICE, Head.QUESTION_ANSWERING, Head.MASKED_LM)


def elastic(model: Model) -> ElasticModel:
    """The model, wrapped by reference where it is transformers' own.

    Raises:
        InputError: a family that is not known, or a task head whose loss is not.
    """
    if isinstance(model, ElasticModel):
        return model
    return ElasticModel(model, _head(model), int(model.config.num_labels or 0))


@contextmanager
def evaluating(model: ElasticModel) -> Iterator[ElasticModel]:
    """The model without dropout, put back into the mode it was in on leaving."""
    was_training = model.training
    model.eval()
    try:
        yield model
    finally:
        model.train(was_training)


def on_device_of(model: ElasticModel, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
    device: torch.device = next(model.parameters()).device
    return {name: tensor.to(device) for name, tensor in batch.items()}


def _head(model: PreTrainedModel) -> Head:
    name, config = type(model).__name__, model.config
    found = [head for head in HEADS if name.endswith(auto_class(head).__name__.removeprefix("AutoModel"))]
    if not found:
        kinds = ", ".join(auto_class(head).__name__ for head in HEADS)
        raise InputError(f"{name} has no task head with a known loss: load the checkpoint by one of {kinds}")
    head = found[0]
    if head is Head.SEQUENCE_CLASSIFICATION:
        head = Head.REGRESSION if config.num_labels == 1 else head
        _check_problem(config.problem_type, head)
    return head


def _check_problem(problem: Any, head: Head) -> None:
    known = "regression" if head is Head.REGRESSION else "single_label_classification"
    if problem not in (None, known):
        raise InputError(f"the loss of problem_type {problem!r} is not known for this number of labels, only {known}'s")

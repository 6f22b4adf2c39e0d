"""In which floating-point format matrix products are computed: part of a run's numerics, never of its science."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from enum import StrEnum


class Precision(StrEnum):
    """Weights, gradients, the optimiser's state and losses are float32 in either.

    Attributes:
        BFLOAT16: matrix products take inputs rounded to eight significant bits (`torch.autocast`), for devices that
            multiply them much faster; scores differ from float32's in the second or third digit.
    """

    FLOAT32 = "float32"
    BFLOAT16 = "bfloat16"


def arithmetic(precision: Precision, device: str) -> AbstractContextManager[object]:
    """Within the context products are computed as asked, on a device as torch names it."""
    if precision is Precision.FLOAT32:
        return nullcontext()
    import torch

    # Without its cache of rounded weights, which optimiser steps within the context would make stale.
    return torch.autocast(device.partition(":")[0], dtype=torch.bfloat16, cache_enabled=False)

"""A linear layer of which some rows or columns take part.

Where the kept set is a prefix its rows and columns are views; any other set is gathered, once a pass.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from nasbench.records import Kept

Selection = slice | Tensor | None
"""Rows or columns of a matrix: a prefix, scattered ones by index, or all."""


def select(kept: Kept, size: int, block: int, device: torch.device) -> Selection:
    """Where `kept` of `size` blocks (heads, units) of `block` rows each lie in a matrix.

    Raises:
        ValueError: a kept index of `size` or more.
    """
    if len(kept) and kept[-1] >= size:
        raise ValueError(f"index {kept[-1]} is kept of a layer that has {size}")
    if len(kept) == size:
        return None
    if isinstance(kept, range) and kept.step == 1:
        return slice(kept.start * block, kept.stop * block)
    blocks = torch.tensor(kept, dtype=torch.int64, device=device)
    return (blocks[:, None] * block + torch.arange(block, device=device)).flatten()


def take(tensor: Tensor, dim: int, kept: Selection) -> Tensor:
    """Rows (dim 0) or columns (dim 1) of a tensor: itself, a view or a gathered copy."""
    if kept is None:
        return tensor
    if isinstance(kept, slice):
        return tensor.narrow(dim, kept.start, kept.stop - kept.start)
    return tensor.index_select(dim, kept)


def run_linear(linear: nn.Linear, inputs: Tensor, kept: Selection, *, dim: int, in_place: bool) -> Tensor:
    """A linear layer of which some outputs (dim 0) or inputs (dim 1) take part: [B, S, in] to [B, S, out].

    Args:
        inputs: those that take part.
        in_place: as in `LayerSettings`.
    """
    if in_place and torch.is_grad_enabled() and linear.weight.grad is not None and linear.bias.grad is not None:
        out: Tensor = _Accumulating.apply(inputs, linear.weight, linear.bias, kept, dim)
        return out
    return F.linear(inputs, take(linear.weight, dim, kept), take(linear.bias, 0, kept if dim == 0 else None))


class _Accumulating(torch.autograd.Function):
    """Adds the gradients of weight and bias to `.grad` where they belong.

    Autograd itself would make a whole matrix of zeros, put the gradient of a slice in and add all of it.
    """

    @staticmethod
    def forward(ctx: Any, inputs: Tensor, weight: Tensor, bias: Tensor, kept: Selection, dim: int) -> Tensor:
        used = take(weight, dim, kept)
        if torch.is_autocast_enabled(inputs.device.type):
            low = torch.get_autocast_dtype(inputs.device.type)
            inputs, used = inputs.to(low), used.to(low)
        ctx.weight, ctx.bias, ctx.kept, ctx.dim = weight, bias, kept, dim
        ctx.save_for_backward(inputs, used)
        return F.linear(inputs, used, take(bias, 0, kept if dim == 0 else None))

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, None, None, None, None]:
        inputs, used = ctx.saved_tensors
        of_outputs = gradient.flatten(0, -2)  # [tokens, out]
        _add_product(ctx.weight.grad, ctx.dim, ctx.kept, of_outputs.t(), inputs.flatten(0, -2))
        _add(ctx.bias.grad, 0, ctx.kept if ctx.dim == 0 else None, of_outputs.sum(0))
        of_inputs = gradient @ used if ctx.needs_input_grad[0] else None
        return of_inputs, None, None, None, None


def _add(total: Tensor, dim: int, kept: Selection, part: Tensor) -> None:
    """Add to the selected rows or columns."""
    if isinstance(kept, Tensor):
        total.index_add_(dim, kept, part.to(total.dtype))
    else:
        take(total, dim, kept).add_(part)


def _add_product(total: Tensor, dim: int, kept: Selection, left: Tensor, right: Tensor) -> None:
    """Add a matrix product to the selected rows or columns, without making it first where they are a view."""
    if isinstance(kept, Tensor) or left.dtype != total.dtype:
        _add(total, dim, kept, left @ right)
    else:
        take(total, dim, kept).addmm_(left, right)

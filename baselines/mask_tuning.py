"""Real-valued masks that make up for what was pruned: phase 3 of retraining-free pruning (Kwon et al. 2022)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np
import scipy.linalg
import scipy.sparse.linalg
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from baselines.gradients import Batch
from baselines.masks import fold, network_of
from baselines.sub_layers import SubLayer, sub_layers
from baselines.wrapping import Model, elastic, evaluating, on_device_of
from nasbench.models.elastic import ElasticModel, padding_mask
from nasbench.models.extraction import extract
from nasbench.models.shape import PER_TOKEN

Vector = NDArray[np.float64]
Solver = Callable[[Vector, Vector], Vector]
"""From the normal equations' A^T A [K, K] and A^T b [K] to scales [K]."""

LARGEST_SCALE = 10.0
"""Beyond it a solution is taken for a failure of the least squares."""


def damped_scales(gram: Vector, moments: Vector) -> Vector:
    """1 + x for the x that minimises ||M x - r||^2 + ||x||^2, where M = A^T A and r = A^T b - M 1.

    That is x = (M^2 + I)^-1 M r. As m / (m^2 + 1) is the real part of 1 / (m + i), one solve with M + iI gives it
    without squaring the condition number.
    """
    residual = moments - gram.sum(axis=1)
    x = scipy.linalg.solve(gram + 1j * np.eye(len(gram)), residual, assume_a="sym", check_finite=False)
    return np.asarray(1 + x.real)


def lsmr_scales(gram: Vector, moments: Vector) -> Vector:
    """The same, iteratively: what the authors' code does (LSMR, damping 1, tolerances 1e-6)."""
    x = scipy.sparse.linalg.lsmr(gram, moments - gram.sum(axis=1), damp=1.0, atol=1e-6, btol=1e-6)[0]
    return np.asarray(1 + x)


def tune(
    model: Model,
    batches: Iterable[Batch],
    head_mask: ArrayLike,
    neuron_mask: ArrayLike,
    *,
    teacher: tuple[ArrayLike, ArrayLike] | None = None,
    solver: Solver = damped_scales,
) -> tuple[Vector, Vector]:
    """Scales of the kept heads and units that bring each sub-layer's output nearest to a teacher's (section 4.3).

    Sub-layer by sub-layer, the pruned network's own hidden states going on with the scales found before. Only real
    tokens count, and in the last feed-forward of a network that reads its first token, only that. The attention of the
    first layer, and sub-layers with nothing kept, stay as they are. Teacher and student run once, side by side: memory
    holds the hidden states of all examples twice, and the inputs of one sub-layer's last matrix.

    Args:
        model: the full network.
        head_mask, neuron_mask: [L, H] and [L, I]; zero for what is pruned.
        teacher: masks of another pruned network to be the teacher; None for the full network, as in the paper's text.
        solver: of the damped normal equations.

    Returns:
        (head_mask [L, H], neuron_mask [L, I]), zero where they were, scales elsewhere. From the first sub-layer on
        where the solver fails or a scale leaves [-10, 10], they are ones.

    Raises:
        InputError: a model that is not known, or masks that do not fit together.
    """
    full = elastic(model)
    heads, units = (np.asarray(np.asarray(mask) != 0, dtype=np.float64) for mask in (head_mask, neuron_mask))
    with evaluating(full), torch.no_grad():
        student = extract(full, network_of(heads, units))
        pair = _Pair(full if teacher is None else extract(full, network_of(*teacher)), student, batches)
        for of_teacher, of_student in zip(sub_layers(pair.teacher), sub_layers(student), strict=True):
            scales = pair.advance(of_teacher, of_student, solver)
            if scales is None:
                break
            (heads if of_student.attention else units)[of_student.layer, list(of_student.kept)] = scales
    return heads, units


class _Pair:
    """A teacher and a student half-way through their layers, with the hidden states of all examples."""

    def __init__(self, teacher: ElasticModel, student: ElasticModel, batches: Iterable[Batch]) -> None:
        self.teacher = teacher
        on_device = [on_device_of(student, batch) for batch in batches]
        self.taught = [student.embed(batch) for batch in on_device]
        self.learnt = list(self.taught)
        self.padding = [padding_mask(batch["attention_mask"]) for batch in on_device]
        self.real = [batch["attention_mask"].flatten(0, -2).bool() for batch in on_device]
        self.last_layer = student.shape.layers - 1
        self.reads_first_token = student.head not in PER_TOKEN

    def advance(self, of_teacher: SubLayer, of_student: SubLayer, solver: Solver) -> Vector | None:
        """Run one sub-layer of both, the student's tuned; returns its scales, or None where there is no good one."""
        wanted = [
            of_teacher.residual(hidden, of_teacher.inputs(hidden, padding))
            for hidden, padding in zip(self.taught, self.padding, strict=True)
        ]
        inputs = [of_student.inputs(hidden, padding) for hidden, padding in zip(self.learnt, self.padding, strict=True)]
        scales: Vector | None = np.ones(len(of_student.kept))
        if of_student.output is not None and not (of_student.attention and of_student.layer == 0):
            scales = self._solve(of_student, wanted, inputs, solver)
            if scales is None:
                return None
            fold(of_student.output.weight, scales, of_student.block)
        self.taught = [of_teacher.norm(state) for state in wanted]
        pairs = zip(self.learnt, inputs, strict=True)
        self.learnt = [of_student.norm(of_student.residual(hidden, given)) for hidden, given in pairs]
        return scales

    def _solve(
        self, layer: SubLayer, wanted: Sequence[Tensor], inputs: Sequence[Tensor], solver: Solver
    ) -> Vector | None:
        assert layer.output is not None
        bias = layer.output.bias
        counted = [self._counted(layer, real) for real in self.real]
        rows = (
            (given[rows], (target - bias - hidden)[rows])
            for given, target, hidden, rows in zip(inputs, wanted, self.learnt, counted, strict=True)
        )
        gram, moments = normal_equations(layer.output.weight, layer.block, rows, intercept=layer.attention)
        try:
            scales = solver(gram, moments)[: len(layer.kept)]
        except np.linalg.LinAlgError:
            return None
        return scales if bool(np.all(np.abs(scales) <= LARGEST_SCALE)) else None

    def _counted(self, layer: SubLayer, real: Tensor) -> Tensor:
        """Which tokens [B, S] the least squares count."""
        if layer.attention or layer.layer < self.last_layer or not self.reads_first_token:
            return real
        first = torch.zeros_like(real)
        first[:, 0] = True
        return first


def normal_equations(
    weight: Tensor, block: int, rows: Iterable[tuple[Tensor, Tensor]], *, intercept: bool
) -> tuple[Vector, Vector]:
    """A^T A and A^T b of the least squares that finds scales of K heads or units, in float64.

    A row of A is one hidden dimension of one token; its column k is what head or unit k alone adds there, W_k x_k. So
    A^T A adds up, block by block, the entries of (W^T W) o (sum_t x_t x_t^T), and A is never built.

    Args:
        weight: [d, K * block], of the dense layer that ends the sub-layer.
        block: columns of it for each head or unit.
        rows: of each batch, the inputs x [T, K * block] and the targets b [T, d].
        intercept: add a last column of ones to A.

    Returns:
        (gram [K, K], moments [K]); one more row with an intercept.
    """
    w = weight.double()
    n = w.size(1)
    squares, products, sums = w.new_zeros(n, n), w.new_zeros(n), w.new_zeros(n)
    count, total = 0, w.new_zeros(())
    for x, b in rows:
        x, b = x.double(), b.double()
        squares += x.T @ x
        products += (x * (b @ w)).sum(0)
        sums += x.sum(0)
        count, total = count + b.numel(), total + b.sum()
    gram = ((w.T @ w) * squares).view(n // block, block, n // block, block).sum((1, 3))
    moments = products.view(-1, block).sum(1)
    if intercept:
        ones = (sums * w.sum(0)).view(-1, 1, block).sum(2)
        corner = w.new_full((1, 1), count)
        gram = torch.cat([torch.cat([gram, ones], 1), torch.cat([ones.T, corner], 1)])
        moments = torch.cat([moments, total.view(1)])
    return gram.cpu().numpy(), moments.cpu().numpy()

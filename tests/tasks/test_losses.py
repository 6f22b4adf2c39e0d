"""Losses against NumPy by hand, and their independence of padding."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from nasbench import rng
from nasbench.records import Head
from nasbench.tasks.losses import distillation_loss, task_loss


def draw(*shape: int, step: int = 0) -> torch.Tensor:
    return torch.from_numpy(rng.generator(0, "test", step).normal(size=shape))


def softmax(x: NDArray) -> NDArray:
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def kl(teacher: NDArray, student: NDArray, temperature: float) -> float:
    p, q = softmax(teacher / temperature), softmax(student / temperature)
    return float((p * np.log(p / q)).sum(-1).mean())


def test_classification_and_choice_are_cross_entropy() -> None:
    logits, labels = draw(4, 3), torch.tensor([0, 2, 1, 1])
    expected = -np.log(softmax(logits.numpy())[np.arange(4), labels.numpy()]).mean()
    for head in (Head.SEQUENCE_CLASSIFICATION, Head.MULTIPLE_CHOICE):
        assert float(task_loss(head, logits, {"labels": labels})) == pytest.approx(expected)


def test_regression_is_squared_error() -> None:
    values, labels = draw(4, 1), torch.tensor([0.5, 1.0, -1.0, 2.0])
    expected = ((values.numpy()[:, 0] - labels.numpy()) ** 2).mean()
    assert float(task_loss(Head.REGRESSION, values, {"labels": labels})) == pytest.approx(expected)


def qa_batch(lengths: list[int]) -> dict[str, torch.Tensor]:
    mask = torch.tensor([[int(i < n) for i in range(max(lengths))] for n in lengths])
    return {
        "attention_mask": mask,
        "start_positions": torch.tensor([1, 0]),
        "end_positions": torch.tensor([2, 1]),
    }


def test_question_answering_is_the_mean_over_start_and_end_within_real_tokens() -> None:
    logits = draw(2, 5, 2)
    batch = qa_batch([3, 5])
    rows = [softmax(logits[0, :3].numpy().T), softmax(logits[1, :5].numpy().T)]
    expected = -np.mean([np.log(rows[0][0, 1]), np.log(rows[1][0, 0]), np.log(rows[0][1, 2]), np.log(rows[1][1, 1])])
    assert float(task_loss(Head.QUESTION_ANSWERING, logits, batch)) == pytest.approx(expected)


def test_masked_lm_asks_only_where_there_is_a_label() -> None:
    logits, labels = draw(1, 3, 4), torch.tensor([[-100, 2, -100]])
    expected = -np.log(softmax(logits[0, 1].numpy())[2])
    assert float(task_loss(Head.MASKED_LM, logits, {"labels": labels})) == pytest.approx(expected)


@pytest.mark.parametrize("temperature", [1.0, 10.0])
def test_distillation_is_the_divergence_of_softened_outputs(temperature: float) -> None:
    student, teacher = draw(4, 3), draw(4, 3, step=1)
    expected = kl(teacher.numpy(), student.numpy(), temperature)
    for squared, factor in ((False, 1.0), (True, temperature**2)):
        found = distillation_loss(
            Head.SEQUENCE_CLASSIFICATION, student, teacher, {}, temperature=temperature, squared=squared
        )
        assert float(found) == pytest.approx(factor * expected)


def test_question_answering_distils_over_real_tokens_without_nan() -> None:
    student, teacher = draw(2, 5, 2).requires_grad_(), draw(2, 5, 2, step=1)
    lengths = [3, 5]
    loss = distillation_loss(
        Head.QUESTION_ANSWERING, student, teacher, qa_batch(lengths), temperature=2.0, squared=False
    )
    s, t = student.detach().numpy(), teacher.numpy()
    expected = np.mean([kl(t[b, :n, side], s[b, :n, side], 2.0) for b, n in enumerate(lengths) for side in (0, 1)])
    assert loss.item() == pytest.approx(expected)
    loss.backward()
    assert student.grad is not None
    assert torch.isfinite(student.grad).all()
    assert (student.grad[0, 3:] == 0).all()


def test_regression_distils_squared_error_and_the_teacher_gets_no_gradient() -> None:
    student, teacher = draw(4, 1).requires_grad_(), draw(4, 1, step=1).requires_grad_()
    loss = distillation_loss(Head.REGRESSION, student, teacher, {}, temperature=10.0, squared=True)
    assert loss.item() == pytest.approx(((student - teacher) ** 2).mean().item())
    loss.backward()
    assert teacher.grad is None

"""Extractive question answering over windows: long contexts are cut, answers become token spans and spans answers.

A window is [CLS] question [SEP] part of the context [SEP], or as the tokenizer puts pairs together.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from transformers import PreTrainedTokenizerFast

from nasbench.errors import InputError
from nasbench.tasks.base import Tokens
from nasbench.tasks.encoding import CHUNK, bounded_length, pack
from nasbench.tasks.metrics import squad_scores, squad_v2_scores

MIN_LENGTH = 16
"""Tokens that a window needs to hold some of a question and some of a context."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question in SQuAD's form.

    Attributes:
        answers: the accepted ones, of which the first is trained on; none if the context does not tell.
        starts: where in the context each of them begins, in characters.
    """

    id: str
    question: str
    context: str
    answers: tuple[str, ...]
    starts: tuple[int, ...]

    def content(self) -> list[Any]:
        """All but the name."""
        return [self.question, self.context, list(self.answers), list(self.starts)]


@dataclass(frozen=True, kw_only=True)
class Windowing:
    """How questions become windows, and outputs answers, all in tokens.

    Attributes:
        max_length: of a window.
        stride: overlap of a context's windows; at most half of the context that fits in one.
        max_question_length: of a question, in at most half a window; what is longer is cut.
        max_answer_length: of a predicted answer.
    """

    max_length: int
    stride: int
    max_question_length: int
    max_answer_length: int

    def __post_init__(self) -> None:
        if self.max_length < MIN_LENGTH:
            raise InputError(f"task.max_length must be at least {MIN_LENGTH} tokens, not {self.max_length}")
        if self.stride < 0:
            raise InputError(f"task.stride, an overlap in tokens, must not be negative, it is {self.stride}")
        for name in ("max_question_length", "max_answer_length"):
            if getattr(self, name) < 1:
                raise InputError(f"task.{name} must be at least 1 token, not {getattr(self, name)}")


@dataclass(frozen=True, kw_only=True)
class Windows:
    """The windows of a list of questions, those of a question side by side.

    Attributes:
        question: index of each window's question: [n].
        context: first position of each window's context and the one after its last: [n, 2].
        offsets: where each token begins and ends in its text, in characters: [sum(lengths), 2].
    """

    tokens: Tokens
    question: NDArray[np.int64]
    context: NDArray[np.int64]
    offsets: NDArray[np.int64]

    def context_offsets(self) -> Iterator[NDArray[np.int64]]:
        """Offsets of the tokens of each window's context."""
        begins = np.cumsum(self.tokens.lengths) - self.tokens.lengths
        for begin, (first, end) in zip(begins, self.context, strict=True):
            yield self.offsets[begin + first : begin + end]


def cut(questions: Sequence[Question], tokenizer: PreTrainedTokenizerFast, settings: Windowing) -> Windows:
    """Cut questions and their contexts into windows; each question has at least one."""
    sources: list[NDArray[np.int64]] = []
    parts: list[Tokens] = []
    contexts: list[tuple[int, int]] = []
    offsets: list[NDArray[np.int64]] = []
    for i in range(0, len(questions), CHUNK):
        encodings, source = _encode(questions[i : i + CHUNK], tokenizer, settings)
        sources.append(source + i)
        parts.append(pack(tokenizer, encodings))
        contexts += [_context(encoding.sequence_ids) for encoding in encodings]
        offsets += [np.asarray(encoding.offsets, dtype=np.int64) for encoding in encodings]
    return Windows(
        tokens=Tokens(
            columns={name: np.concatenate([p.columns[name] for p in parts]) for name in parts[0].columns},
            padding=parts[0].padding,
            lengths=np.concatenate([p.lengths for p in parts]),
        ),
        question=np.concatenate(sources),
        context=np.array(contexts, dtype=np.int64),
        offsets=np.concatenate(offsets),
    )


def _encode(
    questions: Sequence[Question], tokenizer: PreTrainedTokenizerFast, settings: Windowing
) -> tuple[Sequence[Any], NDArray[np.int64]]:
    """A fast tokenizer's encodings of all windows, and the question of each."""
    max_length = bounded_length(tokenizer, settings.max_length)
    most = min(settings.max_question_length, max_length // 2)
    alone = tokenizer(
        [q.question.strip() for q in questions], add_special_tokens=False, truncation=True, max_length=most
    )
    # A cut text may come out a token or two longer: half of the room is enough to spare for them.
    texts = [
        q.question.strip()[: e.offsets[-1][1] if e.offsets else 0]
        for q, e in zip(questions, alone.encodings, strict=True)
    ]
    longest = max(len(e.ids) for e in alone.encodings)
    room = max_length - longest - tokenizer.num_special_tokens_to_add(pair=True)
    pairs = tokenizer(
        texts,
        [q.context for q in questions],
        truncation="only_second",
        max_length=max_length,
        stride=min(settings.stride, room // 2),
        return_overflowing_tokens=True,
        return_offsets_mapping=True,
    )
    return pairs.encodings, np.asarray(pairs["overflow_to_sample_mapping"], dtype=np.int64)


def _context(sequence_ids: Sequence[int | None]) -> tuple[int, int]:
    """First position of the second sequence and the one after its last; equal where it is empty."""
    positions = np.flatnonzero(np.array([i == 1 for i in sequence_ids]))
    return (int(positions[0]), int(positions[-1]) + 1) if len(positions) else (0, 0)


def answer_positions(questions: Sequence[Question], windows: Windows) -> dict[str, NDArray[np.int64]]:
    """Positions of the first and last token of each window's answer, the question's first one: [n] each.

    A window that does not hold the whole answer, because it is elsewhere or there is none, points at position 0, [CLS],
    for both.
    """
    positions = np.zeros((len(windows.question), 2), dtype=np.int64)
    for i, offsets in enumerate(windows.context_offsets()):
        question = questions[windows.question[i]]
        if not question.answers:
            continue
        begin = question.starts[0]
        end = begin + len(question.answers[0])
        if len(offsets) and offsets[0, 0] <= begin and end <= offsets[-1, 1]:
            first = int(np.searchsorted(offsets[:, 1], begin, side="right"))
            last = int(np.searchsorted(offsets[:, 0], end, side="left")) - 1
            if first <= last:
                positions[i] = windows.context[i, 0] + np.array([first, last])
    return {"start_positions": positions[:, 0], "end_positions": positions[:, 1]}


def best_spans(
    start: NDArray[np.float32], end: NDArray[np.float32], allowed: NDArray[np.bool_], max_tokens: int
) -> tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.int64]]:
    """The span of each row with the largest sum of start and end logit: exact, over all spans up to a length.

    Args:
        start, end: logits [n, S].
        allowed: positions [n, S] that a span may begin and end at; contiguous in a row.
        max_tokens: of a span.

    Returns:
        Score, first and last position, [n] each; the score is minus infinity where nothing is allowed.
    """
    starts, ends = np.where(allowed, start, -np.inf), np.where(allowed, end, -np.inf)
    n, width = starts.shape
    rows = np.arange(n)
    score, first, last = np.full(n, -np.inf, dtype=np.float32), np.zeros(n, np.int64), np.zeros(n, np.int64)
    for extra in range(min(max_tokens, width)):
        sums = starts[:, : width - extra] + ends[:, extra:]
        position = sums.argmax(axis=1)
        found = sums[rows, position]
        better = found > score
        score = np.where(better, found, score)
        first, last = np.where(better, position, first), np.where(better, position + extra, last)
    return score, first, last


@dataclass(frozen=True, kw_only=True)
class SpanScorer:
    """Scores outputs over windows by the answers they stand for: of a question, the best span of all its windows.

    Attributes:
        null_threshold: a question has no answer if the null score, the smallest sum of start and end logit at [CLS] of
            its windows, exceeds its best span's by more (transformers' run_qa for SQuAD v2); None: all have one.
    """

    questions: Sequence[Question]
    windows: Windows
    max_answer_length: int
    null_threshold: float | None = None

    def __call__(self, outputs: Sequence[NDArray[np.float32]]) -> dict[str, float]:
        metrics = squad_scores if self.null_threshold is None else squad_v2_scores
        return metrics(self.answers(outputs), [question.answers for question in self.questions])

    def answers(self, outputs: Sequence[NDArray[np.float32]]) -> list[str]:
        """The predicted answer of each question, empty for none.

        Args:
            outputs: start and end logits [tokens, 2] of each window.
        """
        windows = self.windows
        logits = self._padded(outputs)
        position = np.arange(logits.shape[1])
        allowed = (windows.context[:, :1] <= position) & (position < windows.context[:, 1:])
        score, first, last = best_spans(logits[..., 0], logits[..., 1], allowed, self.max_answer_length)
        # The best window of each question, the first of equal ones.
        order = np.lexsort((-score, windows.question))
        chosen = order[np.unique(windows.question[order], return_index=True)[1]]
        answered = np.isfinite(score[chosen])
        if self.null_threshold is not None:
            answered &= self._null_score(logits) - score[chosen] <= self.null_threshold
        begins = (np.cumsum(windows.tokens.lengths) - windows.tokens.lengths)[chosen]
        from_character = windows.offsets[begins + first[chosen], 0]
        to_character = windows.offsets[begins + last[chosen], 1]
        spans = zip(self.questions, from_character, to_character, answered, strict=True)
        return [question.context[begin:end] if found else "" for question, begin, end, found in spans]

    def _padded(self, outputs: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
        """Logits of all windows, [n, longest, 2]."""
        logits = np.zeros((len(outputs), self.windows.tokens.lengths.max(), 2), dtype=np.float32)
        for row, output in zip(logits, outputs, strict=True):
            row[: len(output)] = output
        return logits

    def _null_score(self, logits: NDArray[np.float32]) -> NDArray[np.float32]:
        """Of each question."""
        first_windows = np.unique(self.windows.question, return_index=True)[1]
        smallest: NDArray[np.float32] = np.minimum.reduceat(logits[:, 0].sum(axis=1), first_windows)
        return smallest

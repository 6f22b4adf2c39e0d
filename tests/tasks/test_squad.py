from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nasbench.errors import InputError
from nasbench.tasks.base import Limits, Source, Split, TaskData
from nasbench.tasks.squad import Squad
from tests.tasks.conftest import Rows, Write

CONTEXT = "The tower was built by Ms Ada Fox in 1887, and it fell in 1912."
LIMITS = Limits(train=60, validation=20, test=30)


def rows(n: int, answer: str = "1887") -> Rows:
    return {
        "id": [f"q{i}" for i in range(n)],
        "title": ["Towers"] * n,
        "context": [f"Number {i}. {CONTEXT}" for i in range(n)],
        "question": [f"When was tower {i} built?" for i in range(n)],
        "answers": [{"text": [answer], "answer_start": [f"Number {i}. {CONTEXT}".index(answer)]} for i in range(n)],
    }


@pytest.fixture
def folder(tmp_path, write: Write):
    write(tmp_path / "train.parquet", rows(20))
    write(tmp_path / "validation.parquet", rows(8))
    return tmp_path


def local(folder: Any, **settings: Any) -> Squad:
    return Squad(source=Source.LOCAL, folder=str(folder), **settings)


def oracle(split: Split) -> list[np.ndarray]:
    """Logits that are sure of the targets; windows without the answer are sure of nothing."""
    outputs = [np.zeros((length, 2), np.float32) for length in split.lengths[:, 0]]
    for logits, start, end in zip(
        outputs, split.targets["start_positions"], split.targets["end_positions"], strict=True
    ):
        if start:
            logits[int(start), 0] = logits[int(end), 1] = 9
    return outputs


@pytest.mark.parametrize(("max_length", "stride"), [(384, 128), (160, 80)])
def test_gold_spans_of_the_real_squad_score_one(nasbench_data, bert, max_length, stride):
    """One answer of this subset has 64 tokens. Beyond it, one in 500 answers ends within a word and cannot be met."""
    task = local(nasbench_data / "squad", max_length=max_length, stride=stride, max_answer_length=64)
    data = task.load(bert, LIMITS)
    assert (data.train.examples, data.validation.examples, data.test.examples) == (60, 20, 30)
    for split in (data.train, data.validation, data.test):
        assert split.scores(oracle(split)) == {"f1": 1.0, "exact_match": 1.0}
        assert split.lengths.max() <= max_length
        assert len(split) > split.examples or max_length > 160


def test_real_squad_is_the_same_by_files_and_in_the_hubs_layout(nasbench_data, tmp_path, bert):
    source = nasbench_data / "squad"
    for split in ("train", "validation"):
        (tmp_path / "plain_text").mkdir(exist_ok=True)
        (tmp_path / "plain_text" / f"{split}-00000-of-00001.parquet").symlink_to(source / f"{split}.parquet")
    files = {split: str(source / f"{split}.parquet") for split in ("train", "validation")}
    named, hub = Squad(source=Source.LOCAL, files=files), Squad(source=Source.HUB, hub_path=str(tmp_path))
    assert named.load(bert, LIMITS).fingerprint == hub.load(bert, LIMITS).fingerprint


def test_facts_known_without_loading_hold_of_the_data(folder, bert):
    task = local(folder)
    data = task.load(bert, Limits())
    assert (data.head, data.num_labels, data.metric) == (task.head, task.num_labels, task.metric)
    assert (len(data.train), len(data.validation), len(data.test)) == (14, 6, 8)
    assert data.source_note == f"squad from local ({folder}): 14 training, 6 validation and 8 test questions"


def test_a_batch_has_what_models_and_losses_read(folder, bert):
    batch = local(folder).load(bert, Limits()).train.batch([0, 1, 2])
    assert set(batch) == {"input_ids", "attention_mask", "token_type_ids", "start_positions", "end_positions"}
    answers = [
        bert.decode(ids[start : end + 1])
        for ids, start, end in zip(batch["input_ids"], batch["start_positions"], batch["end_positions"], strict=True)
    ]
    assert answers == ["1887"] * 3


def test_every_accepted_answer_counts(tmp_path, write: Write, bert):
    data = rows(8)
    write(tmp_path / "train.parquet", data)
    for i in range(8):
        found = data["context"][i].index("1912")
        data["answers"][i]["text"].append("1912")
        data["answers"][i]["answer_start"].append(found)
    write(tmp_path / "validation.parquet", data)
    split = local(tmp_path).load(bert, Limits()).test
    outputs = oracle(split)
    for logits, ids in zip(outputs, (split.batch([i])["input_ids"][0] for i in range(8)), strict=True):
        position = ids.tolist().index(bert.convert_tokens_to_ids("1912"))
        logits[:] = 0
        logits[position] = 9
    assert split.scores(outputs) == {"f1": 1.0, "exact_match": 1.0}


def load(folder: Any, bert: Any) -> TaskData:
    return local(folder).load(bert, Limits())


@pytest.mark.parametrize(
    "spoil",
    [
        lambda answers: {**answers, "answer_start": [answers["answer_start"][0] + 1]},
        lambda answers: {**answers, "answer_start": [-1]},
        lambda answers: {**answers, "answer_start": [10_000]},
        lambda answers: {**answers, "answer_start": [None]},
        lambda answers: {**answers, "answer_start": [0, 1]},
        lambda answers: {**answers, "text": [""]},
        lambda answers: {"text": [], "answer_start": []},
    ],
)
def test_answers_that_are_not_in_the_context_are_counted_and_the_first_is_named(folder, write: Write, bert, spoil):
    data = rows(20)
    for i in (7, 12):
        data["answers"][i] = spoil(data["answers"][i])
    write(folder / "train.parquet", data)
    with pytest.raises(InputError, match=r"2 of 20 questions have no answer .* the first of them 'q7'"):
        load(folder, bert)


def test_a_missing_text_is_named(folder, write: Write, bert):
    data = rows(20)
    data["context"][3] = None
    write(folder / "train.parquet", data)
    with pytest.raises(InputError, match="question 'q3' has no text in the column context, but None"):
        load(folder, bert)


def test_answers_in_another_form_are_refused(folder, write: Write, bert):
    write(folder / "train.parquet", {**rows(20), "answers": ["1887"] * 20})
    with pytest.raises(InputError, match="column answers must hold text and answer_start"):
        load(folder, bert)


def test_a_missing_column_is_named(folder, write: Write, bert):
    data = rows(20)
    del data["question"]
    write(folder / "train.parquet", data)
    with pytest.raises(InputError, match=r"has no column question: .* there are id, title, context, answers"):
        load(folder, bert)


def test_one_question_cannot_be_divided(folder, write: Write, bert):
    write(folder / "train.parquet", rows(1))
    with pytest.raises(InputError, match="1 examples are too few"):
        load(folder, bert)


def test_the_fingerprint_is_of_content_not_of_names_or_unused_columns(folder, write: Write, bert, tmp_path):
    data = {**rows(20), "id": [f"other{i}" for i in range(20)], "title": ["?"] * 20}
    write(tmp_path / "elsewhere" / "train.parquet", data)
    write(tmp_path / "elsewhere" / "validation.parquet", rows(8))
    same = load(tmp_path / "elsewhere", bert).fingerprint
    assert same == load(folder, bert).fingerprint
    assert same != local(folder, stride=64).load(bert, Limits()).fingerprint
    data["answers"][0] = {"text": ["1912"], "answer_start": [data["context"][0].index("1912")]}
    write(tmp_path / "elsewhere" / "train.parquet", data)
    assert load(tmp_path / "elsewhere", bert).fingerprint != same

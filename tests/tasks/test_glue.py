from __future__ import annotations

from typing import Any

import datasets
import numpy as np
import pytest

from nasbench.errors import InputError
from nasbench.tasks.base import Limits, Source
from nasbench.tasks.glue import TextClassification
from nasbench.tasks.metrics import ClassificationMetric
from tests.tasks.conftest import Rows, Write

RTE: dict[str, Any] = {
    "name": "rte",
    "hub_path": "nyu-mll/glue",
    "hub_name": "rte",
    "text_columns": ("sentence1", "sentence2"),
    "labels": ("entailment", "not_entailment"),
}


def rows(n: int) -> Rows:
    return {
        "sentence1": [f"It rains on day {i}." for i in range(n)],
        "sentence2": ["It rains."] * n,
        "label": [i % 2 for i in range(n)],
    }


def local(folder: Any, **settings: Any) -> TextClassification:
    return TextClassification(**{**RTE, "source": Source.LOCAL, "folder": str(folder), **settings})


@pytest.fixture
def folder(tmp_path, write: Write):
    write(tmp_path / "train.parquet", rows(20))
    write(tmp_path / "validation.parquet", rows(6))
    return tmp_path


def test_the_real_rte_is_divided_and_scored_as_published(nasbench_data, bert):
    data = local(nasbench_data / "glue" / "rte").load(bert, Limits())
    assert (len(data.train), len(data.validation), len(data.test)) == (1743, 747, 277)
    labels = data.test.targets["labels"]
    assert int((labels == 0).sum()) == 146  # entailments of the official validation set
    always = data.test.scores([np.array([1.0, 0.0], np.float32)] * 277)
    assert always == pytest.approx({"accuracy": 146 / 277})


def test_the_real_rte_is_the_same_in_the_hubs_layout(nasbench_data, tmp_path, bert):
    (tmp_path / "rte").mkdir()
    for split in ("train", "validation"):
        source = nasbench_data / "glue" / "rte" / f"{split}.parquet"
        (tmp_path / "rte" / f"{split}-00000-of-00001.parquet").symlink_to(source)
    hub = TextClassification(**{**RTE, "source": Source.HUB, "hub_path": str(tmp_path)})
    limits = Limits(train=40, validation=20, test=20)
    expected = local(nasbench_data / "glue" / "rte").load(bert, limits)
    assert hub.load(bert, limits).fingerprint == expected.fingerprint


def test_labels_stay_with_their_texts(folder, bert):
    data = local(folder).load(bert, Limits())
    seen = set()
    for split in (data.train, data.validation):
        batch = split.batch(range(len(split)))
        for ids, label in zip(batch["input_ids"], batch["labels"].tolist(), strict=True):
            first, second, *_ = bert.decode(ids).split(" [SEP]")
            day = int(first.removeprefix("[CLS] it rains on day ").removesuffix("."))
            assert (second.strip(), label) == ("it rains.", day % 2)
            seen.add(day)
    assert seen == set(range(20))


def test_accuracy_is_of_the_largest_logit(folder, bert):
    split = local(folder).load(bert, Limits()).test
    right = [np.eye(2, dtype=np.float32)[label] for label in split.targets["labels"]]
    assert split.scores(right) == {"accuracy": 1.0}
    assert split.scores([-right[0], *right[1:]]) == pytest.approx({"accuracy": 5 / 6})


def test_texts_are_cut_to_the_shorter_of_max_length_and_positions(folder, bert, monkeypatch):
    assert local(folder, max_length=10).load(bert, Limits()).train.lengths.max() == 10
    monkeypatch.setattr(bert, "model_max_length", 9)
    data = local(folder).load(bert, Limits())
    assert data.max_length == 9 == data.train.lengths.max()


def test_one_text_column_is_enough(folder, bert):
    data = local(folder, text_columns=("sentence2",)).load(bert, Limits())
    assert bert.decode(data.train.batch([0])["input_ids"][0]) == "[CLS] it rains. [SEP]"


def test_the_metric_is_the_one_configured_and_accuracy_stands_beside_it(folder, bert):
    """Labels are 0, 1, 0, 1, 0, 1; the prediction is 1 of the last four: TP 2, FP 2, FN 1, TN 1."""
    outputs = [np.eye(2, dtype=np.float32)[int(i > 1)] for i in range(6)]
    expected = {
        ClassificationMetric.F1: 4 / 7,
        ClassificationMetric.MATTHEWS: (2 * 1 - 2 * 1) / 36**0.5,
        ClassificationMetric.ACCURACY: 1 / 2,
    }
    for metric, value in expected.items():
        data = local(folder, metric=metric).load(bert, Limits())
        assert data.metric == str(metric)
        assert data.test.scores(outputs) == pytest.approx({str(metric): value, "accuracy": 1 / 2})


def spoilt(column: str, row: int, value: Any) -> Rows:
    data = rows(20)
    data[column][row] = value
    return data


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (spoilt("label", 3, 2), r"from 0 to 1 \(entailment, not_entailment\), but 1 of 20 rows are not: row 3 has 2"),
        (spoilt("label", 3, -1), "row 3 has -1, which on the hub marks a test set without labels"),
        (spoilt("label", 3, None), "column label must hold integers from 0 to 1, not None"),
        ({**rows(20), "label": [0.5] * 20}, "column label must hold integers from 0 to 1, not 0.5"),
        ({**rows(20), "label": ["entailment"] * 20}, "must hold integers from 0 to 1, not 'entailment'"),
        ({**rows(20), "label": [True] * 20}, "must hold integers from 0 to 1, not True"),
        (spoilt("sentence2", 5, None), "column sentence2 must hold text, but row 5 has None"),
        ({**rows(20), "sentence1": [1] * 20}, "column sentence1 must hold text, but row 0 has 1"),
        ({**rows(20), "sentence1": ["x"] * 20, "label": rows(20)["label"][:0] + [3] * 20}, "20 of 20 rows are not"),
    ],
)
def test_rows_that_do_not_fit_are_told(folder, write: Write, bert, data, message):
    write(folder / "train.parquet", data)
    with pytest.raises(InputError, match=message):
        local(folder).load(bert, Limits())


def test_classes_in_another_order_are_refused(folder, bert):
    features = datasets.Features(
        {
            "sentence1": datasets.Value("string"),
            "sentence2": datasets.Value("string"),
            "label": datasets.ClassLabel(names=["not_entailment", "entailment"]),
        }
    )
    datasets.Dataset.from_dict(rows(20), features=features).to_parquet(folder / "train.parquet")
    with pytest.raises(InputError, match=r"has the classes not_entailment, entailment, where task\.labels has"):
        local(folder).load(bert, Limits())


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"text_columns": ()}, "must name one column or two, not 0"),
        ({"labels": ("one",)}, "at least two classes, not 1"),
        ({"max_length": 4}, "task.max_length must be at least 8 tokens, not 4"),
        ({"labels": ("a", "b", "c"), "metric": ClassificationMetric.F1}, "task.metric=f1 is of two classes, not of 3"),
        ({"source": Source.EMBEDDED}, "no embedded data"),
        ({"validation_share": 1.5}, "task.validation_share must be between 0 and 1"),
    ],
)
def test_settings_out_of_range_are_refused(tmp_path, settings, message):
    with pytest.raises(InputError, match=message):
        local(tmp_path, **settings)

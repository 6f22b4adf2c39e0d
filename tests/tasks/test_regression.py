"""Regression tasks: STS-B."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from scipy import stats

from nasbench.errors import InputError
from nasbench.records import Head
from nasbench.tasks.base import Limits, Source
from nasbench.tasks.glue import TextRegression
from nasbench.tasks.metrics import RegressionMetric
from tests.tasks.conftest import Rows, Write

STSB: dict[str, Any] = {
    "name": "stsb",
    "hub_path": "nyu-mll/glue",
    "hub_name": "stsb",
    "text_columns": ("sentence1", "sentence2"),
    "lowest": 0.0,
    "highest": 5.0,
}


def rows(n: int) -> Rows:
    return {
        "sentence1": [f"{i} cats sleep." for i in range(n)],
        "sentence2": ["Cats sleep."] * n,
        "label": [i / 4 for i in range(n)],
    }


def local(folder: Any, **settings: Any) -> TextRegression:
    return TextRegression(**{**STSB, "source": Source.LOCAL, "folder": str(folder), **settings})


@pytest.fixture
def folder(tmp_path, write: Write):
    write(tmp_path / "train.parquet", rows(20))
    write(tmp_path / "validation.parquet", rows(10))
    return tmp_path


def test_the_real_stsb_is_scored_as_scipy_does(nasbench_data, bert):
    data = local(nasbench_data / "glue" / "stsb").load(bert, Limits())
    assert (len(data.train), len(data.validation), len(data.test)) == (4024, 1725, 1500)
    assert (data.head, data.num_labels, data.metric) == (Head.REGRESSION, 1, "spearman")
    noisy = data.test.targets["labels"] + np.random.default_rng(0).normal(size=1500)
    scores = data.test.scores(list(noisy.astype(np.float32)[:, None]))
    expected = {
        "spearman": stats.spearmanr(noisy, data.test.targets["labels"]).statistic,
        "pearson": stats.pearsonr(noisy, data.test.targets["labels"]).statistic,
    }
    assert scores == pytest.approx(expected, abs=1e-5)
    assert 0.5 < scores["spearman"] < 0.95


def test_labels_are_values_that_stay_with_their_texts(folder, bert):
    batch = local(folder).load(bert, Limits()).train.batch(range(14))
    assert batch["labels"].dtype == torch.float32
    for ids, label in zip(batch["input_ids"], batch["labels"].tolist(), strict=True):
        cats = int(bert.decode(ids).removeprefix("[CLS] ").split()[0])
        assert label == cats / 4


def test_a_constant_prediction_scores_zero(folder, bert):
    split = local(folder).load(bert, Limits()).test
    assert split.scores([np.array([2.5], np.float32)] * 10) == {"spearman": 0.0, "pearson": 0.0}


def test_the_metric_is_the_one_configured(folder, bert):
    task = local(folder, metric=RegressionMetric.PEARSON)
    data = task.load(bert, Limits())
    assert (task.metric, data.metric) == ("pearson", "pearson")
    assert data.fingerprint != local(folder).load(bert, Limits()).fingerprint


def test_the_fingerprint_is_the_same_from_parquet_and_csv(folder, tmp_path, bert):
    for split, n in (("train", 20), ("validation", 10)):
        data = rows(n)
        lines = [",".join(map(str, row)) for row in zip(*data.values(), strict=True)]
        (tmp_path / "csv").mkdir(exist_ok=True)
        (tmp_path / "csv" / f"{split}.csv").write_text("\n".join([",".join(data), *lines]) + "\n")
    assert local(tmp_path / "csv").load(bert, Limits()).fingerprint == local(folder).load(bert, Limits()).fingerprint


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([-1.0] * 20, "20 of 20 rows are not: row 0 has -1.0, which on the hub marks a test set without labels"),
        ([*[1.0] * 19, 6.0], "column label must be from 0 to 5, but 1 of 20 rows are not: row 19 has 6.0"),
        (["much"] * 20, "column label must hold numbers from 0 to 5, not 'much'"),
    ],
)
def test_labels_that_do_not_fit_are_told(folder, write: Write, bert, labels, message):
    write(folder / "train.parquet", {**rows(20), "label": labels})
    with pytest.raises(InputError, match=message):
        local(folder).load(bert, Limits())


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"lowest": 5.0}, r"task\.lowest=5 must be less than task\.highest=5"),
        ({"text_columns": ("a", "b", "c")}, "must name one column or two, not 3"),
        ({"max_length": 4}, "task.max_length must be at least 8 tokens, not 4"),
    ],
)
def test_settings_out_of_range_are_refused(tmp_path, settings, message):
    with pytest.raises(InputError, match=message):
        local(tmp_path, **settings)

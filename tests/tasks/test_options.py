"""The tasks and experiments of the configuration folder: official names, splits, classes and metrics."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from nasbench import compose
from nasbench.config import build
from nasbench.tasks.base import Limits, TaskData
from tests.conftest import REPOSITORY

CONF = compose.conf_dir()
NEEDED = ("rte", "mrpc", "stsb", "cola", "imdb", "sst2", "swag", "qnli", "squad", "squad_v2")
"""The tasks of Klein et al. 2024, and SQuAD."""

MODELS = {"bert": "bert-base-cased", "roberta": "roberta-base"}
FEW = Limits(train=16, validation=8, test=12)


def option(name: str, source: str = "local", **settings: Any) -> Any:
    """A task as its yaml describes it."""
    node = yaml.safe_load((CONF / "task" / f"{name}.yaml").read_text())
    return build({**node, "source": source, **settings}, "task")


def located(name: str, data: Path) -> dict[str, Any]:
    """Where the real data of a task lies."""
    official = {
        "qnli": {
            "train": data / "qnli_from_squad" / "train.parquet",
            "validation": data / "glue" / "qnli" / "validation.parquet",
        },
        "squad_v2": dict.fromkeys(("train", "validation"), data / "squad_v2" / "validation.parquet"),
    }
    if name in official:
        return {"files": {split: str(file) for split, file in official[name].items()}}
    glue = data / "glue" / name
    return {"folder": str(glue if glue.is_dir() else data / name)}


LOCAL = sorted(
    path.stem
    for path in (CONF / "task").glob("*.yaml")
    if {"folder", "files"} <= yaml.safe_load(path.read_text()).keys()
)


@pytest.mark.parametrize("name", LOCAL)
def test_real_data_is_loaded_within_limits_and_scored(name, nasbench_data, bert):
    """Columns, and names of classes in the order that the files themselves have, are checked by loading."""
    task = option(name, **located(name, nasbench_data))
    data: TaskData = task.load(bert, FEW)
    assert [split.examples for split in (data.train, data.validation, data.test)] == [16, 8, 12]
    assert (data.head, data.num_labels, data.metric) == (task.head, task.num_labels, task.metric)
    width = {"question_answering": 2, "multiple_choice": 4, "regression": 1}.get(data.head, data.num_labels)
    shapes = [(n, 2) if data.head == "question_answering" else (width,) for n in data.test.lengths[:, 0]]
    scores = data.test.scores([np.zeros(shape, np.float32) for shape in shapes])
    assert all(-1 <= value <= 1 for value in scores.values())
    assert data.metric in scores


@pytest.mark.parametrize(
    ("name", "metrics", "counts"),
    [
        ("rte", ["accuracy"], [146, 131]),
        ("mrpc", ["f1", "accuracy"], [129, 279]),
        ("cola", ["matthews", "accuracy"], [322, 721]),
        ("sst2", ["accuracy"], [428, 444]),
    ],
)
def test_classes_are_numbered_as_published(name, metrics, counts, nasbench_data, bert):
    test = option(name, **located(name, nasbench_data)).load(bert, Limits(train=4, validation=4)).test
    labels = test.targets["labels"]
    assert np.bincount(labels).tolist() == counts
    scores = test.scores([np.array([0, 1], np.float32)] * len(labels))  # always class 1
    share = counts[1] / sum(counts)
    expected = {"accuracy": share, "f1": 2 * share / (1 + share), "matthews": 0.0}
    assert scores == pytest.approx({metric: expected[metric] for metric in metrics})


@pytest.mark.parametrize(
    ("name", "hub"),
    [
        *((name, ("nyu-mll/glue", name, "validation")) for name in ("rte", "mrpc", "stsb", "cola", "sst2", "qnli")),
        ("imdb", ("stanfordnlp/imdb", "plain_text", "test")),
        ("swag", ("allenai/swag", "regular", "validation")),
        ("squad", ("rajpurkar/squad", "plain_text", "validation")),
        ("squad_v2", ("rajpurkar/squad_v2", "squad_v2", "validation")),
    ],
)
def test_hub_names_and_test_splits_are_the_published_ones(name, hub):
    task = option(name, source="hub")
    assert (task.hub_path, task.hub_name, task.test_split) == hub


@pytest.mark.parametrize("name", ["stsb", "swag", "imdb"])
def test_the_hubs_layout_gives_the_same_data(name, nasbench_data, tmp_path, bert):
    local = located(name, nasbench_data)
    whole = option(name, **local)
    folder = tmp_path / whole.hub_name
    folder.mkdir()
    for split in ("train", whole.test_split):
        (folder / f"{split}-00000-of-00001.parquet").symlink_to(Path(local["folder"]) / f"{split}.parquet")
    hub = option(name, source="hub", hub_path=str(tmp_path))
    assert hub.load(bert, FEW).fingerprint == whole.load(bert, FEW).fingerprint


def test_shares_are_70_and_30_by_one_seed_in_every_task():
    for name in LOCAL:
        node = yaml.safe_load((CONF / "task" / f"{name}.yaml").read_text())
        assert (node["split_seed"], node["validation_share"]) == (128, 0.3), name


EXPERIMENTS = [(task, model) for task in NEEDED for model in MODELS]


@pytest.mark.parametrize(("task", "model"), EXPERIMENTS)
def test_each_task_has_an_experiment_of_each_model_with_the_methods_of_all(task, model):
    node = yaml.safe_load((CONF / "experiment" / f"{task}_{model}.yaml").read_text())
    first = yaml.safe_load((CONF / "experiment" / "rte_bert.yaml").read_text())
    assert node["sources"] == {"hub": [f"model={model}", f"task={task}"], "local": ["model=local", f"task={task}"]}
    assert {**node, "sources": None} == {**first, "sources": None}


@pytest.mark.parametrize(("task", "model"), [("rte", "bert"), ("stsb", "roberta"), ("squad_v2", "bert")])
def test_an_experiment_is_the_published_protocol_on_the_hubs_checkpoint(task, model):
    (run,) = compose.experiment([f"+experiment={task}_{model}", "method=ws_nas", "seed=3"]).runs
    training = run.science["training"]
    assert (run.source, run.scale, run.science["task"]["name"]) == ("hub", "paper", task)
    assert build(dict(run.science["model"]), "model").label == MODELS[model]
    assert (training["epochs"], training["batch_size"], training["learning_rate"]) == (5, 4, 2e-5)
    assert {run.science["limits"][split] for split in ("train", "validation", "test")} == {None}


def test_a_published_experiment_has_ten_seeds():
    runs = compose.experiment(["+experiment=mrpc_bert", "method=unpruned"]).runs
    assert [run.science["seed"] for run in runs] == list(range(10))


OFFICIAL = {
    "rte": (2490, 277),
    "mrpc": (3668, 408),
    "stsb": (5749, 1500),
    "cola": (8551, 1043),
    "imdb": (25000, 25000),
    "sst2": (67349, 872),
    "swag": (73546, 20006),
    "qnli": (104743, 5463),
    "squad": (87599, 10570),
    "squad_v2": (130319, 11873),
}
"""Examples of the published training sets, and of the splits that are tested on."""


def test_the_documented_tasks_are_those_there_are_with_the_sizes_and_metrics_they_have():
    page = (REPOSITORY / "docs" / "tasks.md").read_text()
    table = [
        line.strip("|").split("|") for line in page.splitlines() if line.startswith("| `") and line.count("|") == 8
    ]
    found = {cells[0].strip(" `"): [cell.strip() for cell in cells] for cells in table}
    assert found.keys() == {path.stem for path in (CONF / "task").glob("*.yaml")}
    for name, (training, testing) in OFFICIAL.items():
        task = option(name, source="hub")
        train, validation, test = task.holdout.partition(training, testing, Limits())
        assert found[name][4] == f"{len(train):,} / {len(validation):,} / {len(test):,}"
        assert found[name][2].lower().startswith(task.metric)
        assert found[name][5] == f"`{task.hub_path}`, `{task.hub_name}`"

"""Whole runs on each kind of task: a super-network distilled in place, and sub-networks fine-tuned by themselves."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from nasbench import compose
from nasbench.results import Run, read_run
from nasbench.run import assemble
from tests.tasks.conftest import Rows, Write
from tests.tasks.test_options import LOCAL, located

SMALL = ("limits.train=16", "limits.validation=8", "limits.test=8", "training.batch_size=8")


def run(results: Path, *overrides: str) -> Run:
    """One method on a random two-layer network, from the user's files."""
    chosen = ["+experiment=squad_distilbert", "source=local", "model=tiny", "scale=smoke", f"runtime.results={results}"]
    (spec,) = compose.experiment([*chosen, *overrides]).runs
    assembled = assemble(spec)
    assembled.execute(lambda progress: None)
    return read_run(assembled.path)


def check(finished: Run, metric: str, others: set[str]) -> None:
    """Rows have the task's metrics, the objective is one minus the main one, and the front was tested."""
    assert finished.end is not None
    assert finished.header.metric == metric
    assert finished.trials
    assert finished.tests
    for trial in finished.trials:
        assert trial.ok
        assert trial.evaluation.scores.keys() == {metric, *others, "loss"}
        assert trial.evaluation.validation["error"] == pytest.approx(1 - trial.evaluation.scores[metric])
    for test in finished.tests:
        assert test.objectives["error"] == pytest.approx(1 - test.scores[metric])
    for phase in finished.phases:
        assert math.isfinite(phase.scores["loss"])


def sentences(n: int, labels: list[float] | list[int]) -> Rows:
    return {"sentence1": [f"It rains on day {i}." for i in range(n)], "sentence2": ["It rains."] * n, "label": labels}


def endings(n: int) -> Rows:
    said = {f"ending{c}": [f"barks at cat {c} on day {i}." for i in range(n)] for c in range(4)}
    label = [i % 4 for i in range(n)]
    return {"sent1": ["The dog sees cats."] * n, "sent2": ["It"] * n, **said, "label": label}


@pytest.mark.parametrize(("method", "strategy"), [("ws_nas", "full"), ("ws_nas", "kd"), ("s_nas", "standard")])
def test_regression_runs_and_distils(tmp_path, write: Write, method, strategy):
    values = np.linspace(0, 5, 40).tolist()
    for split in ("train", "validation"):
        write(tmp_path / f"{split}.parquet", sentences(40, values))
    finished = run(
        tmp_path / "results", "task=stsb", f"method={method}", f"strategy={strategy}", f"task.folder={tmp_path}", *SMALL
    )
    check(finished, "spearman", {"pearson"})


@pytest.mark.parametrize(("method", "strategy"), [("ws_nas", "full"), ("s_nas", "standard")])
def test_multiple_choice_runs_and_distils(tmp_path, write: Write, method, strategy):
    for split in ("train", "validation"):
        write(tmp_path / f"{split}.parquet", endings(40))
    finished = run(
        tmp_path / "results", "task=swag", f"method={method}", f"strategy={strategy}", f"task.folder={tmp_path}", *SMALL
    )
    check(finished, "accuracy", set())


def test_files_of_any_names_may_stand_for_the_splits(tmp_path, write: Write):
    """As with QNLI, whose training set may come from elsewhere than its validation set."""
    for name in ("one", "two"):
        data = sentences(40, [i % 2 for i in range(40)])
        data["question"], data["sentence"] = data.pop("sentence1"), data.pop("sentence2")
        write(tmp_path / f"{name}.parquet", data)
    files = f"{{train: {tmp_path / 'one.parquet'}, validation: {tmp_path / 'two.parquet'}}}"
    check(
        run(tmp_path / "results", "task=qnli", "method=unpruned", f"task.files={files}", *SMALL),
        "accuracy",
        set(),
    )


METRICS = {
    **dict.fromkeys(("rte", "sst2", "qnli", "imdb", "swag", "codah", "wiki_next_sentence"), ("accuracy", set())),
    "mrpc": ("f1", {"accuracy"}),
    "cola": ("matthews", {"accuracy"}),
    "stsb": ("spearman", {"pearson"}),
    "squad": ("f1", {"exact_match"}),
    "squad_v2": (
        "f1",
        {"exact_match", "has_answer_f1", "has_answer_exact_match", "no_answer_f1", "no_answer_exact_match"},
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("method", ["ws_nas", "s_nas"])
@pytest.mark.parametrize("name", LOCAL)
def test_each_task_runs_on_real_data(name, method, nasbench_data, tmp_path):
    where = located(name, nasbench_data)
    files = where.get("files", {})
    place = f"task.folder={where['folder']}" if "folder" in where else f"task.files={files}".replace("'", "")
    finished = run(tmp_path, f"task={name}", f"method={method}", place)
    check(finished, *METRICS[name])
    assert finished.header.source == "local"

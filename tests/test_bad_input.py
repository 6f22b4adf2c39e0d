"""Bad input of every kind: one sentence that names the value and what would be right, exit code 2, nothing written."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

import analysis.cli
import leaderboard.cli
import nasbench.cli
from tests import bad_files
from tests.capabilities import as_anyone
from tests.conftest import REPOSITORY

Main = Callable[[Sequence[str]], int]
Case = tuple[str, list[str]]

LIMIT_SECONDS = 6.0

SETTINGS: list[Case] = [
    ("methods=[]", ["methods and seeds must each name at least one"]),
    ("seeds=[]", ["methods and seeds must each name at least one"]),
    ("methods=[ws_nas,nope]", ["method=nope does not exist"]),
    ("methods=ws_nas", ["configuration.methods", "'ws_nas'"]),
    ("seeds=[zero]", ["configuration.seeds", "zero"]),
    ("seed=", ["seed"]),
    ("seed=1.5", ["seed", "1.5"]),
    ("seed=99999999999999999999", ["seed", "99999999999999999999"]),
    ("seeds=[0,-99999999999999999999]", ["seed", "-99999999999999999999"]),
    ("seed=${seed}", ["seed=${seed} has no value, for it refers to itself"]),
    ("training.epochs=${training.epochs}", ["training.epochs=${training.epochs} has no value"]),
    ("training.epochs=${nowhere}", ["nowhere"]),
    ("training.epochs=${oc.env:NASBENCH_NOT_SET}", ["NASBENCH_NOT_SET"]),
    ("training.epochs=0", ["training.epochs", "0"]),
    ("training.batch_size=-4", ["training.batch_size", "-4"]),
    ("training.learning_rate=nan", ["training.learning_rate", "nan"]),
    ("training.warmup=2", ["training.warmup", "2"]),
    ("training.weight_decay=-1", ["training.weight_decay", "-1"]),
    ("training.weight_decay=nan", ["training.weight_decay", "nan"]),
    ("training.clip=0", ["training.clip", "0"]),
    ("training.scoring_batch_size=0", ["training.scoring_batch_size", "0"]),
    ("training=null", ["training must be chosen"]),
    ("training.epochs=null", ["training.epochs"]),
    ("training.epochs=[1]", ["training.epochs"]),
    ("training.epochs={a: 1}", ["training.epochs"]),
    ("training.epochs=true", ["training.epochs"]),
    ("budget.amount=inf", ["budget.amount", "inf"]),
    ("budget.amount=1e400", ["budget.amount", "inf"]),
    ("budget=nope", ["budget=nope", "epochs"]),
    ("limits.validation=1e18", ["limits.validation", "1e+18"]),
    ("limits.test=-1", ["limits.test", "-1"]),
    ("objective=[]", ["objective=[error,size]"]),
    ("objective=[error,latency]", ["objective=latency does not exist"]),
    ("search.batch_size=0", ["search.batch_size", "0"]),
    ("search.max_trials=0", ["search.max_trials", "0"]),
    ("space=huge", ["space=huge", "large"]),
    ("space.units_step=0", ["space.units_step", "0"]),
    ("strategy=sandwhich", ["strategy=sandwhich", "sandwich"]),
    ("scale=tiny", ["scale=tiny"]),
    ("source=nowhere", ["source=nowhere", "embedded"]),
    ("task=bbc_cloz", ["task=bbc_cloz", "bbc_cloze"]),
    ("model.layers=0", ["model.layers", "0"]),
    ("model.dropout=1", ["model.dropout", "1"]),
    ("model.family=gpt2", ["gpt2"]),
    ("method=wś_nas", ["method=wś_nas"]),
    ("méthode=ws_nas", ["méthode"]),
    ("method=" + "x" * 5000, ["does not exist"]),
    ("method=../../etc/passwd", ["passwd does not exist"]),
    ("method._target_=antigravity.Part", ["antigravity.Part", "nasbench and baselines"]),
    ("method._target_=os.system", ["os.system", "no dataclass"]),
    ("+method.extra=1", ["method.extra is not a setting"]),
    ("+new=1", ["new is not a setting"]),
    ("runtime.threads=0", ["runtime.threads", "0"]),
    ("runtime.workers=none", ["runtime.workers", "none"]),
    ("runtime.checkpoint_minutes=-1", ["runtime.checkpoint_minutes", "-1"]),
    ("runtime.device=cuda:x", ["runtime.device", "cuda:x"]),
    ("runtime.device=cuda:99", ["runtime.device=cuda:99"]),
    ("runtime.results={file}", ["is a file"]),
    ("runtime.results={loop}", ["loop", "leads nowhere"]),
    ("dry_run=maybe", ["dry_run", "maybe"]),
    ("+sweep=klein_fig5", ["--multirun"]),
]
"""An override of the smoke experiment's weight-sharing run, and what the sentence must hold."""

DATA: list[Case] = [
    ("nowhere", ["nowhere", "is not a folder"]),
    ("file", ["file", "is not a folder"]),
    ("loop", ["loop", "is not a folder"]),
    ("empty folder", ["no data of the split train"]),
    ("columnless", ["has no column sentence2"]),
    ("numbered", ["column sentence2 must hold text", "3"]),
    ("worded", ["column label must hold integers", "'yes'"]),
    ("outside", ["column label must be from 0 to 1", "row 19 has 7"]),
    ("unlabelled", ["row 0 has -1"]),
    ("few", ["1"]),
    ("cut", ["train.parquet", "cut short"]),
    ("latin", ["train.jsonl"]),
    ("blank", ["train.jsonl", "empty"]),
    ("both", ["more than one form of the split train"]),
    ("nested", ["train"]),
    ("closed", ["train.jsonl", "Permission denied"]),
]
"""A folder of data, and what the sentence must hold."""

CHECKPOINTS: list[Case] = [
    ("nowhere", ["nowhere is no folder"]),
    ("file", ["file is no folder"]),
    ("bare", ["bare has no config.json"]),
    ("garbled", ["garbled"]),
    ("modelless", ["model_type"]),
    ("listed", ["model_type"]),
    ("unknown", ["mamba"]),
]

RUNS: list[Case] = [
    ("nowhere", ["there is no run file"]),
    ("empty folder", ["cannot be read", "Is a directory"]),
    ("loop", ["cannot be read"]),
    ("secret", ["cannot be read", "Permission denied"]),
    ("empty", ["no whole header"]),
    ("binary", ["line 1"]),
    ("truncated", ["no whole header"]),
    ("headless", ["line 1", "not the header row"]),
    ("version", ["schema version 99", "version 1"]),
    ("mistyped", ["line 1", 'seed of a header row is "three"', "an integer"]),
    ("lacking", ["line 1", "without method"]),
    ("escaping", ["experiment of a header row", "a name of a file"]),
    ("controls", ["method of a header row", "printable"]),
    ("zero", ["epoch_macs of a header row is 0", "at least 1"]),
    ("lone", ["no JSON"]),
    ("deep", ["line 2", "nested too deeply"]),
    ("huge", ["cost of a trial row", "an integer of at least 0"]),
    ("skipping", ["trial 3 where trial 0 comes next"]),
    ("late", ["parent of trial 0 is 5"]),
    ("notanumber", ["line 2", "NaN is not a finite number"]),
]
"""A run file, and what the sentence must hold, whatever reads it."""

COMMANDS: list[tuple[Main, list[str], list[str]]] = [
    (nasbench.cli.main, ["rerun", "{foreign}"], ["antigravity.Part", "nasbench and baselines"]),
    (nasbench.cli.main, ["rerun", "{cyclic}"], ["batch_size"]),
    (nasbench.cli.main, ["rerun", "{threadless}"], ["makes no run", "'threads'"]),
    (nasbench.cli.main, ["rerun", "{modelless run}"], ["makes no run", "'model'"]),
    (nasbench.cli.main, ["export", "{run}", "--trial", "99", "--out", "x"], ["trials 0 to 3, not 99"]),
    (nasbench.cli.main, ["export", "{run}", "--trial", "-1", "--out", "x"], ["trials 0 to 3, not -1"]),
    (nasbench.cli.main, ["status", "{empty folder}"], ["holds no run files"]),
    (nasbench.cli.main, ["status", "{file}"], ["no results folder"]),
    (nasbench.cli.main, ["gather", "{results}", "{empty folder}", "--out", "x"], ["holds no run files"]),
    (nasbench.cli.main, ["gather", "{results}", "--out", "{file}"], ["file"]),
    (nasbench.cli.main, ["table", "show", "{nowhere}"], ["there is no table"]),
    (nasbench.cli.main, ["table", "show", "{other table}"], ["no table that nasbench table build made"]),
    (nasbench.cli.main, ["table", "show", "{garbled table}"], ["garbled"]),
    (nasbench.cli.main, ["table", "show", "{text table}"], ["no parquet file"]),
    (nasbench.cli.main, ["table", "show", "{empty folder}"], ["there is no table"]),
    (nasbench.cli.main, ["table", "build", "+experiment=smoke", "method=head_pruning"], ["not by head_pruning"]),
    (analysis.cli.main, ["{empty folder}"], ["there are no runs in"]),
    (analysis.cli.main, ["{nowhere}"], ["no results folder"]),
    (analysis.cli.main, ["{loop}"], ["no results folder"]),
    (analysis.cli.main, ["{results}", "--out", "{file}"], ["cannot write to", "--out"]),
    (leaderboard.cli.main, ["validate", "{nowhere}"], ["cannot be read"]),
    (leaderboard.cli.main, ["validate", "{loop}"], ["cannot be read"]),
    (leaderboard.cli.main, ["validate", "{empty folder}"], ["cannot be read"]),
    (leaderboard.cli.main, ["validate", "{entry of text}"], ["is no entry"]),
    (leaderboard.cli.main, ["validate", "{entry of nothing}"], ["is no entry"]),
    (leaderboard.cli.main, ["validate", "{entry without name}"], ["'name' is a required property"]),
    (leaderboard.cli.main, ["validate", "{entry with more}"], ["'more'"]),
    (leaderboard.cli.main, ["validate", "{escaping entry}"], ["../secret.jsonl", "EXPERIMENT/FILE.jsonl"]),
    (leaderboard.cli.main, ["validate", "{deep entry}"], ["nested too deeply"]),
    (leaderboard.cli.main, ["submit", "{results}", "--name", "", "--method", "nope"], ["nope"]),
]


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    made = bad_files.make(tmp_path_factory.mktemp("bad") / "files")
    return made | {"results": made["run"].parent.parent}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that commands are run in."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "argv", ["nasbench"])
    monkeypatch.setattr("nasbench.experiment._execute", lambda *arguments: pytest.fail("it was not refused"))
    return folder


def refused(
    main: Main, arguments: Sequence[str], places: dict[str, Path], here: Path, capsys: pytest.CaptureFixture[str]
) -> str:
    """Run a command that must end with exit code 2 and one sentence, and must leave everything as it is."""
    arguments = [_filled(argument, places) for argument in arguments]
    before = listing(places["results"].parent)
    with as_anyone():
        code = main(arguments)
    said = capsys.readouterr().err.strip()
    assert code == 2, said
    assert said.count("\n") == 0, said
    assert said.split(": ")[0] in ("nasbench", "error")
    assert len(said) < 1000
    assert list(here.iterdir()) == []
    assert listing(places["results"].parent) == before
    return said


def _filled(argument: str, places: dict[str, Path]) -> str:
    for name, path in places.items():
        argument = argument.replace(f"{{{name}}}", str(path))
    return argument


def listing(folder: Path) -> list[tuple[str, int]]:
    """Files with their sizes and the folders; locks, which stay, aside."""
    paths = [path for path in folder.rglob("*") if path.suffix != ".lock"]
    return sorted((str(path), path.lstat().st_size) for path in paths)


def holds(sentence: str, words: Sequence[str]) -> None:
    assert [word for word in words if word not in sentence] == [], sentence


QUICK = 10
"""Of so many settings one is tried each time: they go one way, through the configuration."""


@pytest.mark.parametrize(
    ("override", "words"),
    [pytest.param(*case, marks=[pytest.mark.slow] if i % QUICK else []) for i, case in enumerate(SETTINGS)],
    ids=lambda value: str(value)[:40],
)
def test_a_bad_setting(override: str, words: list[str], places, here, capsys) -> None:
    others = [] if override.startswith(("method=", "methods=")) else ["method=ws_nas"]
    holds(refused(nasbench.cli.main, ["+experiment=smoke", *others, override], places, here, capsys), words)


@pytest.mark.parametrize(("name", "words"), DATA)
def test_bad_data(name: str, words: list[str], places, here, capsys) -> None:
    arguments = ["+experiment=rte_bert", "source=local", "model=tiny", "scale=smoke", "method=unpruned"]
    holds(refused(nasbench.cli.main, [*arguments, f"task.folder='{{{name}}}'"], places, here, capsys), words)


@pytest.mark.parametrize(("name", "words"), CHECKPOINTS)
def test_a_bad_checkpoint(name: str, words: list[str], places, here, capsys) -> None:
    arguments = ["+experiment=rte_bert", "source=local", "scale=smoke", "method=unpruned", "task.folder='{data}'"]
    holds(refused(nasbench.cli.main, [*arguments, f"model.path='{{{name}}}'"], places, here, capsys), words)


@pytest.mark.parametrize(("name", "words"), RUNS)
def test_a_bad_run_file(name: str, words: list[str], places, here, capsys) -> None:
    holds(refused(nasbench.cli.main, ["diff", "{run}", f"{{{name}}}"], places, here, capsys), words)


@pytest.mark.parametrize(
    ("main", "arguments", "words"), COMMANDS, ids=lambda value: " ".join(value)[:40] if isinstance(value, list) else ""
)
def test_a_bad_argument(main: Main, arguments: list[str], words: list[str], places, here, capsys) -> None:
    holds(refused(main, arguments, places, here, capsys), words)


def test_paths_with_spaces_are_no_bad_input(places, here, capsys) -> None:
    arguments = ["+experiment=rte_bert", "source=local", "model=tiny", "scale=smoke", "method=unpruned"]
    folder = f"task.folder='{places['data']}'"
    assert " " in folder
    assert nasbench.cli.main([*arguments, folder, "runtime.results='my results'", "dry_run=true"]) == 0
    assert "runs to make" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [
        ["nasbench", "+experiment=smoke", "seed=${seed}"],
        ["nasbench", "diff", "{run}", "{binary}"],
        ["leaderboard", "validate", "{entry of text}"],
    ],
    ids=" ".join,
)
def test_a_process_of_its_own_says_so_soon(arguments: list[str], places, here) -> None:
    """The limit is one of processor time, which a machine at work does not lengthen."""
    command = [sys.executable, "-m", *(_filled(argument, places) for argument in arguments)]
    began = os.times()
    done = subprocess.run(
        command, env={**os.environ, "PYTHONPATH": str(REPOSITORY)}, capture_output=True, text=True, check=False
    )
    ended = os.times()
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""
    spent = ended.children_user + ended.children_system - began.children_user - began.children_system
    assert spent < LIMIT_SECONDS
    assert list(here.iterdir()) == []

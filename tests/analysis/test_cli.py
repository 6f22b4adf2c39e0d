import shlex
from pathlib import Path

import pandas as pd
import pytest

from analysis.cli import main
from analysis.draw import choose, discover
from analysis.load import load_runs
from nasbench import compose
from tests.analysis.conftest import FRONT, TESTS
from tests.analysis.runs import write_run
from tests.analysis.sweeps import nas

DEFAULT = ("hypervolume", "klein_fig8", "pareto")
FILES = [f"{name}.{form}" for name in DEFAULT for form in ("csv", "pdf", "png", "txt")]


def test_draws_and_tabulates_an_experiment(experiment: Path, capsys: pytest.CaptureFixture[str]):
    assert main([str(experiment)]) == 0
    out = capsys.readouterr().out
    written = sorted(path.name for path in (experiment / "figures").iterdir())
    assert written == sorted([*FILES, "table.csv", "table.md"])
    assert "bbc_cloze · minilm (embedded, laptop), 2 epochs a method" in out
    assert "0.375 ± 0.057" in out
    assert "note: s_nas has no finished run of seed 1" in out
    assert all(f"wrote {experiment / 'figures' / name}" in out for name in written)
    assert pd.read_csv(experiment / "figures" / "table.csv")["method"].tolist() == ["unpruned", "s_nas", "ws_nas"]
    assert "| ws\\_nas | 2 | 0.375 ± 0.057 |" in (experiment / "figures" / "table.md").read_text()


def test_export_commands_name_each_methods_choice(experiment: Path, capsys: pytest.CaptureFixture[str]):
    main([str(experiment), "--figure", "pareto"])
    line = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("export the choice of ws_nas"))
    command = shlex.split(line.partition(": ")[2])
    # Both seeds are equal on validation: the first. Within 5% of 0.6 there is only the best itself, trial 1.
    path = next(r.path for r in load_runs(experiment) if (r.header.method, r.header.seed) == ("ws_nas", 0))
    assert command[:-1] == ["nasbench", "export", str(path), "--trial", "1", "--format", "custom", "--out"]


def test_unfinished_runs_come_with_the_command_that_completes_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    write_run(tmp_path, "ws_nas", FRONT, {}, finished=False)
    assert main([str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert "complete what is unfinished: python -m nasbench +experiment=made_up" in out
    assert "not drawn: pareto, as no finished run has test results" in out


def test_each_experiment_is_done_apart(experiment: Path, tmp_path: Path):
    write_run(experiment.parent / "second", "ws_nas", FRONT, TESTS)
    assert main([str(experiment.parent), "--out", str(tmp_path / "out"), "--figure", "pareto"]) == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["made_up", "second"]
    assert pd.read_csv(tmp_path / "out" / "second" / "table.csv")["method"].tolist() == ["ws_nas"]


def test_settings_of_one_experiment_are_done_apart_and_named(
    experiment: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    write_run(experiment, "ws_nas", FRONT, TESTS, source="hub")
    assert main([str(experiment), "--out", str(tmp_path / "out")]) == 0
    assert "they differ in source (embedded, hub)" in capsys.readouterr().out
    assert len(list((tmp_path / "out").glob("pareto-*.png"))) == 2


def test_a_single_run_does_not_overwrite_its_experiments_figures(experiment: Path):
    path = next(run.path for run in load_runs(experiment) if run.header.method == "s_nas")
    assert main([str(path), "--figure", "pareto"]) == 0
    assert (experiment / "figures" / path.stem / "pareto.png").exists()
    assert not (experiment / "figures" / "pareto.png").exists()


def test_lists_its_figures(capsys: pytest.CaptureFixture[str]):
    assert main(["--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition(":")[0] for line in lines] == sorted(discover())
    assert [line.partition(":")[0] for line in lines if "drawn by default" in line] == list(DEFAULT)
    told = next(line for line in lines if line.startswith("klein_fig7"))
    assert told.endswith("(runs: python -m nasbench -m +sweep=klein_fig7)")


def test_a_figure_without_its_runs_names_the_command_that_makes_them(
    experiment: Path, capsys: pytest.CaptureFixture[str]
):
    assert main([str(experiment), "--figure", "klein_fig7", "--figure", "pareto"]) == 0
    (line,) = (line for line in capsys.readouterr().out.splitlines() if line.startswith("not drawn"))
    assert line == (
        "not drawn: klein_fig7, as no finished runs of ws_nas differ in nothing but their strategy: "
        "python -m nasbench -m +sweep=klein_fig7 makes such runs"
    )
    assert (experiment / "figures" / "pareto.png").exists()


def test_every_figure_names_a_command_that_makes_its_runs() -> None:
    commands = {figure.made_by for figure in discover().values()}
    assert None not in commands
    for command in sorted(filter(None, commands)):
        program, overrides = shlex.split(command)[:3], shlex.split(command)[3:]
        assert program == ["python", "-m", "nasbench"]
        if "+experiment" in command:  # sweeps and subcommands are tested where they are made
            first = compose.jobs([word for word in overrides if word != "-m"])[0]
            assert len(compose.experiment(first).runs) > 0, command


def test_what_remakes_a_figure_is_written_beside_it(experiment: Path, tmp_path: Path):
    overrides = ["+experiment=made_up", "seed=0", "+sweep=klein_fig7"]
    write_run(experiment, "layer_dropping", FRONT, TESTS, provenance={"overrides": overrides})
    arguments = [str(experiment), "--out", str(tmp_path / "first"), "--figure", "klein_fig8", "--thresholds", "21"]
    assert main(arguments) == 0
    first = {path.name: path.read_bytes() for path in (tmp_path / "first").iterdir()}
    text = first["klein_fig8.txt"].decode()
    assert "    python -m nasbench +experiment=made_up\n" in text
    assert (
        "    python -m nasbench -m +experiment=made_up seed=0 +sweep=klein_fig7\n" in text
    )  # the plain one refuses it
    (command,) = (line.split() for line in text.splitlines() if line.startswith("    python -m analysis"))
    (tmp_path / "first" / "klein_fig8.csv").unlink()
    assert main(command[3:]) == 0
    assert {path.name: path.read_bytes() for path in (tmp_path / "first").iterdir()} == first


def test_a_figure_over_several_experiments_is_drawn_once_beside_theirs(
    sweeps: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    assert main([str(sweeps), "--out", str(tmp_path), "--figure", "klein_fig6"]) == 0
    assert "not drawn" not in capsys.readouterr().out
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        ["mrpc_bert", "rte_bert", *(f"klein_fig6.{form}" for form in ("csv", "pdf", "png", "txt"))]
    )
    assert not list((tmp_path / "rte_bert").glob("klein*"))
    assert pd.read_csv(tmp_path / "klein_fig6.csv")["tasks"].unique().tolist() == [2]


def test_a_figure_tells_the_commands_of_the_runs_it_shows_alone(tmp_path: Path):
    for strategy in ("standard", "full"):
        config, provenance = nas("ws_nas", strategy=strategy), {"overrides": [f"strategy={strategy}"]}
        write_run(tmp_path, "ws_nas", FRONT, TESTS, config=config, provenance=provenance)
    write_run(tmp_path, "s_nas", FRONT, TESTS)
    assert main([str(tmp_path), "--figure", "klein_fig7"]) == 0
    _, _, made = (tmp_path / "figures" / "klein_fig7.txt").read_text().partition("made by\n")
    assert made.split("\n    ") == ["    python -m nasbench strategy=standard", "python -m nasbench strategy=full\n"]


def test_all_names_every_figure():
    assert [figure.name for figure in choose(["all"])] == sorted(discover())


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["{results}/absent"], "there is no results folder"),
        (["{empty}"], "there are no runs in"),
        (["{other}"], "schema version 99"),
        (["{results}", "--out", "{file}"], "cannot write to"),
        (["{results}", "--figure", "hypervolum"], "did you mean hypervolume?"),
        (["{results}", "--figure", "pareto", "--figure", "klein_fig77"], "did you mean klein_fig7?"),
        ([], "name a results folder"),
    ],
)
def test_bad_input_is_one_sentence_and_writes_nothing(
    arguments: list[str], sentence: str, experiment: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    places = {name: tmp_path / name for name in ("empty", "other", "file")} | {"results": experiment}
    places["empty"].mkdir()
    old = write_run(places["other"], "ws_nas", FRONT, TESTS)
    old.write_text(old.read_text().replace('"schema_version": 1', '"schema_version": 99', 1))
    places["file"].write_text("in the way")
    before = sorted(tmp_path.rglob("*"))
    assert main([argument.format(**places) for argument in arguments]) == 2
    streams = capsys.readouterr()
    assert sentence in streams.err
    assert streams.err.count("\n") == 1
    assert sorted(tmp_path.rglob("*")) == before


def test_a_run_file_that_cannot_be_read_is_named_and_the_others_are_drawn(
    experiment: Path, capsys: pytest.CaptureFixture[str]
):
    (experiment / "0.jsonl").write_bytes(b"\0")
    assert main([str(experiment), "--figure", "pareto"]) == 1
    said = capsys.readouterr()
    assert (
        said.err == f"error: left out: {experiment / '0.jsonl'} is no run file: it does not begin with a header row\n"
    )
    assert "0.375 ± 0.057" in said.out
    assert (experiment / "figures" / "pareto.png").is_file()

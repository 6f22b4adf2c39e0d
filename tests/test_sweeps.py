"""Many runs by one command: Hydra's multirun, the sweeps of the configuration folder, and launchers."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from itertools import product
from pathlib import Path

import pytest
import yaml
from hydra.core.override_parser.overrides_parser import OverridesParser

from nasbench import cli, compose
from nasbench.cli import main
from nasbench.launchers import EXTRAS, PLUGINS, check_jobs, is_installed
from nasbench.results import find_runs, read_run
from nasbench.run import assemble
from tests.conftest import REPOSITORY, TINY

CONF = compose.conf_dir()
SWEEPS = sorted(path.stem for path in (CONF / "sweep").glob("klein_*.yaml"))
PARAMETERS = {path.stem: yaml.safe_load(path.read_text()) for path in sorted((CONF / "sweep").glob("*.yaml"))}
TASKS = ("rte", "mrpc", "stsb", "cola", "imdb", "sst2", "swag", "qnli")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that the command is run in."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["nasbench"])
    return tmp_path


def run_ids(*overrides: str) -> set[str]:
    return {assemble(spec).run_id for spec in compose.experiment(overrides).runs}


def jobs(name: str, **narrowed: str) -> list[list[str]]:
    """The jobs that a sweep makes, as Hydra's sweeper does: all combinations, what the user gives in place of its own.

    Not by the sweeper itself, which would launch them.
    """
    swept = {**PARAMETERS[name]["hydra"]["sweeper"]["params"], **narrowed}
    parsed = OverridesParser.create().parse_overrides([f"{key}={value}" for key, value in swept.items()])
    choices = [
        [f"{o.get_key_element()}={v}" for v in o.sweep_string_iterator()] if o.is_sweep_override() else [o.input_line]
        for o in parsed
    ]
    return [[*map(str, job), f"+sweep={name}"] for job in product(*choices)]


SWEPT = ("-m", *TINY, "method=ws_nas,s_nas", "seed=range(0,2)")


def check_made(folder: Path, methods: Sequence[str] = ("ws_nas", "s_nas")) -> None:
    """The folder holds the runs of `SWEPT`, as the plain command would make them, and nothing else."""
    made = {path.stem: read_run(path) for path in find_runs(folder / "results")}
    assert made.keys() == run_ids(*TINY, f"methods=[{','.join(methods)}]", "seeds=[0,1]")
    assert {(run.header.method, run.header.seed) for run in made.values()} == set(product(methods, [0, 1]))
    assert all(run.finished and run.header.numerics["threads"] == 1 for run in made.values())
    assert [path.name for path in folder.iterdir()] == ["results"]


def test_multirun_makes_the_same_runs_as_the_plain_command(folder: Path) -> None:
    assert main(SWEPT) == 0
    check_made(folder)


@pytest.mark.slow
def test_joblibs_workers_make_the_same_runs_with_one_thread_each(tmp_path: Path) -> None:
    if not is_installed("joblib"):
        pytest.skip('the joblib launcher is not installed: pip install "nasbench[joblib]"')
    done = subprocess.run(
        [sys.executable, "-m", "nasbench", *SWEPT, "method=unpruned", "hydra/launcher=cores"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    check_made(tmp_path, ["unpruned"])


@pytest.mark.slow
def test_only_the_rest_of_a_sweep_is_made_again(folder: Path) -> None:
    assert main(SWEPT) == 0
    gone, cut, *others = find_runs(folder / "results")
    whole, untouched = cut.read_bytes(), {path: path.stat().st_mtime_ns for path in others}
    gone.unlink()
    cut.write_bytes(whole[:-10])
    assert main(SWEPT) == 0
    check_made(folder)
    assert {path: path.stat().st_mtime_ns for path in others} == untouched


@pytest.mark.parametrize("launcher", EXTRAS)
def test_launchers_are_ready_or_said_to_be_missing(
    folder: Path, capsys: pytest.CaptureFixture[str], launcher: str
) -> None:
    assert (CONF / "hydra" / "launcher" / f"{launcher}.yaml").is_file()
    chosen = ["+experiment=smoke", f"hydra/launcher={launcher}"]
    extra = EXTRAS[launcher]
    if not is_installed(extra):
        assert main(["-m", *chosen]) == 2
        assert f'pip install "nasbench[{extra}]"' in capsys.readouterr().err
        return
    assert main(["--cfg", "hydra", *chosen]) == 0
    configured = yaml.safe_load(capsys.readouterr().out)["hydra"]["launcher"]
    assert configured["_target_"].startswith(f"hydra_plugins.{PLUGINS[extra]}.")
    assert list(folder.iterdir()) == []


@pytest.mark.slow
def test_experiments_and_sources_can_be_swept_over(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["-m", "+experiment=smoke,squad_distilbert", "method=unpruned", "source=embedded", "dry_run=true"]) == 0
    said = capsys.readouterr().out
    assert "experiment smoke, task bbc_cloze" in said
    assert "checkpoint: tiny" in said
    assert "experiment squad_distilbert, task bbc_cloze" in said
    assert "checkpoint: minilm" in said


@pytest.mark.slow
def test_a_sweep_is_made_by_multirun_and_the_users_choices_win(folder: Path) -> None:
    narrowed = ("strategy=standard,full", "seed=range(3,5)")
    assert main(["-m", "+sweep=klein_fig7", *TINY, "budget.amount=3", *narrowed]) == 0
    found = [read_run(path) for path in find_runs(folder / "results")]
    assert {run.header.experiment for run in found} == {"smoke"}
    assert {(run.header.seed, *map(str, run.header.budget.values()), len(run.trials)) for run in found} == {
        (seed, "3.0", "trials", 3) for seed in (3, 4)
    }
    met = {
        seed: {tuple(t.proposal.architecture for t in run.trials) for run in found if run.header.seed == seed}
        for seed in (3, 4)
    }
    assert all(len(of_one) == 1 for of_one in met.values()), "all strategies of a seed meet the same sub-networks"
    assert met[3] != met[4]


@pytest.mark.parametrize("name", SWEEPS)
def test_a_sweep_is_over_all_tasks_and_both_models_with_ten_seeds(name: str) -> None:
    swept = PARAMETERS[name]["hydra"]["sweeper"]["params"]
    experiments = swept["+experiment"].split(",")
    assert sorted(experiments) == sorted(f"{task}_{model}" for task in TASKS for model in ("bert", "roberta"))
    assert all((CONF / "experiment" / f"{experiment}.yaml").is_file() for experiment in experiments)
    assert swept["seed"] == "range(0,10)"
    assert len(jobs(name, **{"+experiment": "rte_bert", "method": "ws_nas"})) % 10 == 0


WHAT_IS_COMPARED = {
    "klein_fig5": ("space", {"small", "medium", "layer", "large"}),
    "klein_fig7": ("strategy", {"standard", "random", "random_linear", "sandwich", "kd", "full"}),
    "klein_fig6": ("search", {"random_search", "local_search", "mo_rea", "ehvi"}),
    "klein_fig11": ("search", {"random_search", "local_search", "mo_rea", "ehvi", "mo_asha"}),
    "klein_fig12": ("search", {"random_search", "local_search", "mo_rea", "ehvi"}),
}


@pytest.mark.parametrize(
    "name", ["klein_fig5", *(pytest.param(name, marks=pytest.mark.slow) for name in SWEEPS if name != "klein_fig5")]
)
def test_each_job_of_a_sweep_is_a_run_of_its_own_that_can_be_built(name: str) -> None:
    group, options = WHAT_IS_COMPARED[name]
    assert set(PARAMETERS[name]["hydra"]["sweeper"]["params"][group].split(",")) == options
    assert all((CONF / group / f"{option}.yaml").is_file() for option in options)
    specs = [
        spec for job in jobs(name, **{"+experiment": "rte_bert", "seed": "7"}) for spec in compose.experiment(job).runs
    ]
    methods = {"klein_fig6": 2}.get(name, 1)
    assert len(specs) == methods * len(options)
    science = [dict(spec.science) for spec in specs]
    assert all(science.count(one) == 1 for one in science)
    for one in science:
        assert one["seed"] == 7
        assert (one["budget"]["unit"], one["budget"]["amount"], one["method"]["search"]["max_trials"]) == (
            ("trials", 100.0, None) if name in ("klein_fig5", "klein_fig7") else ("epochs", 50.0, 100)
        )


@pytest.mark.parametrize(("name", "runs"), [("paraskeva_ablation", 4), ("paraskeva_correlation", 2)])
def test_each_job_of_a_sweep_over_built_networks_is_a_run_of_its_own(name: str, runs: int) -> None:
    specs = [spec for job in jobs(name, seed="7") for spec in compose.experiment(job).runs]
    science = [dict(spec.science) for spec in specs]
    assert len(specs) == runs
    assert all(science.count(one) == 1 and one["seed"] == 7 for one in science)
    assert all(one["method"]["estimator"]["corpus"]["name"] == "bbc_mlm" for one in science)


def test_runs_of_figure_6_are_those_of_figures_11_and_12() -> None:
    def science(name: str, **narrowed: str) -> list[object]:
        chosen = {"+experiment": "rte_bert", "seed": "0", "search": "mo_rea", **narrowed}
        return [dict(spec.science) for job in jobs(name, **chosen) for spec in compose.experiment(job).runs]

    assert science("klein_fig6") == science("klein_fig11") + science("klein_fig12")


@pytest.mark.parametrize(
    ("swept", "told"),
    [
        (["training.epochs=1,0"], "training.epochs must be"),
        (["method=unpruned,ws_nas", "model.hidden_size=32,30"], "30"),
        (["seed=0,x"], "seed cannot be 'x'"),
    ],
)
def test_a_mistake_in_any_job_of_a_sweep_is_told_before_the_first_is_made(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, swept: list[str], told: str
) -> None:
    monkeypatch.setattr(cli, "_run", lambda *arguments, **settings: pytest.fail("a job was begun"))
    assert main(["-m", *TINY, *swept]) == 2
    (said,) = capsys.readouterr().err.splitlines()
    assert told in said
    assert list(folder.iterdir()) == []


def test_of_jobs_that_differ_in_their_seed_alone_one_is_built(monkeypatch: pytest.MonkeyPatch) -> None:
    composed: list[Sequence[str]] = []
    made = compose.experiment

    def noted(job: Sequence[str]) -> compose.ExperimentSpec:
        composed.append(job)
        return made(job)

    monkeypatch.setattr(compose, "experiment", noted)
    check_jobs([*TINY, "method=unpruned,s_nas", "seed=0,1,2"])
    assert [[t for t in job if t.startswith(("method", "seed"))] for job in composed] == [
        ["method=unpruned", "seed=0"],
        ["method=unpruned", "seed=1"],
        ["method=unpruned", "seed=2"],
        ["method=s_nas", "seed=0"],
    ]


def test_a_slurm_job_has_a_core_for_each_thread() -> None:
    if not is_installed("slurm"):
        pytest.skip('the slurm launcher is not installed: pip install "nasbench[slurm]"')
    cfg = compose._compose(["+experiment=smoke", "hydra/launcher=slurm", "runtime.threads=3"])
    assert cfg.hydra.launcher.cpus_per_task == 3


def test_a_sweep_without_multirun_and_one_that_is_not_added_are_refused(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["+sweep=klein_fig5"]) == 2
    assert capsys.readouterr().err.splitlines() == [
        "nasbench: +sweep=klein_fig5 lists many runs, which --multirun makes: nasbench -m +sweep=klein_fig5 ..."
    ]
    assert main(["sweep=klein_fig5"]) == 2
    assert "a sweep is added, not overridden: write +sweep=NAME" in capsys.readouterr().err
    assert list(folder.iterdir()) == []

"""Provenance: the commit of nasbench's own checkout or none, and hashes of content alone."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

import nasbench
from nasbench.provenance import content_hash, numerics, provenance, source_state

Git = Callable[..., str]


@pytest.fixture
def git(tmp_path: Path) -> Git:
    """Runs git in the folder `checkout`, untouched by the user's configuration."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "GIT_CONFIG_NOSYSTEM": "1"}

    def run(*arguments: str) -> str:
        identity = ("-c", "user.name=n", "-c", "user.email=n@example.org")
        command = ["git", *identity, "-C", str(tmp_path / "checkout"), *arguments]
        return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout.strip()

    return run


@pytest.fixture
def checkout(tmp_path: Path, git: Git) -> Path:
    """A committed repository with the layout of nasbench."""
    root = tmp_path / "checkout"
    (root / "nasbench").mkdir(parents=True)
    (root / "nasbench" / "__init__.py").write_text("")
    (root / "pyproject.toml").write_text('[project]\nname = "nasbench"\n')
    git("init", "--quiet")
    git("add", ".")
    git("commit", "--quiet", "-m", "first")
    return root


def test_a_clean_checkout_is_its_commit(checkout: Path, git: Git) -> None:
    assert source_state(checkout) == (git("rev-parse", "HEAD"), False)


@pytest.mark.parametrize("name", ["nasbench/__init__.py", "nasbench/new.py", "conf/new.yaml", "pyproject.toml"])
def test_a_change_that_can_change_results_is_dirty(checkout: Path, git: Git, name: str) -> None:
    (checkout / name).parent.mkdir(exist_ok=True)
    with open(checkout / name, "a") as opened:
        opened.write("# changed\n")
    assert source_state(checkout) == (git("rev-parse", "HEAD"), True)


def test_other_files_are_not_dirty(checkout: Path) -> None:
    (checkout / "results").mkdir()
    (checkout / "results" / "run.jsonl").write_text("{}")
    assert source_state(checkout)[1] is False


def test_the_repository_of_another_project_is_not_reported(checkout: Path) -> None:
    (checkout / "pyproject.toml").write_text('[project]\nname = "other"\n')
    assert source_state(checkout) == (None, None)
    (checkout / "pyproject.toml").unlink()
    assert source_state(checkout) == (None, None)


def test_a_package_below_the_top_of_a_repository_is_not_of_it(checkout: Path) -> None:
    site = checkout / "venv" / "site-packages"
    (site / "nasbench").mkdir(parents=True)
    (site / "pyproject.toml").write_text('[project]\nname = "nasbench"\n')
    assert source_state(site) == (None, None)


def test_a_folder_outside_of_any_repository_has_no_commit(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "nasbench"\n')
    assert source_state(tmp_path) == (None, None)


def test_without_git_there_is_no_commit(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(checkout))
    assert source_state(checkout) == (None, None)


def test_a_repository_named_by_the_environment_is_not_looked_at(
    checkout: Path, git: Git, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", str(checkout / "nowhere"))
    monkeypatch.setenv("GIT_WORK_TREE", str(checkout.parent))
    assert source_state(checkout) == (git("rev-parse", "HEAD"), False)


def test_provenance_is_json_that_does_not_name_the_host() -> None:
    told = provenance(["seed=1"])
    assert json.loads(json.dumps(told, allow_nan=False)) == told
    assert told["overrides"] == ["seed=1"]
    assert told["versions"]["nasbench"] == nasbench.__version__
    assert told["versions"]["torch"] == torch.__version__
    assert told["versions"]["python"] == platform.python_version()
    assert told["cores"] >= 1
    assert told["memory_bytes"] > 2**28
    assert told["started_at"].endswith("+00:00")
    assert platform.node() not in told.values()


def test_numerics_name_what_bytes_depend_on() -> None:
    assert numerics(threads=2, device="cpu", dtype="float32") == {
        "threads": 2,
        "dtype": "float32",
        "device": "cpu",
        "accelerator": None,
        "cpu_capability": torch.backends.cpu.get_cpu_capability(),
        "torch": torch.__version__,
    }


def files(folder: Path, *contents: bytes) -> list[Path]:
    folder.mkdir()
    for number, content in enumerate(contents):
        (folder / str(number)).write_bytes(content)
    return [folder / str(number) for number in range(len(contents))]


def test_a_content_hash_is_that_of_the_digests_in_order(tmp_path: Path) -> None:
    parts = [hashlib.sha256(content).digest() for content in (b"ab", b"c")]
    assert content_hash(files(tmp_path / "x", b"ab", b"c")) == hashlib.sha256(b"".join(parts)).hexdigest()


def test_a_content_hash_knows_content_order_and_boundaries_alone(tmp_path: Path) -> None:
    known = content_hash(files(tmp_path / "x", b"ab", b"c"))
    assert content_hash(files(tmp_path / "y", b"ab", b"c")) == known
    others = [(b"c", b"ab"), (b"a", b"bc"), (b"abc",), (b"ab", b"c", b"")]
    assert len({known, *(content_hash(files(tmp_path / str(i), *other)) for i, other in enumerate(others))}) == 5


def test_a_missing_file_has_no_content_hash(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        content_hash([tmp_path / "missing"])

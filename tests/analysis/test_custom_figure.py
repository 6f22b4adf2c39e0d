"""The script in the documentation, as a user runs it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from analysis import load_trials

SCRIPT = Path(__file__).parents[2] / "docs" / "custom_figure.py"


def test_the_documented_script_draws_a_figure(experiment: Path, tmp_path: Path) -> None:
    figure = tmp_path / "figure.svg"
    done = subprocess.run(
        [sys.executable, str(SCRIPT), str(experiment), str(figure)],
        env=os.environ | {"MPLBACKEND": "agg", "PYTHONPATH": str(SCRIPT.parents[1])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    text = figure.read_text("utf-8")
    assert all(f"<!-- {label} -->" in text for label in load_trials(experiment)["label"].unique())
    assert "s_nas has no finished run of seed 1" in done.stdout


def test_it_is_about_ten_lines() -> None:
    code = [
        line
        for line in SCRIPT.read_text("utf-8").splitlines()
        if line and not line.startswith(('"""', "import", "from"))
    ]
    assert len(code) <= 10

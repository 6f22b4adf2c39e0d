"""Six kills in the phases that store most: the command of two hundred kills in all phases (docs/reliability.md)."""

import subprocess
import sys

from tests.conftest import REPOSITORY

PHASES = ("super-network training", "promotion", "mask tuning", "table build", "writing of the analysis")


def test_what_is_killed_in_any_phase_resumes_to_the_same_bytes() -> None:
    phases = [text for phase in PHASES for text in ("--phase", phase)]
    command = [sys.executable, "-m", "tests.faults", "--kills", "6", *phases]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    table = [line.strip("| ").split(" | ") for line in done.stdout.splitlines() if line.startswith("| ")]
    assert len(table) > len(PHASES) / 2
    assert sum(int(row[1]) + int(row[2]) for row in table[1:]) >= 6

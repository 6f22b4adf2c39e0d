"""Ten kills, one in each phase or two: the same command as for two hundred (docs/reliability.md)."""

import subprocess
import sys

from tests.conftest import REPOSITORY


def test_what_is_killed_in_any_phase_resumes_to_the_same_bytes() -> None:
    command = [sys.executable, "-m", "tests.faults", "--kills", "10"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    table = [line.strip("| ").split(" | ") for line in done.stdout.splitlines() if line.startswith("| ")]
    phases = {row[0] for row in table[1:]}
    assert {"data preparation", "super-network training", "promotion", "mask tuning", "table build"} <= phases
    assert sum(int(row[1]) + int(row[2]) for row in table[1:]) >= 10

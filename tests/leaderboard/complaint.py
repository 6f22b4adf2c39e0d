"""What the command line says of bad input."""

from __future__ import annotations

import pytest

from leaderboard.cli import main


def complaint(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(arguments) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    return err

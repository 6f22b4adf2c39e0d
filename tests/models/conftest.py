from pathlib import Path

import pytest

from tests.models.folders import write


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A BERT without a task head, in the hub's layout."""
    return write(tmp_path / "checkpoint", "bert")

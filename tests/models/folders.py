"""Checkpoints in folders, in the hub's layout."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from nasbench.records import Head
from tests.models.tiny import tiny_network, tiny_tokenizer


def write(path: Path, family: str, **options: Any) -> Path:
    """A network of a family without a task head, and its tokenizer."""
    tiny_network(family, Head.QUESTION_ANSWERING).base_model.save_pretrained(path, **options)
    tiny_tokenizer().save_pretrained(path)
    return path


def edit_config(folder: Path, **settings: Any) -> None:
    file = folder / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | settings))


def remove(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).unlink()

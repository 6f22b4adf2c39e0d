"""Export: a network on disk as transformers' `from_pretrained` takes it, with its tokenizer and a model card.

`custom` stays as small and fast as it is and brings its modelling code along (trust_remote_code); `padded` has the
original shapes with zeros where something was removed and loads in plain transformers, without any speed-up.
"""

from __future__ import annotations

import json
import os
import shutil
import uuid
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path

from transformers import PreTrainedTokenizerFast

from nasbench.errors import InputError
from nasbench.models import modeling_pruned
from nasbench.models.card import model_card
from nasbench.models.elastic import ElasticModel
from nasbench.models.folder import quiet
from nasbench.models.heads import auto_class
from nasbench.models.padding import pad


class Format(StrEnum):
    CUSTOM = "custom"
    PADDED = "padded"


def export(
    model: ElasticModel,
    tokenizer: PreTrainedTokenizerFast,
    directory: Path | str,
    format: Format | str,
    card: Mapping[str, Mapping[str, object]],
) -> None:
    """Write a model, extracted or full, so that AutoModel and the task's AutoModelFor... load it with equal logits.

    The directory appears whole or not at all.

    Args:
        card: sections of the model card by title (scores, sizes, provenance): what is said, and its value.

    Raises:
        InputError: a format that there is not, or a directory that has something in it or cannot be written.
    """
    if format not in list(Format):
        raise InputError(f"export format must be one of {', '.join(Format)}, not {format!r}")
    directory = free(directory)
    draft = directory.with_name(f".{directory.name}.{uuid.uuid4().hex[:8]}")
    try:
        draft.mkdir(parents=True)
    except OSError as error:
        raise InputError(f"cannot write into {directory.parent}: {error.strerror}") from error
    try:
        with quiet():
            if format == Format.PADDED:
                pad(model).save_pretrained(draft)
            else:
                _save_custom(model, draft)
        tokenizer.save_pretrained(draft)
        for weights in draft.glob("*.safetensors"):  # written for its owner alone, unlike all other files
            shutil.copymode(draft / "config.json", weights)
        model_card(model.head, auto_class(model.head).__name__, format == Format.CUSTOM, card).save(draft / "README.md")
        os.replace(draft, directory)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def free(directory: Path | str) -> Path:
    """The whole path of a folder to export into; raises InputError where something is in it."""
    directory = Path(directory).expanduser().resolve()
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise InputError(f"{directory} is there and not empty; export writes into a new or an empty folder")
    return directory


def _save_custom(model: ElasticModel, directory: Path) -> None:
    """Transformers' own files, and in them what `modeling_pruned` needs to build layers of these sizes."""
    model.network.save_pretrained(directory)
    (directory / "modeling_pruned.py").write_text(_modelling_code(model), encoding="utf-8")
    path = directory / "config.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    task = type(model.network).__name__
    config |= {
        "architectures": [f"Pruned{task}"],
        "auto_map": {
            "AutoConfig": f"modeling_pruned.Pruned{type(model.network.config).__name__}",
            "AutoModel": f"modeling_pruned.Pruned{type(model.network.base_model).__name__}",
            auto_class(model.head).__name__: f"modeling_pruned.Pruned{task}",
        },
        "model_type": f"pruned-{config['model_type']}",
        "pruned_layers": [
            {"heads": len(heads), "units": len(units)}
            for heads, units in zip(model.kept.heads, model.kept.units, strict=True)
        ],
        "pruned_layer_norms": model.shape.drop_layer_norm,
        "pruned_names": model.family.names(),
    }
    path.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def _modelling_code(model: ElasticModel) -> str:
    """`modeling_pruned` followed by the classes of this family and task: nothing in the file is left to guess."""
    config, base, task = (
        type(part).__name__ for part in (model.network.config, model.network.base_model, model.network)
    )
    classes = "".join(
        f"\n\nclass Pruned{name}(Pruned, {name}):\n    config_class = Pruned{config}\n" for name in (base, task)
    )
    return (
        f"{Path(modeling_pruned.__file__).read_text(encoding='utf-8')}\n\n"
        f"from transformers import {', '.join(sorted((config, base, task)))}  # noqa: E402\n\n\n"
        f'class Pruned{config}({config}):\n    model_type = "pruned-{model.network.config.model_type}"\n{classes}'
    )

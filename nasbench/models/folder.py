"""A checkpoint in a folder of the hub's layout: its files, and how they become a model or a tokenizer."""

from __future__ import annotations

import functools
import hashlib
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from transformers import AutoConfig, AutoTokenizer, PreTrainedConfig, PreTrainedModel, PreTrainedTokenizerFast
from transformers.utils import logging as transformers_logging

from nasbench import rng
from nasbench.errors import InputError
from nasbench.models.family import find_family
from nasbench.models.heads import auto_class, configure
from nasbench.records import Head

log = logging.getLogger(__name__)

CONFIG = "config.json"
SAFETENSORS = ("model.safetensors", "model.safetensors.index.json")
PICKLES = ("pytorch_model.bin", "pytorch_model.bin.index.json")
VOCABULARIES = ("tokenizer.json", "vocab.txt", "vocab.json")
TOKENIZER = (*VOCABULARIES, "merges.txt", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json")

_SIZES = ("hidden_size", "num_hidden_layers", "num_attention_heads", "vocab_size")
"""Settings of every family, by the names that transformers maps its own to."""


@dataclass(frozen=True)
class CheckpointFolder:
    """Reads a checkpoint offline, silently, in float32, and never runs code that lies in the folder.

    Every method raises InputError, in one sentence, for a folder that is not there, lacks a file that the method needs,
    or holds a damaged or unfitting one.
    """

    path: Path

    def config(self, dropout: float | None = None) -> PreTrainedConfig:
        """The configuration; `dropout`, where given, replaces every dropout probability in it."""
        path = self._existing(CONFIG)
        with _explained(self.path):
            settings = json.loads(path.read_text(encoding="utf-8"))
        model_type = settings.get("model_type") if isinstance(settings, dict) else None
        if not isinstance(model_type, str):
            raise InputError(f"{path} does not say its model_type, so it is no transformers configuration")
        family = find_family(model_type)
        with quiet(), _explained(self.path):
            config = AutoConfig.from_pretrained(self.path, local_files_only=True, trust_remote_code=False)
        for name in _SIZES:
            if not (isinstance(size := getattr(config, name), int) and size >= 1):
                raise InputError(f"{path} has {name}={size!r}, which must be an integer of at least 1")
        if dropout is not None:
            for name in (family.hidden_dropout, family.attention_dropout, *family.head_dropouts):
                setattr(config, name, dropout)
        return config

    def tokenizer(self) -> PreTrainedTokenizerFast:
        """The tokenizer; its `model_max_length` is at most what the position embeddings allow."""
        config = self.config()
        if not any((self.path / name).is_file() for name in VOCABULARIES):
            raise InputError(f"{self.path} has no tokenizer: a checkpoint has one of {', '.join(VOCABULARIES)}")
        with quiet(), _explained(self.path):
            tokenizer = AutoTokenizer.from_pretrained(self.path, local_files_only=True, trust_remote_code=False)
        if not isinstance(tokenizer, PreTrainedTokenizerFast):
            raise InputError(f"the tokenizer in {self.path} is a {type(tokenizer).__name__}; a fast one is needed")
        if len(tokenizer) > config.vocab_size:
            raise InputError(
                f"the tokenizer in {self.path} has {len(tokenizer)} tokens but {CONFIG} allows {config.vocab_size}"
            )
        with _explained(self.path):
            longest = find_family(config.model_type).max_length(config)
        tokenizer.model_max_length = min(tokenizer.model_max_length, longest)
        return tokenizer

    def network(self, head: Head, num_labels: int, seed: int, dropout: float | None = None) -> PreTrainedModel:
        """The task model; what the checkpoint lacks of the head is drawn from the stream (seed, "head")."""
        config = self.config(dropout)
        configure(config, head, num_labels)
        self._check_weights()
        # Sizes that do not fit come back as data here, and are refused below with a sentence of our own.
        with quiet(), rng.scope(seed, "head"), _explained(self.path):
            network, info = auto_class(head).from_pretrained(
                self.path,
                config=config,
                dtype=torch.float32,
                local_files_only=True,
                trust_remote_code=False,
                weights_only=True,
                ignore_mismatched_sizes=True,
                output_loading_info=True,
            )
        for name, found, needed in sorted(info["mismatched_keys"]):
            raise InputError(f"{name} in {self.path} has shape {list(found)}, where {list(needed)} is needed")
        self._check_missing(network, head, sorted(info["missing_keys"]))
        return network

    def fingerprint(self) -> str:
        """SHA-256 over names and content of the files of weights, configuration and tokenizer."""
        self._existing(CONFIG)
        self._check_weights()
        digest = hashlib.sha256()
        tokenizer = [self.path / name for name in TOKENIZER if (self.path / name).is_file()]
        for file in sorted({self._existing(CONFIG), *self._weights(), *tokenizer}):
            with file.open("rb") as stream:
                digest.update(f"{file.name} {hashlib.file_digest(stream, 'sha256').hexdigest()}\n".encode())
        return digest.hexdigest()

    def _existing(self, name: str) -> Path:
        if not self.path.is_dir():
            raise InputError(f"{self.path} is no folder; a checkpoint is a folder with {CONFIG} and weights")
        if not (self.path / name).is_file():
            raise InputError(f"{self.path} has no {name}, so it is no checkpoint in the hub's layout")
        return self.path / name

    def _weights(self) -> list[Path]:
        """The files of weights, of the kinds that transformers would take, in its order of preference."""
        found = [self.path / name for name in (*SAFETENSORS, *PICKLES) if (self.path / name).is_file()]
        if not found:
            raise InputError(f"{self.path} has no weights: none of {', '.join((*SAFETENSORS, *PICKLES))}")
        if found[0].suffix != ".json":
            return found[:1]
        with _explained(self.path):
            shards = sorted(set(json.loads(found[0].read_text(encoding="utf-8"))["weight_map"].values()))
            if [Path(shard).name for shard in shards] != shards:
                raise InputError(f"{found[0]} names weights that are no files beside it: {', '.join(shards)}")
        return [found[0], *(self._existing(shard) for shard in shards)]

    def _check_weights(self) -> None:
        for file in self._weights():
            if file.suffix != ".safetensors":
                continue
            try:
                with safe_open(file, framework="pt"):
                    pass
            except SafetensorError as error:
                raise InputError(f"{file} is no whole safetensors file (cut short?): {error}") from error

    def _check_missing(self, network: PreTrainedModel, head: Head, missing: list[str]) -> None:
        base, family = network.base_model_prefix, find_family(network.config.model_type)
        needed = (f"{base}.embeddings.", f"{base}.{family.layers}.")
        lacking = [name for name in missing if name.startswith(needed)]
        if lacking:
            raise InputError(
                f"the weights in {self.path} lack {len(lacking)} tensors of the encoder, such as {lacking[0]}"
            )
        if missing and head is Head.MASKED_LM:  # what a checkpoint that was pre-trained might be thought to have
            _say_once(f"{self.path} has no masked-language-model head ({', '.join(missing)}): freshly initialised")
        elif missing:
            log.info("%s has no %s: freshly initialised", self.path, ", ".join(missing))


@functools.cache
def _say_once(warning: str) -> None:
    log.warning(warning)


def build(config: PreTrainedConfig, head: Head, num_labels: int, device: str = "cpu") -> PreTrainedModel:
    """A task model with weights drawn from torch's global generator, or with none on the meta device.

    Raises:
        InputError: a configuration that makes no model.
    """
    configure(config, head, num_labels)
    with quiet(), _explained(config.name_or_path or config.model_type), torch.device(device):
        network: PreTrainedModel = auto_class(head).from_config(config, dtype=torch.float32)
    return network.eval()


@contextmanager
def quiet() -> Iterator[None]:
    """Neither progress bars nor reports from transformers, whose own settings are as before afterwards."""
    verbosity, bars = transformers_logging.get_verbosity(), transformers_logging.is_progress_bar_enabled()
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    try:
        yield
    finally:
        transformers_logging.set_verbosity(verbosity)
        if bars:
            transformers_logging.enable_progress_bar()


@contextmanager
def _explained(source: Any) -> Iterator[None]:
    """What reading a checkpoint raises, as one sentence: anything, for its files are read by others' code."""
    try:
        yield
    except InputError:
        raise
    except Exception as error:
        reason = " ".join(str(error).split())[:150]
        raise InputError(f"the checkpoint in {source} cannot be loaded: {type(error).__name__}: {reason}") from error

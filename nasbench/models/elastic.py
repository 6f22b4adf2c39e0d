"""The elastic encoder: a transformers task model whose layers are run by our own code, whole or as any sub-network."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel
from transformers.activations import ACT2FN

from nasbench.cost import NetworkShape
from nasbench.errors import InputError
from nasbench.models.family import LayerView, find_family
from nasbench.models.layer import LayerSettings, run_attention, run_feed_forward
from nasbench.models.shape import network_shape
from nasbench.records import Head, Kept, SubNetwork


class ElasticModel(nn.Module):
    """Wraps a transformers task model: embeddings and task head are its own modules, and layers run on its tensors.

    `state_dict()` holds each tensor once (a tied output matrix under the embeddings' name alone) and
    `network.state_dict()` has transformers' own keys.

    Training a sub-network gives zero gradients to the heads and units it leaves out of the layers it runs, and no
    gradient at all to layers it does not run. AdamW passes over a parameter whose gradient is None, without weight
    decay and without decaying its moments; a training loop that is to equal the masked network therefore calls
    `zero_gradients()` before each step's backward passes, in place of `optimizer.zero_grad()`.

    Attributes:
        network: the wrapped model; its layers may differ in size or lack sub-layers.
        num_labels: classes, choices, 1 for regression, 2 for question answering.
        shape: of the full network that this one is, or was extracted from.
        kept: what of that full network this one has: `cost.parameters(shape, kept)` counts its parameters.
        whole: this network, as a sub-network of itself.
        layers: the modules of each layer, by their roles.
        settings: what the layers have in common.
    """

    def __init__(
        self,
        network: PreTrainedModel,
        head: Head,
        num_labels: int,
        *,
        shape: NetworkShape | None = None,
        kept: SubNetwork | None = None,
        drop_layer_norm: bool = False,
    ) -> None:
        """Shape and kept parts are those of the network itself where they are not given.

        Args:
            drop_layer_norm: of a shape that is not given (`nasbench.cost.NetworkShape`).

        Raises:
            InputError: a family that is not known, a decoder, or a shape that cannot be searched.
        """
        super().__init__()
        config: Any = network.config
        if getattr(config, "is_decoder", False) or getattr(config, "add_cross_attention", False):
            raise InputError(f"{type(network).__name__} is set up as a decoder; only encoders can be searched")
        self.family = find_family(config.model_type)
        self.network = network
        self.head = head
        self.num_labels = num_labels
        self.shape = shape or network_shape(network, self.family, head, drop_layer_norm=drop_layer_norm)
        self.kept = kept or self.shape.full()
        self.layers = tuple(self.family.view(layer) for layer in self.family.encoder_layers(network))
        self.whole = SubNetwork(
            tuple(range(len(self.layers))),
            tuple(range(len(heads)) for heads in self.kept.heads),
            tuple(range(len(units)) for units in self.kept.units),
        )
        self.settings = LayerSettings(
            head_size=self.shape.head_size,
            activation=ACT2FN[getattr(config, self.family.activation)],
            hidden_dropout=getattr(config, self.family.hidden_dropout),
            attention_dropout=getattr(config, self.family.attention_dropout),
            attention_output_dropout=self.family.attention_output_dropout,
            drop_layer_norm=self.shape.drop_layer_norm,
        )
        self._tied = _tied_names(self)
        self.training = network.training
        self.register_state_dict_post_hook(_drop_tied)
        self.register_load_state_dict_pre_hook(_restore_tied)

    def forward(self, batch: Mapping[str, Tensor], sub_network: SubNetwork | None = None) -> Tensor:
        """Logits, as `Head` says.

        Args:
            batch: `input_ids`, `attention_mask` (0 at padding) and, where the family has them and they are given,
                `token_type_ids`, all [B, S], or [B, C, S] for multiple choice; anything else in it is ignored.
            sub_network: indices into what the wrapped network has; None for all of it.

        Raises:
            ValueError: a layer, head or unit that the wrapped network has not.
        """
        return self.logits(self.hidden_states(batch, sub_network), batch)

    def hidden_states(self, batch: Mapping[str, Tensor], sub_network: SubNetwork | None = None) -> Tensor:
        """Hidden states [B, S, d] ([B * C, S, d] for multiple choice) after the last kept layer."""
        sub_network = sub_network or self.whole
        hidden, mask = self.embed(batch), padding_mask(batch["attention_mask"])
        for index, heads, units in zip(sub_network.layers_kept, sub_network.heads, sub_network.units, strict=True):
            hidden = self.attention(index, hidden, mask, heads)
            hidden = self.feed_forward(index, hidden, units)
        return hidden

    def attention(self, index: int, hidden: Tensor, mask: Tensor | None, heads: Kept) -> Tensor:
        """Hidden states [B, S, d] after the attention sub-layer of a layer, from those before it."""
        return run_attention(self._layer(index), hidden, mask, heads, self.settings, self.training)

    def feed_forward(self, index: int, hidden: Tensor, units: Kept) -> Tensor:
        """Hidden states [B, S, d] after the feed-forward sub-layer of a layer, from those after its attention."""
        return run_feed_forward(self._layer(index), hidden, units, self.settings, self.training)

    def _layer(self, index: int) -> LayerView:
        if index >= len(self.layers):
            raise ValueError(f"layer {index} is kept of a network that has {len(self.layers)}")
        return self.layers[index]

    def logits(self, hidden: Tensor, batch: Mapping[str, Tensor]) -> Tensor:
        """Logits of a batch from its hidden states after the last layer."""
        logits = self.family.logits(self.network, self.head, hidden)
        logits = logits.to(next(self.parameters()).dtype)  # of low precision where products are
        return logits.view(-1, batch["input_ids"].size(1)) if self.head is Head.MULTIPLE_CHOICE else logits

    def zero_gradients(self) -> None:
        """Make every gradient zero, whether there was one or none."""
        for parameter in self.parameters():
            if parameter.grad is not None:
                parameter.grad.zero_()
            elif parameter.requires_grad:
                parameter.grad = torch.zeros_like(parameter)

    @contextmanager
    def gradients_in_place(self) -> Iterator[None]:
        """Within the context backward passes add to the parameters' `.grad`, which `zero_gradients` makes, only where
        a sub-network or a batch touches it: what a pass costs does not depend on the size of the full network.

        Gradients are those of before; `torch.autograd.grad` must not be used within.
        """
        settings, tables = self.settings, [m for m in self._embeddings.modules() if isinstance(m, nn.Embedding)]
        self.settings = dataclasses.replace(settings, in_place=True)
        for table in tables:
            table.sparse = True
        try:
            yield
        finally:
            self.settings = settings
            for table in tables:
                table.sparse = False

    @property
    def _embeddings(self) -> Any:
        return self.network.base_model.embeddings

    def embed(self, batch: Mapping[str, Tensor]) -> Tensor:
        """Hidden states [B, S, d] ([B * C, S, d] for multiple choice) before the first layer."""
        names = ["input_ids"]
        if self.family.token_types and "token_type_ids" in batch:
            names.append("token_type_ids")
        hidden: Tensor = self._embeddings(**{name: batch[name].flatten(0, -2) for name in names})
        return hidden


def padding_mask(attention_mask: Tensor) -> Tensor | None:
    """Which keys may be attended to, [B, 1, 1, S]; None where all may, which is faster and numerically the same."""
    mask = attention_mask.flatten(0, -2).bool()
    return None if bool(mask.all()) else mask[:, None, None, :]


def _tied_names(model: nn.Module) -> dict[str, str]:
    """Names of parameters that are another's tensor, and the name that stands for both."""
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    every = model.named_parameters(remove_duplicate=False)
    return {name: names[id(parameter)] for name, parameter in every if name != names[id(parameter)]}


def _drop_tied(model: ElasticModel, state: dict[str, Any], prefix: str, *_: Any) -> None:
    for name in model._tied:
        del state[prefix + name]


def _restore_tied(model: ElasticModel, state: dict[str, Any], prefix: str, *_: Any) -> None:
    for name, stands_for in model._tied.items():
        if prefix + stands_for in state:
            state.setdefault(prefix + name, state[prefix + stands_for])

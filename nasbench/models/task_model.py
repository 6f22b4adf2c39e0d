"""What a network is to training and scoring, however it is made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Any, Protocol

from torch import Tensor, nn

from nasbench.cost import NetworkShape
from nasbench.records import Head, Kept, SubNetwork


class TaskModel(Protocol):
    """An encoder under a task head; the methods are those of `ElasticModel` and of torch's modules."""

    @property
    def head(self) -> Head: ...

    @property
    def num_labels(self) -> int: ...

    @property
    def shape(self) -> NetworkShape:
        """Of the pretrained network that it was made of."""

    @property
    def whole(self) -> SubNetwork:
        """The network, as a sub-network of itself."""

    def __call__(self, batch: Mapping[str, Tensor]) -> Tensor: ...

    def embed(self, batch: Mapping[str, Tensor]) -> Tensor: ...

    def attention(self, index: int, hidden: Tensor, mask: Tensor | None, heads: Kept) -> Tensor: ...

    def feed_forward(self, index: int, hidden: Tensor, units: Kept) -> Tensor: ...

    def logits(self, hidden: Tensor, batch: Mapping[str, Tensor]) -> Tensor: ...

    def zero_gradients(self) -> None: ...

    def gradients_in_place(self) -> AbstractContextManager[None]: ...

    def parameters(self) -> Iterator[nn.Parameter]: ...

    def state_dict(self) -> Mapping[str, Tensor]: ...

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> object: ...

    def train(self, mode: bool = True) -> object: ...

    def eval(self) -> object: ...

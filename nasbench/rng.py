"""Named random streams: every draw is keyed by (seed, purpose, step), never by method or strategy.

So all methods of a seed meet the same random sub-networks, batches and dropout masks, and resuming needs no replay.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np


def key(seed: int, purpose: str, step: int = 0) -> int:
    """A 63-bit key of the stream (seed, purpose, step): the head of its SHA-256."""
    digest = hashlib.sha256(f"{seed}/{purpose}/{step}".encode()).digest()
    return int.from_bytes(digest[:8], "little") >> 1


def generator(seed: int, purpose: str, step: int = 0) -> np.random.Generator:
    """The stream (seed, purpose, step), from its beginning."""
    return np.random.Generator(np.random.PCG64(key(seed, purpose, step)))


@contextmanager
def scope(seed: int, purpose: str, step: int = 0) -> Iterator[None]:
    """Seed the global generators of Python, NumPy and torch for code that can use no other, then put them back.

    For dropout and for weight initialisation inside libraries; the global state is as before on leaving.
    """
    import torch  # here, because the searchers that use `generator` must not pay for torch

    value = key(seed, purpose, step)
    python_state, numpy_state = random.getstate(), np.random.get_state()
    devices = list(range(torch.cuda.device_count())) if torch.cuda.is_initialized() else []
    with torch.random.fork_rng(devices=devices):
        random.seed(value)
        np.random.seed(value % 2**32)
        torch.manual_seed(value)
        try:
            yield
        finally:
            random.setstate(python_state)
            np.random.set_state(numpy_state)

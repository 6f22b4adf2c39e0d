"""Random streams: keyed, repeatable, and never a step of a global generator."""

from __future__ import annotations

import hashlib
import random
from typing import Any

import numpy as np
import pytest
import torch

from nasbench import rng

# What `scope` puts back is the global generators themselves: this file alone may draw from them.


def draw() -> list[float]:
    return [random.random(), float(np.random.random()), float(torch.rand(()))]


def states() -> tuple[Any, ...]:
    name, words, *rest = np.random.get_state()
    return random.getstate(), (name, tuple(words), *rest), tuple(torch.get_rng_state().tolist())


def test_a_key_is_the_head_of_a_hash_of_seed_purpose_and_step() -> None:
    digest = hashlib.sha256(b"3/search/7").digest()
    assert rng.key(3, "search", 7) == int.from_bytes(digest[:8], "little") // 2
    assert rng.key(3, "search") == rng.key(3, "search", 0)


def test_a_stream_is_that_of_its_key_and_begins_anew() -> None:
    expected = np.random.Generator(np.random.PCG64(rng.key(3, "search", 7))).integers(0, 2**32, 5)
    for _ in range(2):
        assert (rng.generator(3, "search", 7).integers(0, 2**32, 5) == expected).all()


def test_seed_purpose_and_step_each_name_another_stream() -> None:
    names = [(0, "a", 0), (1, "a", 0), (0, "b", 0), (0, "a", 1), (1, "1", 1), (11, "1", 1), (1, "1", 11)]
    draws = {rng.generator(*name).integers(0, 2**63) for name in names}
    assert len(draws) == len(names)


def test_a_generator_advances_no_global_one() -> None:
    before = states()
    rng.generator(0, "a").random(100)
    assert states() == before


def test_a_scope_is_repeatable_and_keyed_in_all_three_generators() -> None:
    draws = []
    for step in (0, 0, 1):
        with rng.scope(5, "dropout", step):
            draws.append(draw())
    first, again, other = draws
    assert first == again
    assert all(a != b for a, b in zip(first, other, strict=True))


def test_a_scope_puts_the_global_generators_back() -> None:
    before = states()
    with rng.scope(5, "dropout"):
        draw()
        assert states() != before
    assert states() == before


def test_a_scope_that_fails_puts_them_back_too() -> None:
    @rng.scope(5, "dropout")
    def fail() -> None:
        raise KeyError(draw()[0])

    before = states()
    with pytest.raises(KeyError):
        fail()
    assert states() == before


def test_scopes_nest() -> None:
    with rng.scope(1, "a"):
        alone = [draw(), draw()]
    with rng.scope(1, "a"):
        first = draw()
        with rng.scope(2, "b"):
            draw()
        assert [first, draw()] == alone

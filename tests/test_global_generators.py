"""No method draws from a global generator, or from an unseeded one of its own: only from streams of `nasbench.rng`."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from nasbench import rng
from nasbench.compose import experiment
from nasbench.options import descriptions
from tests.test_two_phase_nas import make as make_two_phase

METHODS = tuple(run.science["method"]["name"] for run in experiment(["+experiment=smoke"]).runs)

SEARCHES = {
    "random_search": ("method=ws_nas",),
    "local_search": ("method=ws_nas", "space=medium"),
    "mo_rea": ("method=ws_nas", "space=large"),
    "nsga2": ("method=ws_nas", "space=layer", "budget.amount=4"),
    "ehvi": ("method=ws_nas", "search.max_trials=8"),
    "mo_asha": ("method=s_nas", "training.epochs=2", "budget.amount=4"),
}
"""Every search method but that of `two_phase_nas`, and what it takes to be reached in a tiny run."""

OTHERS = (
    *((*overrides, f"search={name}") for name, overrides in SEARCHES.items()),
    *(("method=ws_nas", f"strategy={name}") for name in descriptions("strategy")),
    ("method=layer_dropping", "method.strategy=contribution"),
)


def test_every_search_method_is_run() -> None:
    assert {*SEARCHES, "nsga2_paraskeva"} == set(descriptions("search"))


def states() -> tuple[Any, ...]:
    """Of the global generators of Python, NumPy and torch."""
    state: Any = np.random.get_state()
    return random.getstate(), state[1].tobytes(), state[2:], torch.get_rng_state().numpy().tobytes()


class Watched:
    """Counts the scopes of `nasbench.rng` that are open; whatever draws outside of one is an error."""

    def __init__(self) -> None:
        self.open = self.entered = 0
        self.before = states()
        self._scope = rng.scope

    @contextmanager
    def scope(self, seed: int, purpose: str, step: int = 0) -> Iterator[None]:
        assert self.open or states() == self.before, f"a global generator was advanced before the stream {purpose}"
        with self._scope(seed, purpose, step):
            self.open, self.entered = self.open + 1, self.entered + 1
            try:
                yield
            finally:
                self.open -= 1

    def refusing(self, call: Callable[..., Any], name: str) -> Callable[..., Any]:
        def refuse(*args: Any, **kwargs: Any) -> Any:
            assert self.open, f"{name} draws from a global generator"
            return call(*args, **kwargs)

        return refuse


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> Iterator[Watched]:
    """Global draws of Python and NumPy raise as long as the test runs; those of torch are told by its state."""
    found = Watched()
    monkeypatch.setattr(rng, "scope", found.scope)
    monkeypatch.setattr("nasbench.search.ehvi.scope", found.scope)
    for module, names in ((random, random.__all__), (np.random, np.random.__all__)):
        for name in names:
            call = getattr(module, name)
            owner = getattr(call, "__self__", None)
            if type(owner).__name__ in ("Random", "RandomState") and "state" not in name and name != "seed":
                monkeypatch.setattr(module, name, found.refusing(call, f"{module.__name__}.{name}"))
    fresh = np.random.default_rng

    def seeded(seed: Any = None) -> np.random.Generator:
        assert seed is not None, "numpy.random.default_rng() has a seed of its own each time"
        return fresh(seed)

    monkeypatch.setattr(np.random, "default_rng", seeded)
    yield found
    assert states() == found.before, "a global generator was advanced after the last stream"


@pytest.mark.parametrize(
    "overrides",
    [*((f"method={name}",) for name in METHODS), *(pytest.param(one, marks=pytest.mark.slow) for one in OTHERS)],
    ids=" ".join,
)
def test_no_run_draws_from_a_global_generator(
    overrides: tuple[str, ...], tmp_path: Path, make_run: Callable[..., Path], watched: Watched
) -> None:
    if "search=ehvi" in overrides:
        pytest.importorskip("botorch", reason='BoTorch is not installed: pip install "nasbench[bo]"')
    method, *others = overrides
    make_run(tmp_path, method.partition("=")[2], "limits.train=16", *others)
    assert watched.entered  # it went through the streams: heads, dropout


def test_no_evolution_of_pretrained_networks_draws_from_a_global_generator(tmp_path: Path, watched: Watched) -> None:
    make_two_phase(tmp_path)
    assert watched.entered


@pytest.mark.parametrize(
    ("draw", "told"),
    [
        (lambda: random.random(), "random.random draws"),
        (lambda: np.random.rand(2), "numpy.random.rand draws"),
        (lambda: np.random.default_rng(), "a seed of its own"),
    ],
)
def test_a_global_draw_is_refused(draw: Callable[[], Any], told: str, watched: Watched) -> None:
    with pytest.raises(AssertionError, match=told):
        draw()


@pytest.mark.parametrize("draw", [lambda: torch.rand(2), lambda: torch.nn.functional.dropout(torch.ones(2))])
def test_a_global_draw_of_torch_is_seen_where_the_next_stream_begins(draw: Callable[[], Any], watched: Watched) -> None:
    state = torch.get_rng_state()
    draw()
    with pytest.raises(AssertionError, match="before the stream test"), rng.scope(0, "test"):
        pass
    torch.set_rng_state(state)


def test_draws_within_a_named_stream_and_from_ones_own_generator_are_not(watched: Watched) -> None:
    with rng.scope(0, "test"):
        assert 0 <= random.random() < 1
        assert torch.rand(2).shape == np.random.rand(2).shape
    assert torch.rand(2, generator=torch.Generator().manual_seed(0)).shape == (2,)
    assert rng.generator(0, "test").random() < 1

"""One conformance suite for whatever is found in the configuration folder: a new file there is picked up by itself."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest
from hydra import compose as hydra_compose
from hydra import initialize_config_dir
from omegaconf import OmegaConf

from nasbench import compose, rng
from nasbench.config import build
from nasbench.spaces.layer import Layer
from nasbench.spaces.medium import Medium
from nasbench.spaces.small import Small
from nasbench.supernet.base import Strategy, largest, price
from tests.search import contract as search_contract
from tests.spaces import contract as space_contract
from tests.spaces.test_small import SHAPE

GROUPS = ("budget", "corpus", "estimator", "method", "objective", "search", "space", "strategy", "task")
"""Groups whose options are components."""


def names(group: str) -> list[str]:
    found = sorted(path.stem for path in (compose.conf_dir() / group).glob("*.yaml"))
    assert found, f"conf/{group} holds nothing"
    return found


@cache
def node(group: str, name: str) -> Any:
    """The resolved configuration of an option, as an experiment that chooses it has it."""
    choice = f"{group}=[{name}]" if group == "objective" else f"{group}={name}"
    has_hub = "hub_path" in (compose.conf_dir() / group / f"{name}.yaml").read_text("utf-8")
    with initialize_config_dir(str(compose.conf_dir()), version_base="1.3"):
        composed = hydra_compose("config", overrides=[choice, f"source={'hub' if has_hub else 'embedded'}"])
    return OmegaConf.to_container(composed[group], resolve=True)


def components(value: Any) -> Iterator[Mapping[str, Any]]:
    """The nodes that name a class, the outer first."""
    if isinstance(value, Mapping):
        if "_target_" in value:
            yield value
        for item in value.values():
            yield from components(item)


OPTIONS = [(group, name) for group in GROUPS for name in names(group)]


@pytest.mark.parametrize(("group", "name"), OPTIONS)
def test_every_option_builds_and_shows_all_of_its_settings(group: str, name: str) -> None:
    configured = list(components(node(group, name)))
    assert configured
    for item in configured:
        if item["_target_"].startswith("nasbench.search.ehvi") and find_spec("botorch") is None:
            pytest.skip("botorch is not installed")
        built = build(dict(item), name)
        fields = {field.name for field in dataclasses.fields(built) if field.init}
        assert set(item) - {"_target_"} == fields, f"conf/{group}/{name}.yaml must list every field, and no other"


@pytest.mark.parametrize("check", space_contract.CHECKS.values(), ids=space_contract.CHECKS)
@pytest.mark.parametrize("name", names("space"))
def test_space(name: str, check: Callable[[Any], None]) -> None:
    check(build(node("space", name), "space"))


@pytest.mark.parametrize("check", search_contract.CHECKS.values(), ids=search_contract.CHECKS)
@pytest.mark.parametrize("name", names("search"))
def test_search(name: str, check: Callable[[Any], None]) -> None:
    if name == "ehvi":
        pytest.importorskip("botorch", reason='BoTorch is not installed: pip install "nasbench[bo]"')
    check(fitted(node("search", name)))


def fitted(configured: Mapping[str, Any]) -> Any:
    """A search method with more rungs than the default scale has, and less work for a surrogate model."""
    sizes = {"max_fidelity": 5, "mc_samples": 4, "candidates": 16}
    return build({key: sizes.get(key, value) for key, value in configured.items()}, "search")


def plans(strategy: Strategy, config: Any, steps: int = 8) -> list[Any]:
    """The passes of evenly spread steps of a training."""
    space = config.bind(SHAPE)
    return [strategy.plan(space, rng.generator(strategy.seed, "sub_networks", i), i / steps) for i in range(steps)]


SPACES = (Small(), Medium(), Layer())


@pytest.fixture(params=names("strategy"))
def strategy(request: pytest.FixtureRequest) -> Strategy:
    return build(node("strategy", request.param), "strategy")


def test_strategies_of_equal_seeds_plan_equal_steps(strategy: Strategy) -> None:
    for config in SPACES:
        assert plans(strategy, config) == plans(strategy, config)


def test_strategies_plan_passes_that_train(strategy: Strategy) -> None:
    """In every step something is trained, on labels somewhere, and the teacher comes before those it teaches."""
    for config in SPACES:
        for passes in plans(strategy, config):
            assert any(item.labels for item in passes)
            taught = [i for i, item in enumerate(passes) if item.distil]
            teachers = [i for i, item in enumerate(passes) if item.teacher]
            assert not taught or (len(teachers) == 1 and teachers[0] < min(taught))
            assert price(SHAPE, passes, np.array([4, 7])) > 0


def test_strategies_of_a_seed_meet_the_same_random_sub_networks(strategy: Strategy) -> None:
    for config in SPACES:
        space = config.bind(SHAPE)
        fixed = [largest(space), space.network(space.smallest())]
        for step, passes in enumerate(plans(strategy, config)):
            stream = rng.generator(strategy.seed, "sub_networks", step)
            drawn = [space.network(space.sample(stream)) for _ in passes]
            random = [item.network for item in passes if item.network not in fixed]
            assert random == [network for network in drawn if network not in fixed][: len(random)]


def test_a_file_that_is_new_is_picked_up(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "search").mkdir()
    (tmp_path / "search" / "novel.yaml").write_text("_target_: nasbench.search.random_search.RandomSearch\n")
    monkeypatch.setattr(compose, "conf_dir", lambda: tmp_path)
    assert names("search") == ["novel"]

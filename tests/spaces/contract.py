"""What every search space must do, whatever it is: each check takes the configuration of one."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import replace
from itertools import islice
from typing import Any, cast

import numpy as np

from nasbench import cost, rng
from nasbench.cost import NetworkShape
from nasbench.records import Architecture
from nasbench.spaces.base import Crosses, Encodes, HasLargest, HasMiddle, Inherits, Inverts, SearchSpace, SpaceConfig
from tests.spaces.test_small import SHAPE

BERT_BASE = NetworkShape(
    hidden_size=768,
    head_size=64,
    layers=12,
    heads=12,
    units=3072,
    embedding_parameters=23_837_184,
    output_parameters=592_130,
    output_macs_per_sequence=591_360,
    output_macs_per_token=0,
)
SHAPES = (SHAPE, replace(SHAPE, layers=3, heads=1, units=9), BERT_BASE)


Space = SearchSpace | Inherits


def samples(space: Space, n: int = 20, seed: int = 0) -> list[Architecture]:
    return [space.sample(rng.generator(seed, "test", i)) for i in range(n)]


def bound(config: SpaceConfig, shape: NetworkShape) -> Space:
    return cast(Space, config.bind(shape))


def each(config: SpaceConfig) -> list[tuple[NetworkShape, Space]]:
    return [(shape, bound(config, shape)) for shape in SHAPES]


def check_equal_streams_are_equal_draws(config: SpaceConfig) -> None:
    for _, space in each(config):
        assert samples(space) == samples(space)
        assert samples(space) != samples(space, seed=1)
        for architecture in samples(space, 5):
            first, again = (space.mutate(architecture, rng.generator(5, "test")) for _ in range(2))
            assert first == again


def check_global_generators_are_left_alone(config: SpaceConfig) -> None:
    states = random.getstate(), np.random.get_state()[1].tolist()  # type: ignore[index]
    for _, space in each(config):
        for architecture in samples(space, 3):
            space.mutate(architecture, rng.generator(1, "test"))
    assert states == (random.getstate(), np.random.get_state()[1].tolist())  # type: ignore[index]


def check_samples_are_sub_networks(config: SpaceConfig) -> None:
    """But for networks that are built: they may be larger than the pretrained one."""
    for shape, space in each(config):
        if isinstance(space, Inherits):
            continue
        full = cost.sizes(shape, shape.full(), 10)
        for architecture in samples(space):
            sizes = cost.sizes(shape, space.network(architecture), 10)
            assert sizes.encoder_parameters <= full.encoder_parameters
            assert sizes.macs <= full.macs


def check_architectures_survive_json(config: SpaceConfig) -> None:
    for _, space in each(config):
        for architecture in samples(space, 5):
            text = json.dumps(architecture.to_json())
            assert Architecture.from_json(json.loads(text)) == architecture
            assert len(text) < 16_000


def check_mutation_changes_one_entry(config: SpaceConfig) -> None:
    """Or several, where architectures say what each module takes from its parent's."""
    for shape, space in each(config):
        for architecture in samples(space):
            mutant = space.mutate(architecture, rng.generator(2, "test"))
            assert mutant != architecture
            space.network(mutant)
            if shape is SHAPE and not isinstance(space, Inherits):
                assert mutant in set(space.neighbours(architecture))


def check_neighbours_are_different_and_mutual(config: SpaceConfig) -> None:
    """There is no way back to what was inherited: a module altered twice is not the parent's."""
    space = bound(config, SHAPE)
    for architecture in samples(space, 5):
        neighbours = list(space.neighbours(architecture))
        assert len(neighbours) == len(set(neighbours)) > 0
        assert architecture not in neighbours
        back = isinstance(space, Inherits) or all(architecture in set(space.neighbours(n)) for n in neighbours)
        assert back


def check_neighbours_come_one_by_one(config: SpaceConfig) -> None:
    for _, space in each(config):
        assert len(list(islice(space.neighbours(space.smallest()), 2))) == 2


def check_smallest_and_largest_bound_all_others(config: SpaceConfig) -> None:
    for shape, space in each(config):
        sizes = [cost.parameters(shape, space.network(architecture)) for architecture in samples(space)]
        assert cost.parameters(shape, space.network(space.smallest())) <= min(sizes)
        if isinstance(space, HasLargest):
            assert space.network(space.largest()) == shape.full()
        if isinstance(space, HasMiddle):
            low, middle, high = (
                cost.encoder_parameters(shape, network)
                for network in (space.network(space.smallest()), space.network(space.middle()), shape.full())
            )
            assert low < middle < high


def check_encodings_are_equally_long_and_within_bounds(config: SpaceConfig) -> None:
    for _, space in each(config):
        if isinstance(space, Encodes):
            vectors = np.stack([space.encode(architecture) for architecture in samples(space)])  # equal lengths
            assert vectors.dtype == np.float64
            assert vectors.min() >= 0
            assert vectors.max() <= 1
            assert len(np.unique(vectors, axis=0)) > 1


def check_architecture_inverts_network(config: SpaceConfig) -> None:
    for shape, space in each(config):
        if isinstance(space, Inverts) and not isinstance(space, Inherits):
            for network in [*(space.network(architecture) for architecture in samples(space)), shape.full()]:
                assert space.network(space.architecture(network)) == network


def check_crossover_takes_from_both_parents(config: SpaceConfig) -> None:
    space = config.bind(SHAPE)
    if isinstance(space, Crosses):
        first, second = samples(space, 2)
        children = {space.crossover(first, second, rng.generator(i, "test")) for i in range(50)}
        assert len(children) > 1
        assert {space.crossover(first, first, rng.generator(i, "test")) for i in range(5)} == {first}
        for child in children:
            space.network(child)


def check_its_name_says_what_it_is(config: SpaceConfig) -> None:
    (name,) = {space.name for _, space in each(config)}
    assert name


CHECKS: dict[str, Callable[[Any], None]] = {
    name.removeprefix("check_"): check for name, check in list(globals().items()) if name.startswith("check_")
}

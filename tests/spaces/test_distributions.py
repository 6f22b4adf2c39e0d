"""What share of a BERT-base's encoder random architectures keep: the shapes of Figure 3 of Klein et al. 2024."""

from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from nasbench import rng
from nasbench.cost import encoder_parameters
from nasbench.spaces.base import SpaceConfig
from nasbench.spaces.large import Large
from nasbench.spaces.layer import Layer
from nasbench.spaces.medium import Medium
from nasbench.spaces.small import Small
from tests.spaces.contract import BERT_BASE

SAMPLES = 500
ATTENTION = 1 / 3
"""Share of a layer's parameters: 4 d^2 of 12 d^2, without biases and LayerNorms."""
LEVEL = 0.01
"""Of each test of fit: a right sampler fails it for one seed in a hundred."""


@cache
def shares(config: SpaceConfig) -> NDArray[np.float64]:
    """Share of the encoder's parameters [500] that each sample keeps."""
    space = config.bind(BERT_BASE)
    full = encoder_parameters(BERT_BASE, BERT_BASE.full())
    samples = (space.sample(rng.generator(0, "test", i)) for i in range(SAMPLES))
    return np.array([encoder_parameters(BERT_BASE, space.network(sample)) / full for sample in samples])


def test_small_leans_small() -> None:
    """A product of uniform depth and width; its mean is a quarter."""
    stream = rng.generator(1, "test")
    layers, heads, units = stream.integers(0, 13, 20_000), stream.integers(1, 13, 20_000), stream.random(20_000)
    by_hand = layers / 12 * (ATTENTION * heads / 12 + (1 - ATTENTION) * units)
    assert stats.ks_2samp(shares(Small()), by_hand).pvalue > LEVEL
    assert stats.kstest(shares(Small()), "uniform").pvalue < 1e-20
    assert (shares(Small()) < 0.25).mean() > 0.5
    assert (shares(Small()) > 0.75).mean() < 0.05


def test_medium_peaks_in_the_middle() -> None:
    """A mean over 12 layers of uniform heads and units: close to normal, by the central limit theorem."""
    heads, units = (13**2 - 1) / 12 / 12**2, 1 / 12  # variances of 0..12 twelfths, and of a uniform share
    spread = np.sqrt((ATTENTION**2 * heads + (1 - ATTENTION) ** 2 * units) / 12)
    assert stats.kstest(shares(Medium()), "norm", args=(0.5, spread)).pvalue > LEVEL
    assert ((shares(Medium()) > 0.35) & (shares(Medium()) < 0.65)).mean() > 0.95


def test_layer_is_uniform() -> None:
    """Over the 13 sizes there are: spread evenly between their steps, over the unit interval."""
    steps = shares(Layer()) * 12
    assert np.abs(steps - steps.round()).max() < 1e-9
    spread = (steps.round() + rng.generator(1, "test").random(SAMPLES)) / 13
    assert stats.kstest(spread, "uniform").pvalue > LEVEL


def test_large_is_uniform() -> None:
    assert stats.kstest(shares(Large()), "uniform").pvalue > LEVEL


def test_independent_bits_would_not_be_uniform() -> None:
    """What the two spaces are spared: such samples all lie about the middle."""
    bits = rng.generator(1, "test").random((SAMPLES, 12)) < 0.5
    assert stats.kstest((bits.sum(axis=1) + 0.5) / 13, "uniform").pvalue < 1e-6

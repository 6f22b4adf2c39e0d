"""Sub-networks as the paper writes them: masks over all heads and units of the network."""

import numpy as np
from numpy.typing import NDArray

from nasbench.cost import NetworkShape
from nasbench.records import SubNetwork


def masks(shape: NetworkShape, network: SubNetwork) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The masks [layers, heads] and [layers, units] of what is kept."""
    heads, units = np.zeros((shape.layers, shape.heads)), np.zeros((shape.layers, shape.units))
    for layer, kept_heads, kept_units in zip(network.layers_kept, network.heads, network.units, strict=True):
        heads[layer, list(kept_heads)] = 1
        units[layer, list(kept_units)] = 1
    return heads, units

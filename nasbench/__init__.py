"""nasbench: a reproducible benchmark suite for neural architecture search on pretrained language models."""

__version__ = "0.1.0"

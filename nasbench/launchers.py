"""Sweeps: what is wrong with one is told before its first job, and not by Hydra as it stumbles over it."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec

from nasbench import compose
from nasbench.config import build
from nasbench.errors import InputError

EXTRAS = {"cores": "joblib", "slurm": "slurm", "ray_cluster": "ray"}
"""The extra that each option of `hydra/launcher` needs. Hydra's plugins have options of their own, of other names."""

PLUGINS = {"joblib": "hydra_joblib_launcher", "slurm": "hydra_submitit_launcher", "ray": "hydra_ray_launcher"}
"""What brings an extra's launcher."""


def check_launcher(overrides: Sequence[str]) -> None:
    """Raises InputError where a launcher is chosen whose plugin is not installed."""
    for override in overrides:
        group, _, option = override.partition("=")
        if group == "hydra/launcher" and option in EXTRAS and not is_installed(EXTRAS[option]):
            raise InputError(f'{override} needs a package that is not there: pip install "nasbench[{EXTRAS[option]}]"')


def is_installed(extra: str) -> bool:
    return find_spec("hydra_plugins") is not None and find_spec(f"hydra_plugins.{PLUGINS[extra]}") is not None


def check_jobs(overrides: Sequence[str]) -> None:
    """Raises InputError where a job of a sweep cannot be built, by its configuration alone: no data is read.

    Of jobs that differ in nothing but their seed one is built, and each seed once.
    """
    built: set[object] = set()
    for job in compose.jobs(overrides):
        seed = tuple(text for text in job if text.startswith("seed="))
        parts = {seed, tuple(text for text in job if text not in seed)}
        if not parts <= built:
            for spec in compose.experiment(job).runs:
                for name, node in spec.science.items():
                    build(node, name)
            built |= parts

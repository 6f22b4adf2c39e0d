"""Launchers of sweeps that need a package more: told before Hydra stumbles over its absence."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec

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

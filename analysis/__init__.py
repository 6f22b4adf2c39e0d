"""Tables and figures from stored run files alone: no model is loaded and torch is never imported."""

from analysis.comparison import compare
from analysis.load import load_runs, load_trials

__all__ = ["compare", "load_runs", "load_trials"]

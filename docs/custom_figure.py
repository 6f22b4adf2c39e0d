"""A figure of one's own from a results folder: python docs/custom_figure.py results/squad_distilbert figure.pdf"""

import sys
from pathlib import Path

import seaborn

from analysis import load_trials

results, figure = Path(sys.argv[1]), Path(sys.argv[2])
trials = load_trials(results)
front = trials[trials["finished"] & trials["on_front"]]
axes = seaborn.lineplot(front, x="relative_encoder_parameters", y="test_score", hue="label", style="seed", marker="o")
axes.set(xlabel="encoder parameters (fraction of all)", ylabel=f"test {trials['metric'].iloc[0]}")
axes.figure.savefig(figure, bbox_inches="tight")
print(*trials.attrs["notes"], sep="\n")

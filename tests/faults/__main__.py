"""Kills runs in every phase and at every kind of write, resumes them, and compares with those that nothing was done to.

    python -m tests.faults --kills 200 --seed 0

Prints a table of phases; exit code 1 where a resumed run was not, byte for byte, the uninterrupted one.
"""

from __future__ import annotations

import argparse
import gc
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

os.environ["TOKENIZERS_PARALLELISM"] = "false"  # before transformers is imported: no threads where processes fork

import torch

from analysis import draw
from nasbench.run import assemble
from tests.faults.kills import Kill, kills, refer
from tests.faults.scenarios import Scenario, scenarios


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description="Kill, resume, compare.")
    parser.add_argument("--kills", type=int, default=10, help="in all, spread over the phases (%(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of phases, moments and writes (%(default)s)")
    parser.add_argument("--phase", action="append", help="kill in this one alone; may be repeated")
    options = parser.parse_args()
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="nasbench-faults-") as scratch:
        made = _all(Path(scratch), options.kills, options.seed, options.phase)
    print(_table(made))
    print(f"{len(made)} kills in {time.monotonic() - started:.0f} s, seed {options.seed}")
    wrong = [kill for kill in made if kill.wrong]
    for kill in wrong:
        print(f"{kill.phase}, {kill.boundary}: {'; '.join(kill.wrong)}")
    return 1 if wrong else 0


def _warm(chosen: Iterable[Scenario]) -> None:
    """Import and read what the commands need, so that no child has to, but start no threads."""
    import matplotlib.backends.backend_pdf  # noqa: F401

    torch.set_num_threads(1)
    draw.discover()
    for scenario in chosen:
        for spec in scenario.reads:
            assemble(spec).problem.pretrained()
    gc.freeze()  # else the first collection in a child copies all that was imported


def _all(scratch: Path, number: int, seed: int, only: list[str] | None) -> list[Kill]:
    inputs = scratch / "inputs"
    chosen = [(scenario, phase) for scenario in scenarios(inputs) for phase in scenario.phases]
    chosen = [(scenario, phase) for scenario, phase in chosen if not only or phase in only]
    shares = [number // len(chosen) + (i < number % len(chosen)) for i in range(len(chosen))]
    _warm({scenario.name: scenario for (scenario, _), share in zip(chosen, shares, strict=True) if share}.values())
    made: list[Kill] = []
    last: Scenario | None = None
    for i, ((scenario, phase), share) in enumerate(zip(chosen, shares, strict=True)):
        if share == 0:
            continue
        if scenario is not last:
            reference, last = refer(scenario, scratch / str(i)), scenario
        for kill in kills(reference, phase, share, random.Random(f"{seed}/{phase}")):
            made.append(kill)
            wrong = "; ".join(kill.wrong) or "resumed to the same bytes"
            print(f"{len(made)}: {kill.phase}, {kill.boundary}: {wrong}", file=sys.stderr, flush=True)
    return made


def _table(made: list[Kill]) -> str:
    """In Markdown: kills of each phase, at random moments and around writes, and how many resumed to the same bytes."""
    moments, writes, same = Counter[str](), Counter[str](), Counter[str]()
    for kill in made:
        (moments if kill.boundary == "random moment" else writes)[kill.phase] += 1
        same[kill.phase] += not kill.wrong
    lines = [
        "| phase | killed at random moments | killed around a write | resumed to the same bytes |",
        "|---|---|---|---|",
    ]
    for phase in dict.fromkeys(kill.phase for kill in made):
        total = moments[phase] + writes[phase]
        lines.append(f"| {phase} | {moments[phase]} | {writes[phase]} | {same[phase]} of {total} |")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())

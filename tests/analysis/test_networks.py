from pathlib import Path
from typing import NoReturn

import pytest

from analysis.comparison import Comparison, compare
from analysis.draw import discover
from analysis.drawing import Options
from analysis.load import load_runs
from analysis.networks import Networks
from nasbench.records import Architecture
from nasbench.results import read_run
from tests.analysis.runs import write_run
from tests.analysis.sweeps import write_sweeps


def test_equal_architectures_have_one_number_in_all_runs(tmp_path: Path) -> None:
    named = [Architecture((1, "a")), Architecture((2, (3, 4))), Architecture((1, "a"))]
    first = read_run(write_run(tmp_path, "s_nas", [(0.5, 0.5)] * 3, {}, architectures=named))
    second = read_run(write_run(tmp_path, "s_nas", [None, (0.5, 0.5)], {}, seed=1, architectures=named[1:]))
    networks = Networks.of([second, first])
    assert networks.architectures == (Architecture((2, (3, 4))), Architecture((1, "a")))
    assert networks.numbers[first.path].tolist() == [1, 0, 1]
    assert networks.numbers[second.path].tolist() == [0, 1]
    assert networks.among([first]) == list(networks.architectures)
    assert Networks.of([]).among([]) == []


class Unread:
    """Trials that may be counted, and nothing else."""

    def __init__(self, number: int) -> None:
        self._number = number

    def __len__(self) -> int:
        return self._number

    def __iter__(self) -> NoReturn:
        pytest.fail("a figure reads records")

    __getitem__ = __iter__


def test_figures_of_all_trials_read_no_records(tmp_path: Path) -> None:
    """Of thousands of runs these are most of the memory, and each process that reads them has a copy in the end."""
    comparisons: list[Comparison] = compare(load_runs(write_sweeps(tmp_path / "results")))
    for comparison in comparisons:
        assert all([comparison.fronts, comparison.transform, comparison.networks.architectures])  # made once, before
        for run in comparison.finished():
            if run.columns.resumed:
                continue  # what was trained on is told by its records, and is of few runs
            object.__setattr__(run, "trials", Unread(len(run.trials)))
    figures = discover()
    for name in ("agreement", "architecture", "cost_breakdown", "hypervolume", "klein_fig5", "klein_fig7"):
        figures[name].draw(comparisons[:1], Options())
    for name in ("klein_fig11", "klein_fig12", "paired_networks", "pareto"):
        figures[name].draw(comparisons[:1], Options())
    for name in ("aggregate", "critical_difference", "klein_fig6"):
        figures[name].draw(comparisons, Options())

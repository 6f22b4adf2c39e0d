from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from analysis.comparison import compare
from analysis.draw import discover
from analysis.drawing import NothingToDrawError, Options
from analysis.load import load_runs
from analysis.networks import Networks
from analysis.pairs import Pairs, centred_ranks, every, of_rungs, of_sharing
from nasbench.records import Architecture, Evaluation, Proposal, Sizes, Status, Trial
from nasbench.results import Run, RunWriter
from tests.analysis.runs import Point, header, write_run


def architectures(*numbers: int) -> list[Architecture]:
    return [Architecture((number,)) for number in numbers]


def one(path: Path) -> Run:
    (run,) = load_runs(path)
    return run


def test_errors_of_the_architectures_that_both_have_are_paired_by_seed(tmp_path: Path) -> None:
    shared, alone = [], []
    for seed in (0, 1):
        cheap: list[Point | None] = [(0.1 + seed, 0.5), (0.2, 0.5), None, (0.4, 0.5), (0.5, 0.5)]
        dear: list[Point | None] = [(0.9, 0.5), (0.8, 0.5), (0.7, 0.5), (0.6, 0.5)]
        named = architectures(1, 2, 3, 4, 5)
        shared.append(one(write_run(tmp_path, "ws_nas", cheap, {}, seed=seed, architectures=named)))
        alone.append(one(write_run(tmp_path, "s_nas", dear, {}, seed=seed, architectures=architectures(4, 2, 1, 3))))
    networks = Networks.of([*shared, *alone])
    found = of_sharing(shared, alone, networks)
    assert found.seeds == (0, 0, 0, 1, 1, 1)
    assert found.early == (0.4, 0.2, 0.1, 0.4, 0.2, 1.1)
    assert found.late == (0.9, 0.8, 0.7) * 2
    assert found.trials == (0, 1, 2) * 2
    assert len(of_sharing(shared[:1], alone[1:], networks)) == 0


def test_first_and_last_rungs_of_what_was_trained_on(tmp_path: Path) -> None:
    with RunWriter.open(tmp_path / "a.jsonl", header("s_nas")) as writer:
        for i, (error, resumes) in enumerate(
            [(0.5, None), (0.6, None), (0.7, None), (0.4, 0), (0.5, 1), (0.65, 2), (0.3, 3)]
        ):
            evaluation = Evaluation(
                status=Status.OK, cost=1, sizes=Sizes(2, 1, 1), validation={"error": error, "size": 0.5}, scores={}
            )
            proposal = Proposal(Architecture((i,)), fidelity=1, resumes=resumes)
            writer.append_trial(Trial(index=i, batch=i, proposal=proposal, evaluation=evaluation, spent=i + 1))
    found = of_rungs([one(tmp_path / "a.jsonl")])
    assert (found.early, found.late, found.trials) == ((0.5, 0.6, 0.7), (0.3, 0.5, 0.65), (6, 4, 5))


def test_a_run_of_other_losses_moves_no_coefficient() -> None:
    x, y = [1.0, 2.0, 3.0, 4.0], [1.0, 3.0, 2.0, 4.0]
    alone = Pairs(what="", final="", early=tuple(x), late=tuple(y), trials=(0,) * 4, seeds=(0,) * 4).correlated()
    far = [100 + value for value in reversed(x)], [-50 + value for value in reversed(y)]
    both = Pairs(
        what="",
        final="",
        early=(*x, *far[0]),
        late=(*y, *far[1]),
        trials=(0,) * 8,
        seeds=(0,) * 4 + (1,) * 4,
    ).correlated()
    assert both.spearman.value == pytest.approx(alone.spearman.value) == pytest.approx(0.8)
    assert both.n == 8
    # of values together the sign would be the other one
    assert stats.spearmanr([*x, *far[0]], [*y, *far[1]]).statistic < 0
    assert both.top_half == alone.top_half == 0.5


def test_ranks_are_centred_within_groups_and_ties_share_theirs() -> None:
    groups = [np.array([0, 2, 4]), np.array([1, 3])]
    assert centred_ranks(np.array([5.0, 9.0, 1.0, 9.0, 5.0]), groups).tolist() == [0.5, 0.0, -1.0, 0.0, 0.5]


def test_the_figure_names_the_methods_and_needs_three_architectures(tmp_path: Path) -> None:
    points: list[Point | None] = [(0.1, 0.5), (0.2, 0.5), (0.3, 0.5)]
    for method in ("ws_nas", "s_nas"):
        write_run(tmp_path / "three", method, points, {0: 0.1}, architectures=architectures(1, 2, 3))
        write_run(tmp_path / "two", method, points[:2], {0: 0.1}, architectures=architectures(1, 2))
    (comparison,) = compare(load_runs(tmp_path / "three"))
    assert list(every(comparison)) == ["ws_nas, s_nas"]
    drawing = discover()["agreement"].draw([comparison], Options())
    assert drawing.table is not None
    assert drawing.table.data["pearson"].tolist() == pytest.approx([1.0])
    with pytest.raises(NothingToDrawError, match="no finished runs measured three architectures twice"):
        discover()["agreement"].draw(compare(load_runs(tmp_path / "two")), Options())


def test_of_very_many_pairs_whole_runs_are_chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("analysis.pairs.MOST", 5)
    runs = []
    for seed in range(6):
        points: list[Point | None] = [(0.1 * (i + 1), 0.5) for i in range(3)]
        runs.append(one(write_run(tmp_path / str(seed), "s_nas", points, {}, seed=seed)))
    found = of_sharing(runs, runs, Networks.of(runs))
    assert len(found) == 6
    assert sorted(found.seeds) == list(found.seeds)
    assert {found.seeds.count(seed) for seed in found.seeds} == {3}

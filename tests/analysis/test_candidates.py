from pathlib import Path

import numpy as np
import pytest

from analysis.candidates import candidates, error, last_generation, pools
from analysis.comparison import compare
from analysis.draw import discover
from analysis.drawing import NothingToDrawError, Options
from analysis.load import load_runs
from nasbench.results import Run
from nasbench.search.nsga2_paraskeva import Nsga2Paraskeva
from nasbench.search.survival import Crowding
from tests.analysis.phases import Made, generation, write_phases

INITIAL = [Made(3.0, 2.0, 0.5, 1.0), Made(3.5, 2.5, 0.6, 0.5)]
SECOND = [Made(3.0, 2.0, 0.4, 0.8), Made(4.0, 3.0, 0.3, 0.9), None, Made(3.2, 2.2, 0.7, 0.7)]
THIRD = [Made(5.0, 3.0, 0.2, 0.8), Made(3.0, 2.8, 0.45, 0.4), Made(4.0, 2.9, 0.55, 0.9), Made(4.5, 3.5, 0.6, 2.0)]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    write_phases(tmp_path, [INITIAL, SECOND, THIRD])
    (run,) = load_runs(tmp_path)
    return run


def test_rows_that_resume_others_are_one_candidate(run: Run) -> None:
    found = candidates(run)
    assert [candidate.generation for candidate in found] == [0, 0, 1, 1, 1, 1, 2, 2, 2, 2]
    assert [len(candidate.trials) for candidate in found] == [1, 1, 2, 1, 1, 2, 2, 2, 2, 2]
    assert [str(candidate.status) for candidate in found[2:6]] == ["ok", "stopped", "diverged", "ok"]
    # of the last generation the two with the lower loss at the cutoff were kept, and the others finished for analysis
    assert [(c.finished, c.kept) for c in last_generation(found)] == [(True, False), *[(True, True)] * 2, (True, False)]
    assert list(found[2].stages) == ["phase_0", "phase_1", "fine_tuning"]
    assert [found[2].held_out(phase) for phase in ("phase_0", "phase_1")] == pytest.approx([3.1, 2.1])
    assert (found[3].held_out("phase_1"), found[4].held_out("phase_0")) == (None, None)
    assert error(run, found[2].trials[-1]) == 0.4


def test_parents_are_the_survivors_of_all_before_by_rank_and_crowding(run: Run) -> None:
    second, third = pools(run)
    # (0.5, 1) (0.6, 0.5) | (0.4, 0.8) (0.7, 0.7): the third dominates the first, the second dominates the fourth
    assert ([c.index for c in second.parents], [c.index for c in second.offspring]) == ([0, 1], [2, 5])
    assert second.fronts == (1, 0, 0, 1)
    assert [c.index for c in third.parents] == [1, 2]
    # (0.6, 0.5) (0.4, 0.8) | (0.45, 0.4) (0.55, 0.9); those for the analysis alone take no part
    assert [error(run, c.trials[-1]) for c in third.offspring] == [0.45, 0.55]
    assert third.fronts == (1, 0, 0, 1)


def test_a_generation_without_survivors_of_its_own_is_survived(tmp_path: Path) -> None:
    write_phases(tmp_path, [INITIAL, [None, None], SECOND])
    (run,) = load_runs(tmp_path)
    assert [pool.generation for pool in pools(run)] == [2]
    assert [c.index for c in pools(run)[0].parents] == [0, 1]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("crowding", Crowding)
def test_parents_are_those_that_the_search_itself_had(tmp_path: Path, seed: int, crowding: Crowding) -> None:
    config = {"method": {"name": "two_phase_nas", "search": {"survival_crowding": str(crowding)}}}
    made = [generation(size, seed, str(i)) for i, size in enumerate((4, 6, 6, 6))]
    (run,) = load_runs(write_phases(tmp_path, made, config=config).parent)
    search = Nsga2Paraskeva(population_size=4, batch_size=6, generations=3, survival_crowding=crowding)
    found = pools(run)
    assert [pool.generation for pool in found] == [1, 2, 3]
    for pool in found:
        begun = next(c.index for c in candidates(run) if c.generation == pool.generation)
        expected = {trial.index for trial in search.breeding(run.trials[:begun])}
        assert {candidate.trials[-1].index for candidate in pool.parents} == expected


def test_the_initial_population_may_come_in_several_batches(tmp_path: Path) -> None:
    path = write_phases(tmp_path, [INITIAL, SECOND])
    rows = path.read_text().splitlines()
    assert '"index": 1, "batch": 0' in rows[2]
    path.write_text("\n".join([*rows[:2], rows[2].replace('"batch": 0', '"batch": 1'), *rows[3:], ""]))
    (run,) = load_runs(tmp_path)
    assert [candidate.generation for candidate in candidates(run)] == [0, 0, 1, 1, 1, 1]


def test_figure_2_shows_score_over_size_ratio(run: Run) -> None:
    (comparison,) = compare([run])
    data = discover()["paraskeva_fig2"].draw([comparison], Options()).data
    first = data[data["generation"] == 1]
    assert first["kind"].tolist() == ["parent", "parent", "offspring", "offspring"]
    assert first["score"].tolist() == pytest.approx([0.5, 0.4, 0.6, 0.3])
    assert first["size_ratio"].tolist() == pytest.approx([1, 2, 1.25, 1 / 0.7])
    assert first["front"].tolist() == [2, 1, 1, 2]


def test_figure_3_joins_both_phases_and_leaves_diverged_ones_undrawn(tmp_path: Path) -> None:
    write_phases(tmp_path, [INITIAL, SECOND])
    (comparison,) = compare(load_runs(tmp_path))
    drawing = discover()["paraskeva_fig3"].draw([comparison], Options())
    kept = drawing.data[drawing.data["candidate"] == 2]
    assert kept["step"].tolist() == [2, 4, 6, 8, 12, 16, 20, 24]
    assert kept["loss"].tolist() == pytest.approx([9, 7, 5, 3, 3, 3 - 1 / 3, 3 - 2 / 3, 2])
    assert kept["held_out"].dropna().tolist() == pytest.approx([3.1, 2.1])
    lines = [line.get_linestyle() for line in drawing.figure.axes[0].lines if np.size(line.get_xdata()) == 8]
    assert sorted(lines) == ["-", "-", ":"]


def test_a_seed_that_there_is_not_is_told(run: Run) -> None:
    (comparison,) = compare([run])
    for name in ("paraskeva_fig2", "paraskeva_fig3"):
        with pytest.raises(NothingToDrawError, match="no finished run of seed 7"):
            discover()[name].draw([comparison], Options(seed=7))


def test_figure_4_is_of_the_last_generation_and_of_all(tmp_path: Path) -> None:
    for seed in (0, 1):
        write_phases(tmp_path, [INITIAL, SECOND, THIRD], seed=seed)
    (comparison,) = compare(load_runs(tmp_path))
    drawing = discover()["paraskeva_fig4"].draw([comparison], Options())
    assert drawing.table is not None
    table = drawing.table.data.set_index("of")
    assert table["n"].to_dict() == {
        "last generation, cutoff": 8,
        "last generation, end": 8,
        "all generations, cutoff": 16,
        "all generations, end": 16,
    }
    # errors .2 .45 .55 .6, losses 5 3 4 4.5: ranks 1 2 3 4 and 4 1 2 3, so 1 - 6 (9 + 1 + 1 + 1) / (4 * 15)
    assert table["spearman"]["last generation, cutoff"] == pytest.approx(-0.2)
    assert table["better_half"]["last generation, cutoff"] == 0.5
    assert np.isclose(drawing.data["early_loss"].max(), 5.1)

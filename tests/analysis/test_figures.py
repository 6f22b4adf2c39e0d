from pathlib import Path

import matplotlib as mpl
import pandas as pd
import pytest
from matplotlib.image import imread
from seaborn import color_palette

from analysis import figures
from analysis.appearance import COLOURS, appearances
from analysis.comparison import compare
from analysis.draw import choose, discover, write_figure
from analysis.drawing import WIDTH, Axis, NothingToDrawError, Options
from analysis.load import load_runs
from nasbench.errors import InputError
from tests.analysis.conftest import FRONT, TESTS
from tests.analysis.runs import write_run

ENCODER = Options()


@pytest.mark.parametrize("name", sorted(discover()))
def test_a_figure_writes_three_files_and_the_csv_is_its_data(name: str, experiment: Path, tmp_path: Path):
    (comparison,) = compare(load_runs(experiment))
    draw = discover()[name]
    paths = write_figure(draw, comparison, ENCODER, tmp_path / name)
    assert [path.name for path in paths] == [f"{name}.png", f"{name}.pdf", f"{name}.csv"]
    data = draw(comparison, ENCODER).data
    pd.testing.assert_frame_equal(pd.read_csv(paths[2]), data, check_dtype=False)
    assert imread(paths[0]).shape[1] == pytest.approx(WIDTH * 300, abs=1)
    assert paths[1].read_bytes().startswith(b"%PDF")


@pytest.mark.parametrize("name", sorted(discover()))
def test_equal_runs_give_equal_bytes_whatever_style_the_user_has(
    name: str, experiment: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (comparison,) = compare(load_runs(experiment))
    first = write_figure(discover()[name], comparison, ENCODER, tmp_path / "first")
    monkeypatch.setitem(mpl.rcParams, "axes.facecolor", "pink")
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "0")
    second = write_figure(discover()[name], comparison, ENCODER, tmp_path / "second")
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]
    assert b"CreationDate" not in first[1].read_bytes()


def test_pareto_shows_test_scores_of_members_against_the_chosen_size(experiment: Path):
    (comparison,) = compare(load_runs(experiment))
    for axis, sizes in ((Axis.ENCODER, [0.2, 0.5, 0.8]), (Axis.TOTAL, [0.6, 0.75, 0.9])):
        data = choose("pareto")["pareto"](comparison, Options(axis=axis)).data
        points = data[(data["part"] == "point") & (data["method"] == "ws_nas") & (data["seed"] == 0)]
        assert points["size"].tolist() == pytest.approx(sizes)
        assert points["score"].tolist() == pytest.approx([0.35, 0.4, 0.55])


def test_pareto_draws_what_half_of_the_seeds_attain(experiment: Path):
    write_run(experiment, "ws_nas", FRONT, {0: 0.9, 1: 0.9, 3: 0.95}, seed=2)
    (comparison,) = compare(load_runs(experiment))
    data = choose("pareto")["pareto"](comparison, ENCODER).data
    surface = data[(data["part"] == "attainment") & (data["method"] == "ws_nas")]
    assert surface["score"].tolist() == pytest.approx([0.35, 0.4, 0.55])  # the middle one of three ordered seeds


def test_pareto_refers_to_the_unpruned_network_where_there_is_one(experiment: Path):
    runs = load_runs(experiment)
    draw = choose("pareto")["pareto"]
    data = draw(compare(runs)[0], ENCODER).data
    lines = data[data["part"] == "reference"].set_index("method")["score"]
    assert lines["95% of unpruned"] == pytest.approx(0.95 * 0.58)
    assert lines["90% of unpruned"] == pytest.approx(0.90 * 0.58)
    (without,) = compare(run for run in runs if run.header.method != "unpruned")
    assert "reference" not in set(draw(without, ENCODER).data["part"])


def test_hypervolume_leaves_out_methods_that_never_have_any(experiment: Path):
    (comparison,) = compare(load_runs(experiment))
    assert set(choose("hypervolume")["hypervolume"](comparison, ENCODER).data["method"]) == {"s_nas", "ws_nas"}


def test_titles_say_the_task_and_the_model(experiment: Path):
    (comparison,) = compare(load_runs(experiment))
    for draw in discover().values():
        title = draw(comparison, ENCODER).figure.axes[0].get_title(loc="left")
        assert "bbc_cloze" in title
        assert "minilm" in title


@pytest.mark.parametrize("name", sorted(discover()))
def test_a_figure_without_finished_runs_says_so(name: str, tmp_path: Path):
    write_run(tmp_path, "ws_nas", FRONT, {}, finished=False)
    (comparison,) = compare(load_runs(tmp_path))
    with pytest.raises(NothingToDrawError, match="no finished run"):
        discover()[name](comparison, ENCODER)


def test_any_method_name_can_be_drawn(tmp_path: Path):
    write_run(tmp_path, "$x^_{$ <b>\\", FRONT, TESTS)
    (comparison,) = compare(load_runs(tmp_path))
    for name, draw in discover().items():
        assert write_figure(draw, comparison, ENCODER, tmp_path / name)


def test_a_new_file_is_a_new_figure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "brand_new.py").write_text("def draw(comparison, options): ...\n")
    (tmp_path / "no_figure.py").write_text("")
    monkeypatch.setattr(figures, "__path__", [*figures.__path__, str(tmp_path)])
    assert set(discover()) == {"brand_new", "hypervolume", "pareto"}


def test_an_unknown_figure_is_told_with_the_nearest_name():
    with pytest.raises(InputError, match="did you mean pareto"):
        choose("parto")


def test_colours_are_seaborns_colour_blind_safe_ones_after_black():
    expected = {mpl.colors.to_hex(colour) for colour in color_palette("colorblind")}
    assert COLOURS[0] == "#000000"
    assert set(COLOURS[1:]) == expected


def test_a_method_looks_the_same_whatever_it_is_compared_with():
    alone = appearances(["ws_nas"])["ws_nas"]
    assert appearances(["unpruned", "s_nas", "ws_nas", "stranger"])["ws_nas"] == alone
    stranger = appearances(["stranger"])["stranger"]
    assert appearances(["unpruned", "s_nas", "ws_nas", "stranger"])["stranger"] == stranger


def test_many_methods_all_look_different():
    looks = appearances([f"method_{i}" for i in range(25)])
    assert len(set(looks.values())) == 25
    assert COLOURS[0] not in {look.colour for look in looks.values()}

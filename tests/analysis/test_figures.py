from pathlib import Path

import matplotlib as mpl
import pandas as pd
import pytest
from matplotlib.image import imread
from seaborn import color_palette

from analysis import figures
from analysis.appearance import COLOURS, appearances
from analysis.comparison import Comparison, compare
from analysis.draw import FILES, Figure, choose, discover, render, styled, write_figure
from analysis.drawing import WIDTH, Axis, NothingToDrawError, Options
from analysis.load import load_runs
from nasbench.errors import InputError
from tests.analysis.conftest import FRONT, TESTS
from tests.analysis.runs import write_run
from tests.analysis.sweeps import nas

ENCODER = Options()


COMMAND = "python -m analysis results"


def of_figure(name: str, swept: list[Comparison]) -> tuple[Figure, list[Comparison]]:
    """A figure, and as many comparisons as it shows."""
    figure = discover()[name]
    return figure, swept if figure.together else swept[:1]


def written(figure: Figure, comparisons: list[Comparison], stem: Path) -> list[Path]:
    return write_figure(figure, render(figure, comparisons, ENCODER, FILES), comparisons, stem, COMMAND)


def data_of(name: str, comparison: Comparison, options: Options = ENCODER) -> pd.DataFrame:
    return discover()[name].draw([comparison], options).data


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(discover()))
def test_a_figure_writes_its_data_and_equal_bytes_whatever_style_the_user_has(
    name: str, swept: list[Comparison], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    figure, comparisons = of_figure(name, swept)
    first = written(figure, comparisons, tmp_path / "first")
    assert [path.name for path in first][:4] == [f"first.{form}" for form in ("png", "pdf", "csv", "txt")]
    assert imread(first[0]).shape[1] == pytest.approx(WIDTH * 300, abs=1)
    assert first[1].read_bytes().startswith(b"%PDF")
    assert b"CreationDate" not in first[1].read_bytes()
    assert COMMAND in first[3].read_text()
    with monkeypatch.context() as patched:
        patched.setitem(mpl.rcParams, "axes.facecolor", "pink")
        patched.setenv("SOURCE_DATE_EPOCH", "0")
        drawing = figure.draw(comparisons, ENCODER)
        second = written(figure, comparisons, tmp_path / "second")
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]
    pd.testing.assert_frame_equal(pd.read_csv(first[2]), drawing.data, check_dtype=False)
    if drawing.table is not None:
        table = pd.read_csv(tmp_path / "first-table.csv")
        pd.testing.assert_frame_equal(table, drawing.table.data, check_dtype=False)
        assert len((tmp_path / "first-table.md").read_text().splitlines()) == len(table) + 4


@pytest.mark.parametrize("name", sorted(discover()))
def test_what_a_figure_says_fits_into_it_and_names_task_model_and_axes(name: str, swept: list[Comparison]):
    figure, comparisons = of_figure(name, swept)
    with styled():
        drawn = figure.draw(comparisons, ENCODER).figure
        drawn.draw_without_rendering()
    width, height = drawn.get_size_inches() * drawn.dpi
    ticks = [tick for axes in drawn.axes for tick in (*axes.get_xticklabels(), *axes.get_yticklabels())]
    for text in drawn.findobj(mpl.text.Text):
        if text.get_text() and text not in ticks:  # ticks beyond an axis' end are not shown
            box = text.get_window_extent()
            inside = box.x0 > -2 and box.x1 < width + 2 and box.y0 > -2 and box.y1 < height + 2
            assert inside, f"{text.get_text()} at {box} in {width} x {height}"
    title = drawn.get_suptitle() or drawn.axes[0].get_title(loc="left")
    assert "minilm" in title
    assert all(comparison.setting.task in title for comparison in comparisons)
    assert drawn.get_supxlabel() or any(axes.get_xlabel() for axes in drawn.axes)
    ticked = any(label.get_text() for axes in drawn.axes for label in axes.get_yticklabels())
    scaled = any(len(axes.get_yticks()) for axes in drawn.axes)
    assert drawn.get_supylabel() or any(axes.get_ylabel() for axes in drawn.axes) or ticked or not scaled


def test_pareto_shows_test_scores_of_members_against_the_chosen_size(experiment: Path):
    (comparison,) = compare(load_runs(experiment))
    for axis, sizes in ((Axis.ENCODER, [0.2, 0.5, 0.8]), (Axis.TOTAL, [0.6, 0.75, 0.9])):
        data = data_of("pareto", comparison, Options(axis=axis))
        points = data[(data["part"] == "point") & (data["method"] == "ws_nas") & (data["seed"] == 0)]
        assert points["size"].tolist() == pytest.approx(sizes)
        assert points["score"].tolist() == pytest.approx([0.35, 0.4, 0.55])


def test_pareto_draws_what_half_of_the_seeds_attain(experiment: Path):
    write_run(experiment, "ws_nas", FRONT, {0: 0.9, 1: 0.9, 3: 0.95}, seed=2)
    (comparison,) = compare(load_runs(experiment))
    data = data_of("pareto", comparison)
    surface = data[(data["part"] == "attainment") & (data["method"] == "ws_nas")]
    assert surface["score"].tolist() == pytest.approx([0.35, 0.4, 0.55])  # the middle one of three ordered seeds


def test_pareto_refers_to_the_unpruned_network_where_there_is_one(experiment: Path):
    runs = load_runs(experiment)
    data = data_of("pareto", compare(runs)[0])
    lines = data[data["part"] == "reference"].set_index("method")["score"]
    assert lines["95% of unpruned"] == pytest.approx(0.95 * 0.58)
    assert lines["90% of unpruned"] == pytest.approx(0.90 * 0.58)
    (without,) = compare(run for run in runs if run.header.method != "unpruned")
    assert "reference" not in set(data_of("pareto", without)["part"])


def test_hypervolume_leaves_out_methods_that_never_have_any(experiment: Path):
    (comparison,) = compare(load_runs(experiment))
    assert set(data_of("hypervolume", comparison)["method"]) == {"s_nas", "ws_nas"}


@pytest.mark.parametrize("name", sorted(discover()))
def test_a_figure_without_finished_runs_says_so(name: str, tmp_path: Path):
    write_run(tmp_path, "ws_nas", FRONT, {}, finished=False, config=nas("ws_nas", strategy="full"))
    with pytest.raises(NothingToDrawError, match="no finished run"):
        discover()[name].draw(compare(load_runs(tmp_path)), ENCODER)


def test_any_method_name_can_be_drawn(tmp_path: Path):
    write_run(tmp_path, "$x^_{$ <b>\\", FRONT, TESTS)
    write_run(tmp_path, "unpruned", [(0.4, 1.0)], {0: 0.42})
    comparisons = compare(load_runs(tmp_path))
    for figure in choose([]):
        assert written(figure, comparisons, tmp_path / figure.name)


def test_a_new_file_is_a_new_figure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    before = set(discover())
    (tmp_path / "brand_new.py").write_text('"""What it shows.\n\nMore."""\ndef draw(comparison, options): ...\n')
    (tmp_path / "of_many.py").write_text("BY_DEFAULT = True\ndef draw_together(comparisons, options): ...\n")
    (tmp_path / "no_figure.py").write_text("")
    monkeypatch.setattr(figures, "__path__", [*figures.__path__, str(tmp_path)])
    found = discover()
    assert set(found) - before == {"brand_new", "of_many"}
    assert (found["brand_new"].summary, found["brand_new"].together) == ("What it shows.", False)
    assert found["of_many"].together
    assert "of_many" in {figure.name for figure in choose([])}
    assert "brand_new" not in {figure.name for figure in choose([])}


def test_every_figure_is_in_the_documentations_table():
    text = (Path(__file__).parents[2] / "docs" / "figures.md").read_text("utf-8")
    table = text.split("| figure |")[1].split("\n\n")[0]
    assert [name for name in discover() if f"`{name}`" not in table] == []


def test_an_unknown_figure_is_told_with_the_nearest_name():
    with pytest.raises(InputError, match="did you mean pareto"):
        choose(["parto"])


def test_colours_are_seaborns_colour_blind_safe_ones_after_black():
    expected = {mpl.colors.to_hex(colour) for colour in color_palette("colorblind")}
    assert COLOURS[0] == "#000000"
    assert set(COLOURS[1:]) == expected


def test_a_method_looks_the_same_whatever_it_is_compared_with():
    alone = appearances(["ws_nas"])["ws_nas"]
    strangers = [f"stranger_{i}" for i in range(9)]
    together = appearances(["unpruned", "s_nas", "ws_nas", *strangers])
    assert together["ws_nas"] == alone
    assert {name: together[name].colour for name in strangers} == {
        name: appearances([name])[name].colour for name in strangers
    }


def test_variants_of_a_method_have_its_colour_and_are_told_apart():
    variants = [f"ws_nas (strategy={name})" for name in ("standard", "random", "sandwich", "kd", "full")]
    variants += [f"ws_nas (space={name}, strategy=full)" for name in ("medium", "layer", "large")]
    looks = appearances(["s_nas", "ws_nas", "my_own", *variants])
    assert {looks[name].colour for name in variants} == {looks["ws_nas"].colour}
    assert len(set(looks.values())) == len(looks)
    assert {looks[name].colour for name in ("s_nas", "my_own")}.isdisjoint({looks["ws_nas"].colour})
    fewer = appearances(variants[:3])
    assert {fewer[name].colour for name in fewer} == {looks["ws_nas"].colour}


def test_many_methods_all_look_different():
    looks = appearances([f"method_{i}" for i in range(25)])
    assert len(set(looks.values())) == 25
    assert COLOURS[0] not in {look.colour for look in looks.values()}


def test_options_look_the_same_in_every_figure():
    alone = appearances(["full"])["full"]
    assert appearances(["standard", "full", "sandwich"])["full"] == alone
    assert len({look.colour for look in appearances(["standard", "sandwich", "kd", "full", "my_own"]).values()}) == 5

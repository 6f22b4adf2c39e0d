"""The fronts' figure with more points than a page can tell apart."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from analysis.appearance import appearances
from analysis.figures.pareto import _draw_method


@pytest.mark.parametrize(("points", "dense"), [(2000, False), (2001, True)])
def test_many_points_are_a_picture_in_a_pdf_and_lines_are_not(points: int, dense: bool) -> None:
    axes = Figure().subplots()
    place = [i / points for i in range(points)]
    rows = {"method": "ws_nas", "seed": 0, "trial": 0, "size": place, "score": place}
    surface = pd.DataFrame({**rows, "part": "attainment"}).iloc[:3]
    data = pd.concat([pd.DataFrame({**rows, "part": "point"}), surface])
    _draw_method(axes, data, appearances(["ws_nas"])["ws_nas"])
    dots, line, _ = axes.lines
    assert np.size(dots.get_xdata()) == points
    assert (bool(dots.get_rasterized()), bool(line.get_rasterized())) == (dense, False)

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fake_study import BOOK, CONFIG, sampled, write_study

from dropout_study.report.figures import NotEnoughError
from dropout_study.report.figures.generalisation_gap import generalisation_gaps
from dropout_study.report.figures.importances import parameter_importances
from dropout_study.report.figures.intermediate_values import intermediate_values
from dropout_study.report.figures.isolation import isolations
from dropout_study.report.figures.landscape import SIDE, Landscape, landscape
from dropout_study.report.figures.learning_curves import arm_curves
from dropout_study.report.figures.optimisation_history import optimisation_history
from dropout_study.report.figures.parallel_coordinates import parallel_coordinates
from dropout_study.report.figures.style import value_range
from dropout_study.report.view import StudyView
from dropout_study.results.study import load_study

MIXED = ["COMPLETE"] * 10 + ["PRUNED"] * 3 + ["FAIL", "RUNNING"]


def view_of(root: Path, states: list[str] = MIXED, **settings: Any) -> StudyView:
    return StudyView(load_study(write_study(root, states, **settings)))


def surface_of(x: list[float], y: list[float], values: list[float]) -> Any:
    return Landscape(("a", "b"), x, y, values, 0, [], True, "accuracy").surface()


def test_the_map_has_a_point_a_complete_trial_and_a_cross_for_the_others(tmp_path: Path) -> None:
    data = landscape(view_of(tmp_path))

    assert data.names == ("model.dropout1", "model.dropout2")
    assert len(data.x) == 10
    assert len(data.unranked) == 5
    assert data.values[data.best] == max(data.values)


def test_of_trials_at_the_same_rates_the_map_has_the_best(tmp_path: Path) -> None:
    view = view_of(
        tmp_path,
        ["COMPLETE"] * 8,
        params=lambda n: {
            "model.dropout1": n % 2 / 2,
            "model.dropout2": n // 2 % 2 / 2,
            "optimizer.lr": n // 4 + 0.1,
        },
    )

    assert len(landscape(view).x) == 4
    assert max(landscape(view).values) == view.complete["value"].max()


def test_the_surface_is_linear_between_the_points_and_nothing_outside() -> None:
    surface = surface_of([0, 1, 0], [0, 0, 1], [0.0, 1.0, 0.0])

    assert surface[0, SIDE // 2] == pytest.approx(0.5)
    assert np.isnan(surface[-1, -1])


def test_points_on_a_line_have_no_surface() -> None:
    assert surface_of([0, 0.5, 1], [0, 0.5, 1], [0.1, 0.2, 0.3]) is None


def test_a_single_rate_has_no_map(tmp_path: Path) -> None:
    view = view_of(tmp_path, params=lambda n: {"model.dropout1": n / 20})

    with pytest.raises(NotEnoughError, match="this study has 1"):
        landscape(view)


def test_isolation_marks_the_best_of_each_range(tmp_path: Path) -> None:
    panels = isolations(view_of(tmp_path, ["COMPLETE"] * 20))

    assert [panel.name for panel in panels] == list(BOOK)
    for panel in panels:
        assert max(panel.values) in [panel.values[i] for i in panel.best]
        assert len(panel.best) <= 5
    assert [panel.log for panel in panels] == [False, False, True, False]


def test_isolation_of_categories_and_of_a_conditional_parameter(tmp_path: Path) -> None:
    view = view_of(
        tmp_path,
        ["COMPLETE"] * 6,
        params=lambda n: {
            "model.act": ["relu", "tanh"][n % 2],
            **({"model.slope": n / 10} if n % 2 else {}),
        },
    )

    act, slope = isolations(view)

    assert act.x == ["relu"] * 3 + ["tanh"] * 3
    assert len(act.best) == 2
    assert len(slope.x) == 3


def test_the_curves_of_best_book_and_no_dropout_are_those_of_their_trials(tmp_path: Path) -> None:
    view = view_of(tmp_path)
    curves = arm_curves(view)

    assert {curve.label.partition(" (")[0] for curve in curves} == {
        "best",
        "book's rates",
        "no dropout",
    }
    book = next(c for c in curves if c.label.startswith("book") and c.column == "val_accuracy")
    rows = view.tables.histories.query("trial == 0")
    assert book.values == rows["val_accuracy"].tolist()


def test_a_trial_that_is_two_of_them_is_drawn_once(tmp_path: Path) -> None:
    curves = arm_curves(view_of(tmp_path, ["COMPLETE"]))

    assert {curve.label for curve in curves} == {"best = book's rates (trial 0)"}


def test_the_gap_is_train_minus_validation_in_points(tmp_path: Path) -> None:
    view = view_of(tmp_path)
    first, second = generalisation_gaps(view)

    row = view.complete.iloc[0]
    assert first.points[0] == pytest.approx(100 * (row["train_accuracy"] - row["val_accuracy"]))
    assert first.rate[0] == row["model.dropout1"]
    assert second.name == "model.dropout2"


def test_the_best_so_far_never_falls_and_pruned_trials_do_not_count(tmp_path: Path) -> None:
    data = optimisation_history(view_of(tmp_path))

    assert data.best == sorted(data.best)
    assert len(data.best) == len(data.complete) == 10
    assert [number for number, _ in data.pruned] == [10, 11, 12]
    assert data.failed == [13]


def test_every_trial_has_its_curve_and_its_state(tmp_path: Path) -> None:
    view = view_of(tmp_path)
    curves, best = intermediate_values(view)

    assert [curve.state for curve in curves] == MIXED
    assert view.best is not None
    assert best == view.best.number
    assert [len(curve.epochs) for curve in curves if curve.state == "PRUNED"] == [2, 2, 2]


def test_importances_sum_to_one_and_name_what_matters(tmp_path: Path) -> None:
    view = view_of(tmp_path, ["COMPLETE"] * 30, params=lambda n: {**sampled(n), "model.x": n / 30})
    view.trials["value"] = view.trials["model.x"]

    shares = parameter_importances(view)

    assert next(iter(shares)) == "model.x"
    assert sum(shares.values()) == pytest.approx(1)


@pytest.mark.parametrize("count", [1, 7])
def test_few_trials_have_no_importances(tmp_path: Path, count: int) -> None:
    with pytest.raises(NotEnoughError, match="needs 8 complete trials"):
        parameter_importances(view_of(tmp_path, ["COMPLETE"] * count))


def test_parallel_axes_place_every_trial_the_best_last(tmp_path: Path) -> None:
    data = parallel_coordinates(view_of(tmp_path, params=lambda n: {**sampled(n), "model.a": "b"}))

    assert data.values == sorted(data.values)
    assert all(0 <= place <= 1 for axis in data.axes for place in axis.places)
    assert data.axes[-1].places[-1] == 1
    assert any("(log)" in axis.label for axis in data.axes)


def test_a_missing_parameter_is_no_place_on_its_axis(tmp_path: Path) -> None:
    view = view_of(
        tmp_path,
        ["COMPLETE"] * 4,
        params=lambda n: {"model.dropout1": n / 10, **({"model.b": "xy"[n // 2]} if n else {})},
    )

    b = parallel_coordinates(view).axes[1]

    assert [tick for _, tick in b.ticks] == ["x", "y"]
    assert sum(place != place for place in b.places) == 1


@pytest.mark.parametrize("build", [landscape, isolations, arm_curves, generalisation_gaps])
def test_without_a_complete_trial_a_figure_says_what_it_needs(tmp_path: Path, build: Any) -> None:
    with pytest.raises(NotEnoughError, match="needs"):
        build(view_of(tmp_path, ["FAIL", "PRUNED"], config=CONFIG))


def test_a_diverged_trial_does_not_stretch_the_colours() -> None:
    low, high, below = value_range([0.1, 0.80, 0.81, 0.82, 0.83, 0.84])

    assert (low, high, below) == (0.80, 0.84, True)
    assert value_range([0.5, 0.5])[0] == 0.5

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fake_study import BOOK, CONFIG, Params, sampled, write_study
from matplotlib.figure import Figure

from dropout_study.report.figures import NotEnoughError
from dropout_study.report.figures.effects import effects
from dropout_study.report.figures.generalisation_gap import (
    draw_generalisation_gaps,
    generalisation_gaps,
)
from dropout_study.report.figures.importances import parameter_importances
from dropout_study.report.figures.intermediate_values import intermediate_values
from dropout_study.report.figures.landscape import draw_landscapes, interaction_sentence, landscapes
from dropout_study.report.figures.learning_curves import arm_curves
from dropout_study.report.figures.optimisation_history import optimisation_history
from dropout_study.report.figures.parallel_coordinates import parallel_coordinates, round_ticks
from dropout_study.report.figures.pareto import pareto_panels
from dropout_study.report.figures.style import cut_trials, robust_limits
from dropout_study.report.surrogate import KNOWN, surrogate
from dropout_study.report.view import StudyView
from dropout_study.results.study import load_study

MIXED = ["COMPLETE"] * 10 + ["PRUNED"] * 3 + ["FAIL", "RUNNING"]


def view_of(root: Path, states: list[str] = MIXED, **settings: Any) -> StudyView:
    return StudyView(load_study(write_study(root, states, **settings)))


def smooth(params: Params) -> float:
    """An accuracy that depends on two rates, each the more the larger the other is."""
    return 0.9 - 0.4 * float(params["model.dropout1"]) * float(params["model.dropout2"])


def smooth_view(root: Path, count: int = 24, **settings: Any) -> StudyView:
    """Returns a study whose value is ``smooth``, with a little noise."""
    view = view_of(root, ["COMPLETE"] * count, **settings)
    noise = np.random.default_rng(0).normal(0, 0.002, count)
    rows = view.trials[view.rate_params].to_dict("records")
    view.trials["value"] = [smooth(row) + e for row, e in zip(rows, noise, strict=True)]
    return view


def test_the_map_has_a_point_a_complete_trial_and_a_cross_for_the_others(tmp_path: Path) -> None:
    (data,) = landscapes(view_of(tmp_path))

    assert data.names == ("model.dropout1", "model.dropout2")
    assert len(data.values) == 10
    assert len(data.unranked) == 5
    assert data.best is not None
    assert data.values[data.best] == max(data.values)


def test_the_surface_is_the_function_without_the_noise(tmp_path: Path) -> None:
    (data,) = landscapes(smooth_view(tmp_path))

    truth = np.array(
        [[smooth({"model.dropout1": a, "model.dropout2": b}) for a in data.x] for b in data.y]
    )
    assert np.abs(data.mean - truth)[data.doubt < KNOWN].mean() < 0.01
    assert (data.doubt < KNOWN).mean() > 0.5
    assert "So the effect of dropout1 depends on dropout2" in interaction_sentence(data)


def test_where_no_trial_is_nothing_is_known(tmp_path: Path) -> None:
    def left(n: int) -> Params:  # no trial between 0.4 and 0.8, but one at 0.8
        first = 0.8 if n == 23 else n / 60
        return {"model.dropout1": first, "model.dropout2": n % 5 / 5}

    view = smooth_view(tmp_path, params=left)
    view.trials["value"] = 0.8 + 0.05 * np.sin(25 * view.trials["model.dropout1"])
    (data,) = landscapes(view)

    doubt = dict(zip(np.round(data.x, 2), data.doubt.min(axis=0), strict=True))
    assert doubt[0.2] < KNOWN < doubt[0.6]


def test_without_an_effect_no_interaction_is_claimed(tmp_path: Path) -> None:
    view = smooth_view(tmp_path)
    view.trials["value"] = 0.8 + np.random.default_rng(0).normal(0, 0.01, 24)

    assert "it cannot be told whether" in interaction_sentence(landscapes(view)[0])


def test_a_single_rate_has_no_map(tmp_path: Path) -> None:
    view = view_of(tmp_path, params=lambda n: {"model.dropout1": n / 20})

    with pytest.raises(NotEnoughError, match="this study has 1"):
        landscapes(view)


def test_few_trials_have_no_map_and_points_without_a_line(tmp_path: Path) -> None:
    view = view_of(tmp_path, ["COMPLETE"] * 9)

    with pytest.raises(NotEnoughError, match="needs 10 complete trials, there are 9"):
        landscapes(view)
    panels, note = effects(view)
    assert all(len(panel.x) == 9 and not panel.predicted for panel in panels)
    assert note == "Nothing is predicted: a prediction needs 10 complete trials, there are 9."


def test_an_effect_is_the_mean_over_the_other_parameters(tmp_path: Path) -> None:
    panels, note = effects(smooth_view(tmp_path))

    assert [panel.name for panel in panels] == list(BOOK)
    assert [panel.log for panel in panels] == [False, False, True, False]
    assert [panel.whole for panel in panels] == [False, False, False, True]
    assert note == ""
    rate, lr = panels[0], panels[2]
    second = np.mean([float(value) for value in panels[1].x])
    truth = [0.9 - 0.4 * at * second for at in rate.at]
    assert [each.mean for each in rate.predicted] == pytest.approx(truth, abs=0.01)
    assert max(each.mean for each in lr.predicted) - min(each.mean for each in lr.predicted) < 0.01


def test_effects_of_categories_and_of_a_conditional_parameter(tmp_path: Path) -> None:
    view = view_of(
        tmp_path,
        ["COMPLETE"] * 12,
        params=lambda n: {
            "model.act": ["tanh", "relu"][n % 2],
            **({"model.slope": n / 10} if n % 2 else {}),
        },
    )

    (act, slope), _ = effects(view)

    assert act.x == sorted(act.x)
    assert act.at == ["relu", "tanh"]
    assert len(act.predicted) == 2
    assert len(slope.x) == 6
    assert (slope.at[0], slope.at[-1]) == (0.1, 1.1)


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
    (data,) = optimisation_history(view_of(tmp_path))

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

    shares = parameter_importances(view, view.objective.targets[0])

    assert next(iter(shares)) == "model.x"
    assert sum(shares.values()) == pytest.approx(1)


@pytest.mark.parametrize("count", [1, 7])
def test_few_trials_have_no_importances(tmp_path: Path, count: int) -> None:
    view = view_of(tmp_path, ["COMPLETE"] * count)
    with pytest.raises(NotEnoughError, match="needs 8 complete trials"):
        parameter_importances(view, view.objective.targets[0])


def test_parallel_axes_place_every_trial_the_best_last(tmp_path: Path) -> None:
    data = parallel_coordinates(view_of(tmp_path, params=lambda n: {**sampled(n), "model.a": "b"}))

    assert data.values == sorted(data.values)
    assert all(0 <= place <= 1 for axis in data.axes for place in axis.places)
    assert data.axes[-1].places[-1] == max(data.axes[-1].places)
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


@pytest.mark.parametrize(
    "build", [landscapes, effects, arm_curves, generalisation_gaps, pareto_panels]
)
def test_without_a_complete_trial_a_figure_says_what_it_needs(tmp_path: Path, build: Any) -> None:
    with pytest.raises(NotEnoughError, match="needs"):
        build(view_of(tmp_path, ["FAIL", "PRUNED"], config=CONFIG))


@pytest.mark.parametrize("minimize", [False, True])
def test_a_diverged_trial_does_not_stretch_an_axis(minimize: bool) -> None:
    sign = -1 if minimize else 1
    values = [sign * each for each in [0.1, 0.80, 0.81, 0.82, 0.83, 0.84]]
    limits = robust_limits(values, minimize=minimize)

    assert sorted([sign * limits.low, sign * limits.high]) == [0.80, 0.84]
    assert limits.clipped(values)[0] == sign * 0.80
    assert cut_trials(limits).startswith("1 trial is beyond the axis")


def test_good_values_and_those_to_keep_are_never_cut() -> None:
    values = [0.5, 0.51, 0.52, 0.53, 0.99]

    assert robust_limits(values, minimize=False).high == 0.99
    assert robust_limits([0.1, *values], minimize=False, keep=[0.1]).low == 0.1
    assert robust_limits([0.5, 0.5], minimize=False).cut == 0


@pytest.mark.parametrize(
    ("ends", "more", "ticks"),
    [
        ((0.289, 0.71), {}, [0.2, 0.4, 0.6, 0.8]),
        ((31, 60), {"whole": True}, [30, 40, 50, 60]),
        ((3, 4), {"whole": True}, [3, 4]),
        ((0.012, 0.97), {"log": True}, [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1]),
        ((1e-5, 0.1), {"log": True}, [1e-5, 1e-4, 1e-3, 1e-2, 0.1]),
        ((0.5, 0.5), {}, [0.5]),
    ],
)
def test_ticks_are_round_numbers_around_the_values(
    ends: tuple[float, float], more: dict[str, bool], ticks: list[float]
) -> None:
    assert round_ticks(*ends, **{"log": False, "whole": False, **more}) == ticks


def test_a_gap_that_was_measured_with_dropout_off_is_preferred(tmp_path: Path) -> None:
    view = view_of(tmp_path, ["COMPLETE"] * 12, record={"gap_accuracy_off": 0.03})
    gap = generalisation_gaps(view)[0]

    assert not gap.noise
    assert gap.points == pytest.approx([3.0] * 12)
    note = draw_generalisation_gaps([gap], Figure())
    assert note == "Both accuracies were measured after the epoch with dropout off."


def test_a_gap_with_dropout_on_is_named_so_and_few_trials_have_no_correlation(
    tmp_path: Path,
) -> None:
    gap = generalisation_gaps(view_of(tmp_path, ["COMPLETE"] * 9))[0]

    assert gap.noise
    assert np.isnan(gap.correlation)
    assert "`trainer.measure=[gap]` measures both with dropout off" in draw_generalisation_gaps(
        [gap], Figure()
    )


def test_one_objective_is_shown_against_its_seconds(tmp_path: Path) -> None:
    (panel,) = pareto_panels(view_of(tmp_path))

    assert (panel.x.column, panel.y.column) == ("seconds", "value")
    assert panel.joined
    values = [value for _, value in panel.front]
    assert values == sorted(values)
    assert len(panel.points) + len(panel.front) == 10


def test_bad_values_that_were_raised_are_told(tmp_path: Path) -> None:
    view = smooth_view(tmp_path)
    view.trials.loc[[5, 9], "value"] = 0.1

    (data,) = landscapes(view)

    fence = f"{surrogate(view, data.target).fence:.4g}"
    assert data.raised.startswith(f"2 bad trials count as {fence}")
    assert data.raised in draw_landscapes([data], Figure())
    assert effects(view)[1] == data.raised

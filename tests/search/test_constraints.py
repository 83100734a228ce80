"""Constraints on what a trial measures."""

import optuna
import pytest
from generations import optuna_5

from dropout_study.search.constraints import parse, parse_all, violations


@pytest.mark.parametrize(
    ("text", "feasible", "violating"),
    [
        ("seconds <= 30", (30, 2), (30.5, 99)),
        ("seconds>=1e-3", (0.001, 2), (0, -1)),
        ("  gap.train <=  -0.5 ", (-0.5, -1), (0, 1)),
    ],
)
def test_at_most_0_is_feasible(text, feasible, violating):
    constraint = parse(text)
    for value in feasible:
        assert violations([constraint], {constraint.name: value})[str(constraint)] <= 0
    for value in violating:
        assert violations([constraint], {constraint.name: value})[str(constraint)] > 0


@pytest.mark.parametrize(
    "text",
    ["seconds < 30", "seconds", "30 >= seconds", "seconds <= fast", "x <= nan", "a <= 1 <= b", ""],
)
def test_another_expression_is_refused_in_one_line(told, text):
    message = told(parse, text)
    assert "`hydra.sweeper.constraints` must be like 'seconds <= 30'" in message
    assert repr(text) in message


@pytest.mark.parametrize("metrics", [{}, {"seconds": None}, {"seconds": "3"}, {"seconds": True}])
def test_a_metric_that_is_no_number_is_said(told, metrics):
    message = told(violations, [parse("seconds <= 30")], {**metrics, "loss": 0.5})
    assert message.startswith("the constraint 'seconds <= 30' needs the metric `seconds`")
    assert "loss" in message


def test_an_optuna_without_constraints_is_said(told, monkeypatch):
    for each in optuna.Trial.__mro__:
        if "set_constraint" in vars(each):
            monkeypatch.delattr(each, "set_constraint")
    assert parse_all([]) == []
    message = told(parse_all, ["seconds <= 30"])
    assert f"needs Optuna 5 or newer, got Optuna {optuna.__version__}" in message


@optuna_5
def test_optuna_prefers_what_is_feasible():
    study = optuna.create_study(direction="maximize")
    constraint = parse("seconds <= 30")
    for value, seconds in ((0.5, 10), (0.9, 40), (0.7, 30)):
        trial = study.ask()
        for name, violation in violations([constraint], {"seconds": seconds}).items():
            trial.set_constraint(name, violation)
        study.tell(trial, value)
    assert study.best_trial.value == 0.7
    assert study.trials[1].constraints == {"seconds <= 30": 10}

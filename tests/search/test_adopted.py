"""Studies that were begun elsewhere."""

import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from dropout_study.search.identity import check_adopted

X = {"x": FloatDistribution(0, 1)}


@pytest.fixture
def study():
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    made = optuna.create_study(study_name="old")
    made.optimize(lambda trial: trial.suggest_float("x", 0, 2), n_trials=2)
    return made


def test_a_range_may_differ_as_optuna_has_it(study):
    check_adopted(study, X, ["minimize"], open_ended=False)


@pytest.mark.parametrize(
    ("space", "words"),
    [
        ({"x": IntDistribution(0, 1)}, "which is searched as int(interval(0, 1)) now"),
        ({"x": CategoricalDistribution([0, 1])}, "`x` from interval(0, 2), which is searched as"),
        ({"y": FloatDistribution(0, 1)}, "`x` from interval(0, 2), which is not searched now"),
    ],
)
def test_trials_that_searched_something_else_are_refused(space, words, study, told):
    assert words in told(check_adopted, study, space, ["minimize"], open_ended=False)


def test_a_function_may_search_what_the_space_has_not(study):
    check_adopted(study, {}, ["minimize"], open_ended=True)


def test_another_direction_is_refused(study, told):
    line = told(check_adopted, study, X, ["maximize"], open_ended=False)
    assert "was made with direction minimize, this sweep has maximize" in line

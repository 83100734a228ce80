import optuna
import pytest

from dropout_study.search.study import best_trials, leaders


@pytest.mark.parametrize("direction", ["maximize", "minimize"])
def test_of_equal_trials_the_first_is_the_best(direction: str) -> None:
    study = optuna.create_study(direction=direction, storage="sqlite:///:memory:")
    sign = 1 if direction == "maximize" else -1
    for value in (0.1, 0.5, 0.2, 0.5, 0.5):
        study.add_trial(optuna.create_trial(value=sign * value))

    assert [trial.number for trial in best_trials(study)] == [1]
    assert [number for number, _ in leaders(study, 3)] == [1, 3, 4]


def test_an_infeasible_trial_is_not_the_best_of_equal_ones() -> None:
    study = optuna.create_study(direction="maximize")
    for violation in (1.0, 0.0, -1.0):
        attrs = {"constraints": [violation]}
        study.add_trial(optuna.create_trial(value=0.5, system_attrs=attrs))

    assert [trial.number for trial in best_trials(study)] == [1]

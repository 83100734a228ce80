"""Settings that suit what runs, and those that do not."""

import pytest

from dropout_study.config.mode import check_no_sweep, check_sweep


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["model=mlp_deep", "search_space=one_rate"],
        ["model=mlp_deep", "search_space=none"],
        ["model=mlp_deep", "~search_space.params"],
        ["model=mlp_deep", "hydra.sweeper.params={model.dropout: 'interval(0, 0.5)'}"],
        ["hydra/sweeper=basic"],
    ],
    ids=" ".join,
)
def test_a_space_of_the_chosen_model_passes(compose_config, words):
    check_sweep(compose_config(*words, hydra=True))


def test_a_space_of_another_model_names_those_that_fit(compose_config, told):
    line = told(check_sweep, compose_config("model=mlp_deep", hydra=True))
    assert line.startswith("search_space=dropout searches `model.dropout1`, which model=mlp_deep")
    assert "search_space=one_rate" in line
    assert "search_space=quickstart" not in line


@pytest.mark.parametrize("word", ["search_space=none", "search_space.n_trials=3"])
def test_a_single_run_is_given_nothing_of_a_sweep(compose_config, told, word):
    line = told(check_no_sweep, compose_config(word, hydra=True))
    assert line == f"`{word}` is for a sweep, and this is a single run; add --multirun"
    check_no_sweep(compose_config("experiment=quickstart", "report=none", hydra=True))

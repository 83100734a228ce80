"""What differs in the settings of studies."""

import copy
from typing import Any

from fake_study import CONFIG

from dropout_study.comparison.settings import differing_settings


def config(**changes: Any) -> dict[str, Any]:
    """A sweep's configuration; ``trainer__epochs=5`` changes one value of it."""
    made = copy.deepcopy(CONFIG)
    for key, value in changes.items():
        node: Any = made
        *path, last = key.split("__")
        for name in path:
            node = node.setdefault(name, {})
        node[last] = value
    return made


def test_only_what_differs_is_told_as_an_override() -> None:
    found = differing_settings([config(), config(trainer__epochs=5, data__split_seed=None)])

    assert found == {"trainer.epochs": ["6", "5"], "data.split_seed": ["0", "null"]}


def test_equal_studies_differ_in_nothing() -> None:
    assert differing_settings([config(), config()]) == {}


def test_a_searched_key_has_its_distribution_and_a_fixed_one_its_value() -> None:
    searched = config(hydra__sweeper__params={"optimizer.lr": "interval(0.1, 1)"})
    given = config(hydra__overrides__task=["model.dropout1=choice(0,0.5)", "+data.z='a b'"])
    fixed = config(search_space__params={}, optimizer={"lr": 0.5})

    assert differing_settings([searched, given, fixed]) == {
        "model.dropout1": ["0.2", "choice(0,0.5)", "0.2"],
        "optimizer.lr": ["interval(0.1, 1)", "tag(log, interval(0.01, 1))", "0.5"],
    }


def test_a_value_on_the_command_line_is_not_searched() -> None:
    searched = config()
    key, distribution = next(iter(searched["search_space"]["params"].items()))
    fixed = config(hydra__overrides__task=[f"{key}=0.25"], optimizer={"lr": 0.25})

    assert key == "optimizer.lr"
    assert differing_settings([searched, fixed]) == {key: [distribution, "0.25"]}


def test_a_group_tells_its_class_and_hides_keys_that_only_one_option_has() -> None:
    runtime = {"choices": {"model": "mlp", "hydra/launcher": "basic", "report": "html"}}
    one = config(hydra__runtime=runtime, model={"_target_": "a.MLP", "dropout1": 0.2, "hidden1": 9})
    choices = {**runtime["choices"], "model": "lenet", "report": "none"}
    two = config(hydra__runtime={"choices": choices}, model={"_target_": "a.LeNet", "dropout1": 0})

    assert differing_settings([one, two]) == {
        "model": ["mlp", "lenet"],
        "model.dropout1": ["0.2", "0"],
    }
    one["hydra"]["overrides"]["task"].append("model.hidden1=9")
    assert differing_settings([one, two])["model.hidden1"] == ["9", ""]


def test_the_place_of_a_study_and_its_storage_are_no_settings() -> None:
    elsewhere = {"storage": "postgresql://user:secret@host/db", "study_name": "b", "n_jobs": 9}
    other = config(search_space__study_name="b")
    other["hydra"]["sweeper"] |= elsewhere

    assert differing_settings([config(), other]) == {}


def test_a_damaged_configuration_has_no_settings() -> None:
    odd = {"hydra": {"sweeper": 3, "overrides": {"task": 7}}, "model": "mlp", "trainer": []}

    assert differing_settings([odd, odd]) == {}
    assert differing_settings([odd, {}]) == {}
    assert differing_settings([config(), {}, {"trainer": {"epochs": 7}}]) == {}

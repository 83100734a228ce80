"""``trainer.measure``: names, classes of a user's own, and what is refused."""

import csv

import pytest
from trials import prepare_trial, train_trial

from dropout_study.config.check import check_config
from dropout_study.paths import JobPaths
from dropout_study.task.objectives import offered_objectives
from dropout_study.training.measures import Measure

FEW = ("data=synthetic", "trainer.device=cpu", "trainer.epochs=2", "trainer.batch_size=64")
OWN = f"{__name__}.LargestWeight"


class LargestWeight(Measure):
    """A measure of a user's own, with an argument."""

    meaning = "the largest weight"
    cost = "no pass over data"

    def __init__(self, power: int = 1) -> None:
        self.power = power

    def measure(self, after):
        largest = max(param.abs().max().item() for param in after.model.parameters())
        return {"": largest, "power": largest**self.power}


class Value(LargestWeight):
    """Its name is a column's."""


class Valued(LargestWeight):
    """Its name is none."""


def test_names_and_classes_give_columns_of_the_history_and_the_table(compose_config, tmp_path):
    entries = f"[weight_distance,{OWN},{{_target_:{__name__}.Valued,power:2}}]"
    numbers = train_trial(compose_config(*FEW, f"trainer.measure={entries}"), tmp_path)

    with JobPaths(tmp_path).history_csv.open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    columns = ["largest_weight", "largest_weight_power", "valued", "valued_power"]
    assert list(rows[0])[-5:] == ["weight_distance", *columns]
    for name in ("weight_distance", *columns):
        assert float(rows[-1][name]) == numbers[name]
    assert numbers["valued_power"] == pytest.approx(numbers["valued"] ** 2)
    assert float(rows[0]["weight_distance"]) < numbers["weight_distance"]


def test_the_numbers_are_of_the_epochs_that_the_objective_names(compose_config, tmp_path):
    words = ("trainer.measure=[weight_distance]", "trainer.objective=mean_last_2")
    numbers = train_trial(compose_config(*FEW, *words), tmp_path)

    with JobPaths(tmp_path).history_csv.open(encoding="utf-8") as stream:
        moved = [float(row["weight_distance"]) for row in csv.DictReader(stream)]
    assert numbers["weight_distance"] == pytest.approx(sum(moved) / 2)


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        (
            "gpa",
            "`trainer.measure` must have names among activations, gap, gradient, weight_distance, "
            "got 'gpa'; a class of your own has its path, as in my_module.MyMeasure",
        ),
        ("3", "`trainer.measure` must name a measurement, or a class by `_target_`, got 3"),
        ("{power:2}", "`trainer.measure` must name a measurement, or a class by `_target_`"),
    ],
)
def test_a_name_that_is_none_is_refused_with_the_configuration(compose_config, told, entry, says):
    config = compose_config(*FEW)
    check_config(config)
    assert told(check_config, compose_config(*FEW, f"trainer.measure=[{entry}]")).startswith(says)


@pytest.mark.parametrize(
    ("entries", "says"),
    [
        (["builtins.dict"], "`trainer.measure` names builtins.dict, which must be a dropout_study"),
        ([f"{__name__}.Value"], "cannot have the name `value`: other columns begin with it"),
        (["gap", "gap"], "cannot have the name `gap`: two have it"),
        ([{"_target_": "gradient", "minibatches": 1}], "`minibatches` must be at least 2, got 1"),
        ([{"_target_": "gap", "minibatches": 1}], "`trainer.measure` cannot be built: "),
    ],
)
def test_a_class_that_cannot_be_used_is_refused_before_a_sweep(compose_config, told, entries, says):
    config = compose_config(*FEW)
    config.trainer.measure = entries
    assert says in told(offered_objectives, config)


def test_a_network_without_hidden_layers_is_refused_before_a_file_is_written(
    compose_config, told, tmp_path
):
    config = compose_config(*FEW, "model=linear", "trainer.measure=[activations]")
    text = told(train_trial, config, tmp_path / "job")
    assert text.startswith("`trainer.measure` cannot have `activations`: it needs hidden layers")
    assert not (tmp_path / "job").exists()


def test_a_number_of_several_is_no_objective(compose_config):
    target = "dropout_study.training.metrics.ClassAccuracy"
    config = compose_config(*FEW, f"+trainer.metrics.each._target_={target}")
    assert "several numbers" in offered_objectives(config)["val_each"].refusal


def test_configurations_of_older_studies_measure_nothing(compose_config):
    assert prepare_trial(compose_config(*FEW, "~trainer.measure")).settings.measures == {}

from pathlib import Path

import pytest
from fake_study import write_study

import dropout_study
from dropout_study.errors import UserError
from dropout_study.results.study import load_study


def test_the_package_gives_the_tables_of_a_study(tmp_path: Path) -> None:
    write_study(tmp_path, ["COMPLETE", "PRUNED", "FAIL", "RUNNING"])

    study = dropout_study.load_study(tmp_path)

    assert study.trials["state"].tolist() == ["COMPLETE", "PRUNED", "FAIL", "RUNNING"]
    assert str(study.trials["trial"].dtype) == "Int64"
    assert str(study.trials["value"].dtype) == "float64"
    assert study.histories["trial"].nunique() == 4
    assert study.confirmation is None
    assert study.problems == ()


def test_an_unknown_name_of_the_package_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'load_studies'"):
        dropout_study.load_studies  # noqa: B018


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"trial": 1, "sta', "damaged"),
        ("[]", "not an object"),
        ("{}", "not a state"),
        ('{"state": "COMPLETE", "value": "much"}', "value is not a number"),
    ],
)
def test_a_damaged_record_is_a_failed_trial_with_its_reason(
    tmp_path: Path, text: str, reason: str
) -> None:
    write_study(tmp_path, ["COMPLETE"] * 3)
    (tmp_path / "1" / "metrics.json").write_text(text)

    study = load_study(tmp_path)

    assert study.trials["state"].tolist() == ["COMPLETE", "FAIL", "COMPLETE"]
    assert reason in study.trials["error"][1]
    assert study.problems == ("metrics.json is damaged: trial 1",)


def test_numbers_that_are_not_finite_are_left_empty_and_named(tmp_path: Path) -> None:
    write_study(tmp_path, ["COMPLETE"] * 2)
    (tmp_path / "1" / "metrics.json").write_text('{"state": "COMPLETE", "value": Infinity}')

    study = load_study(tmp_path)

    assert study.trials["value"].isna().tolist() == [False, True]
    assert "`value`" in study.problems[0]


def test_a_table_alone_is_a_study(tmp_path: Path) -> None:
    text = "trial,state,value,model.dropout1\n0,COMPLETE,0.5,0.1\n1,COMPLETE,x,0.2\n"
    (tmp_path / "results.csv").write_text(text)

    study = load_study(tmp_path)

    assert study.trials["trial"].tolist() == [0, 1]
    assert study.trials["value"].isna().tolist() == [False, True]
    assert "no trial has `test_accuracy`" in study.problems


def test_lost_parameters_of_an_unfinished_trial_do_not_lose_the_table(tmp_path: Path) -> None:
    write_study(tmp_path, ["RUNNING", "COMPLETE"])
    (tmp_path / "0" / ".hydra" / "overrides.yaml").write_text("- a=b=[\n - {")

    assert load_study(tmp_path).trials["state"].tolist() == ["RUNNING", "COMPLETE"]


def test_the_configuration_is_the_first_trials_where_the_sweeps_is_lost(tmp_path: Path) -> None:
    write_study(tmp_path, ["COMPLETE"], config=None)
    assert "multirun.yaml" in load_study(tmp_path).problems[0]

    (tmp_path / "0" / ".hydra" / "config.yaml").write_text("trainer: {epochs: 3}")

    assert load_study(tmp_path).config == {"trainer": {"epochs": 3}}
    assert "settings of the sweep are not known" in load_study(tmp_path).problems[0]


@pytest.mark.parametrize("name", ["empty", "missing"])
def test_what_is_no_study_is_an_error_of_one_line(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()

    with pytest.raises(UserError, match=r"give (a study's|the) directory"):
        load_study(tmp_path / name)


def test_a_table_that_is_none_is_an_error_of_one_line(tmp_path: Path) -> None:
    (tmp_path / "results.csv").write_text("")

    with pytest.raises(UserError, match=r"results\.csv cannot be read"):
        load_study(tmp_path)

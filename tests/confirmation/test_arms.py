import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from fake_study import CONFIG, trainable, write_study

from dropout_study.cli.confirm import confirm as confirm_command
from dropout_study.confirmation.arms import plan_against, plan_arms
from dropout_study.confirmation.confirm import confirm
from dropout_study.confirmation.summary import summarise
from dropout_study.errors import UserError
from dropout_study.paths import StudyPaths
from dropout_study.report.headline import headline
from dropout_study.report.view import StudyView
from dropout_study.results.study import load_study

LRS = (0.01, 0.1)
WIDTHS = (8, 16, 32)


def grid(number: int) -> dict[str, Any]:
    """Returns the params of a trial of a grid of widths and learning rates, widths first."""
    return {"model.hidden1": WIDTHS[number // 2 % 3], "optimizer.lr": LRS[number % 2]}


def grid_study(root: Path, **settings: Any) -> StudyView:
    write_study(root, ["COMPLETE"] * 6, params=grid, **settings)
    for number, job in StudyPaths(root).jobs():
        job.config_yaml.write_text(f"model: {{number: {number}}}\ntrainer: {{seed: 0}}\n")
    return StudyView(load_study(root))


def test_each_value_is_represented_by_its_best_trial(tmp_path: Path) -> None:
    view = grid_study(tmp_path)

    plan = plan_arms(view, ["model.hidden1"], seeds=3)

    *arms, null = plan.configurations
    assert [arm.name for arm in arms] == ["hidden1=8", "hidden1=16", "hidden1=32"]
    for arm, width in zip(arms, WIDTHS, strict=True):
        rows = view.complete[view.complete["model.hidden1"] == width]
        best = rows.loc[rows["value"].idxmax(), "trial"]
        assert arm.config.model.number == best
        assert arm.description.startswith(f"trial {best} (lr = ")
    assert dict(plan.references) == {"baseline": "hidden1=8"}
    assert null.twin == "hidden1=8"


def test_with_several_parameters_each_combination_is_an_arm(tmp_path: Path) -> None:
    plan = plan_arms(grid_study(tmp_path), ["model.hidden1", "optimizer.lr"], seeds=2)

    names = [configuration.name for configuration in plan.configurations]
    assert names[:3] == ["hidden1=8,lr=0.01", "hidden1=8,lr=0.1", "hidden1=16,lr=0.01"]
    assert len(names) == 7


def test_null_is_a_value_beside_a_single_other_one(tmp_path: Path) -> None:
    write_study(tmp_path, ["COMPLETE"] * 2, params=lambda n: {"trainer.max_norm": (None, 3)[n]})
    for _, job in StudyPaths(tmp_path).jobs():
        job.config_yaml.write_text("trainer: {seed: 0}\n")

    plan = plan_arms(StudyView(load_study(tmp_path)), ["trainer.max_norm"], seeds=2)

    names = [configuration.name for configuration in plan.configurations]
    assert sorted(names) == ["max_norm=3", "max_norm=none", "null_check"]


def test_the_baseline_can_be_named(tmp_path: Path) -> None:
    plan = plan_arms(grid_study(tmp_path), ["model.hidden1"], seeds=2, baseline="hidden1=16")

    names = [configuration.name for configuration in plan.configurations]
    assert names == ["hidden1=16", "hidden1=8", "hidden1=32", "null_check"]
    assert dict(plan.references) == {"baseline": "hidden1=16"}


def test_the_baseline_is_the_value_without_dropout(tmp_path: Path) -> None:
    rates = {"callbacks": {"report": {"rates": ["model.p"]}}}
    config = {**CONFIG, "hydra": {**CONFIG["hydra"], **rates}}
    write_study(
        tmp_path,
        ["COMPLETE"] * 3,
        params=lambda n: {"model.kind": "cab"[n], "model.p": (0.1, 0.1, 0.0)[n]},
        config=config,
    )
    for _, job in StudyPaths(tmp_path).jobs():
        job.config_yaml.write_text("trainer: {seed: 0}\n")

    plan = plan_arms(StudyView(load_study(tmp_path)), ["model.kind"], seeds=2)

    names = [configuration.name for configuration in plan.configurations]
    assert names[:3] == ["kind=b", "kind=a", "kind=c"]


def test_a_baseline_that_no_trial_has_is_refused(tmp_path: Path) -> None:
    view = grid_study(tmp_path)
    with pytest.raises(UserError, match=r"baseline=hidden1=9.*did you mean.*hidden1=8.*they are"):
        plan_arms(view, ["model.hidden1"], seeds=2, baseline="hidden1=9")


def test_a_comparison_is_repeated_within_the_values_of_another_parameter(tmp_path: Path) -> None:
    plan = plan_arms(grid_study(tmp_path), ["optimizer.lr"], seeds=2, within=["model.hidden1"])

    *arms, _ = plan.configurations
    assert [(arm.name, arm.baseline) for arm in arms] == [
        (f"hidden1={width},lr={lr}", f"hidden1={width},lr=0.01") for width in WIDTHS for lr in LRS
    ]


def test_each_arm_is_compared_with_the_baseline_of_its_group(tmp_path: Path) -> None:
    plan = plan_arms(grid_study(tmp_path), ["optimizer.lr"], seeds=2, within=["model.hidden1"])
    runs = [
        {"configuration": arm.name, "seed": seed, "state": "COMPLETE", "test_accuracy": place / 10}
        for place, arm in enumerate(plan.configurations)
        for seed in arm.seeds
    ]

    table = summarise(plan, runs, "test_accuracy").set_index("configuration")

    for width in WIDTHS:
        assert table.loc[f"hidden1={width},lr=0.1", "minus_baseline"] == pytest.approx(0.1)
        assert pd.isna(table.loc[f"hidden1={width},lr=0.01", "minus_baseline"])


def test_a_parameter_that_was_not_searched_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"model.hiden1.*did you mean.*model.hidden1"):
        plan_arms(grid_study(tmp_path), ["model.hiden1"], seeds=2)


def test_values_that_differ_in_a_late_digit_are_two_arms(tmp_path: Path) -> None:
    write_study(tmp_path, ["COMPLETE"] * 2, params=lambda n: {"model.p": (0.12341, 0.12342)[n]})
    for _, job in StudyPaths(tmp_path).jobs():
        job.config_yaml.write_text("trainer: {seed: 0}\n")

    plan = plan_arms(StudyView(load_study(tmp_path)), ["model.p"], seeds=2)

    assert [c.name for c in plan.configurations[:2]] == ["p=0.12341", "p=0.12342"]


def test_one_value_alone_is_refused(tmp_path: Path) -> None:
    view = grid_study(tmp_path)
    kept = view.trials["model.hidden1"] == 8
    view.trials.loc[~kept, "state"] = "FAIL"

    with pytest.raises(UserError, match="have the same value, so there is nothing to compare"):
        plan_arms(view, ["model.hidden1"], seeds=2)


def test_the_best_of_two_studies_are_compared(tmp_path: Path) -> None:
    one, other = grid_study(tmp_path / "one"), grid_study(tmp_path / "two")
    best = one.complete.loc[one.complete["value"].idxmax(), "trial"]

    plan = plan_against(one, other, seeds=2)

    assert [c.name for c in plan.configurations] == [
        f"trial_{best}",
        "the_other_study",
        "null_check",
    ]
    assert plan.configurations[1].description == f"best of two: trial {best}"
    assert dict(plan.references) == {"the_other_study": "the_other_study"}


def test_a_reference_without_dropout_has_that_name(tmp_path: Path) -> None:
    rates = {"hydra": {"callbacks": {"report": {"rates": ["model.p"]}}}}
    config = {**CONFIG, "hydra": {**CONFIG["hydra"], **rates["hydra"]}}
    other = write_study(
        tmp_path / "two", ["COMPLETE"] * 3, params=lambda _: {"model.p": 0.0}, config=config
    )
    for _, job in StudyPaths(other).jobs():
        job.config_yaml.write_text("trainer: {seed: 0}\n")

    plan = plan_against(grid_study(tmp_path / "one"), StudyView(load_study(other)), seeds=2)

    assert dict(plan.references) == {"no_dropout": "no_dropout"}


def test_studies_with_different_objectives_are_refused(tmp_path: Path) -> None:
    sweeper = {**CONFIG["hydra"]["sweeper"], "direction": "minimize"}
    config = {**CONFIG, "hydra": {**CONFIG["hydra"], "sweeper": sweeper}}
    other = grid_study(tmp_path / "two", config=config)

    with pytest.raises(UserError, match="different objectives"):
        plan_against(grid_study(tmp_path / "one"), other, seeds=2)


def test_by_is_trained_told_and_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    root = trainable(tmp_path / "study")
    words = ["dropout-study-confirm", str(root), "by=model.hidden1", "seeds=2"]
    monkeypatch.setattr(sys, "argv", words)

    confirm_command()

    assert "hidden1=5" in capsys.readouterr().out
    table = pd.read_csv(root / "confirmation.csv")
    assert list(table["configuration"]) == ["hidden1=4", "hidden1=5", "null_check"]
    assert table["minus_baseline"].isna().tolist() == [True, False, False]
    told = headline(StudyView(load_study(root)))
    assert told[0] == "Trained again on train + validation with fresh seeds; the test accuracy:"
    assert told[1].startswith("hidden1=4, a baseline: ")
    assert told[2].startswith("hidden1=5 against hidden1=4: ")
    assert (root / "report.html").is_file()


def test_by_and_against_are_not_given_together(tmp_path: Path) -> None:
    grid_study(tmp_path)
    with pytest.raises(UserError, match="give one of them"):
        confirm(tmp_path, by=["model.hidden1"], against=tmp_path)


def test_two_parameters_with_two_values_have_an_interaction(tmp_path: Path) -> None:
    """The effect of b is 0.1 with the first value of a, and 0.3 with the second."""
    write_study(tmp_path, ["COMPLETE"] * 4)
    means = {"a=0,b=0": 0.5, "a=0,b=1": 0.6, "a=1,b=0": 0.5, "a=1,b=1": 0.8}
    rows = [
        {"configuration": name, "seed": seed, "test_accuracy": mean + 0.01 * seed}
        for name, mean in means.items()
        for seed in range(3)
    ]
    pd.DataFrame(rows).to_csv(tmp_path / "confirmation_runs.csv", index=False)
    facts = {
        "n": 3,
        "mean": 0.5,
        "low": 0.4,
        "high": 0.6,
        "description": "",
        "metric": "test_accuracy",
    }
    parts = ("", "_low", "_high", "_p", "_p_holm")
    minus = {"minus_baseline_n": 3, **{f"minus_baseline{part}": 0.0 for part in parts}}
    facts |= {"metric": "test_accuracy", "baseline": "a=0,b=0"}
    table = [{"configuration": name, **facts, **minus} for name in (*means, "null_check")]
    pd.DataFrame(table).to_csv(tmp_path / "confirmation.csv", index=False)

    told = headline(StudyView(load_study(tmp_path)))

    assert any(
        sentence.startswith("Interaction: the effect of b=1 is +20.0 points") for sentence in told
    ), told

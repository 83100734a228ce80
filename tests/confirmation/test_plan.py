import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from fake_study import BOOK, CONFIG, sampled, write_study

from dropout_study.confirmation.plan import Plan, plan_confirmation
from dropout_study.errors import UserError
from dropout_study.paths import StudyPaths
from dropout_study.report.view import StudyView
from dropout_study.results.study import load_study

MLP = {
    **{"_target_": "dropout_study.models.MLP", "in_shape": None, "classes": None},
    **{"hidden1": 4, "hidden2": 4, "dropout1": 0.2, "dropout2": 0.5, "input_dropout": 0.0},
}


def plan_of(
    root: Path, top: int = 2, seeds: int = 3, model: dict[str, Any] = MLP, **settings: Any
) -> Plan:
    write_study(root, ["COMPLETE"] * 8, **settings)
    for number, job in StudyPaths(root).jobs():
        config = {"model": {**model, "hidden1": number + 2}, "trainer": {"seed": 0, "epochs": 2}}
        job.config_yaml.write_text(yaml.safe_dump(config))
    return plan_confirmation(StudyView(load_study(root)), top, seeds)


def test_the_best_come_first_then_the_references_then_the_null_check(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, top=1)
    view = StudyView(load_study(tmp_path))

    best = view.complete.sort_values("value", ascending=False)["trial"].iloc[0]
    names = [configuration.name for configuration in plan.configurations]
    assert names == [f"trial_{best}", "trial_0", "trial_1", "null_check"]
    assert dict(plan.references) == {"book": "trial_0", "no_dropout": "trial_1"}
    assert plan.configurations[-1].twin == "trial_0"


def test_all_are_trained_with_the_same_fresh_seeds_but_the_null_check(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, seeds=3)

    *others, null = plan.configurations
    assert {configuration.seeds for configuration in others} == {(1, 3, 5)}  # 0 was the search's
    assert null.seeds == (2, 4, 6)


def test_seeds_of_replicates_are_not_fresh(tmp_path: Path) -> None:
    plan_of(tmp_path)
    record = (tmp_path / "0" / "metrics.json").read_text()
    for seed in (1, 2):
        run = tmp_path / "0" / f"replicate_{seed}"
        run.mkdir()
        (run / "metrics.json").write_text(json.dumps({**json.loads(record), "seed": seed}))

    plan = plan_confirmation(StudyView(load_study(tmp_path)), 1, 2)

    assert plan.configurations[0].seeds == (3, 5)


def test_more_seeds_begin_with_the_same_ones(tmp_path: Path) -> None:
    view = StudyView(load_study(plan_of(tmp_path, seeds=3) and tmp_path))
    for few, many in zip(
        plan_confirmation(view, 1, 3).configurations,
        plan_confirmation(view, 1, 9).configurations,
        strict=True,
    ):
        assert many.seeds[:3] == few.seeds


def test_a_trial_that_is_best_and_reference_is_trained_once(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, params=lambda _: BOOK, top=1)

    assert [c.name for c in plan.configurations] == ["trial_0", "no_dropout", "null_check"]
    assert plan.configurations[0].description == "best by validation accuracy, the book's rates"


def test_references_that_were_not_tried_are_the_best_with_other_rates(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, top=1, params=lambda n: {**sampled(n), "model.dropout1": 0.1 + n / 20})

    best, book, none, _ = plan.configurations
    assert (book.name, none.name) == ("book", "no_dropout")
    assert book.config.model == {**MLP, "hidden1": best.config.model.hidden1}
    assert none.config.model.dropout1 == none.config.model.dropout2 == 0.0


def test_a_model_without_rates_is_its_own_reference(tmp_path: Path) -> None:
    linear = {
        **{"_target_": "dropout_study.models.SoftmaxRegression", "init_std": 0.01},
        **{"in_shape": None, "classes": None},
    }
    config = {**CONFIG, "model": linear}
    params = {"model": linear, "config": config}
    plan = plan_of(tmp_path, top=1, params=lambda n: {"optimizer.lr": 0.1 + n}, **params)

    assert dict(plan.references) == {"best": plan.configurations[0].name}


def test_without_a_complete_trial_there_is_nothing_to_confirm(tmp_path: Path) -> None:
    write_study(tmp_path, ["FAIL", "PRUNED"])

    with pytest.raises(UserError, match="nothing to confirm"):
        plan_confirmation(StudyView(load_study(tmp_path)), 1, 2)


@pytest.mark.parametrize("text", [None, "a: [b", "just text", "model: {}"])
def test_a_lost_configuration_is_named(tmp_path: Path, text: str | None) -> None:
    write_study(tmp_path, ["COMPLETE"])
    path = StudyPaths(tmp_path).job(0).config_yaml
    if text is not None:
        path.write_text(text)

    with pytest.raises(UserError, match=r"trial 0|config\.yaml"):
        plan_confirmation(StudyView(load_study(tmp_path)), 1, 2)


def test_the_configuration_of_a_trial_with_replicates_is_that_of_a_run(tmp_path: Path) -> None:
    plan = plan_of(tmp_path)
    best = plan.configurations[0]
    trial = tmp_path / best.name.removeprefix("trial_")
    (trial / "replicate_0").mkdir()
    (trial / ".hydra").rename(trial / "replicate_0" / ".hydra")

    again = plan_confirmation(StudyView(load_study(tmp_path)), 2, 3)
    assert again.configurations[0].config == best.config


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "cannot be read: .*config.yaml is missing"),
        ("a: [", "cannot be read: .*config.yaml is damaged"),
        ("[1]", "cannot be read: .*config.yaml is damaged: not an object"),
        ("model: 1", "is not the configuration of a trial: it has no `trainer`"),
    ],
)
def test_a_lost_configuration_is_told_in_one_line(
    tmp_path: Path, content: str | None, told: str
) -> None:
    number = plan_of(tmp_path).configurations[0].name.removeprefix("trial_")
    path = StudyPaths(tmp_path).job(int(number)).config_yaml
    path.unlink()
    if content is not None:
        path.write_text(content)

    with pytest.raises(UserError, match=told) as error:
        plan_confirmation(StudyView(load_study(tmp_path)), 2, 3)
    assert "\n" not in str(error.value)

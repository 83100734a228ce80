import json
import random
from collections.abc import Callable
from math import log10
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from fake_study import CONFIG, Params, write_study

from dropout_study.confirmation.plan import plan_confirmation
from dropout_study.paths import StudyPaths
from dropout_study.report.figures.spec import NotEnoughError
from dropout_study.report.likely_best import likely_best_sentences
from dropout_study.report.predicted import predicted_best
from dropout_study.report.surrogate import surrogate
from dropout_study.report.view import StudyView
from dropout_study.results.study import load_study

LUCKY = 5  # the trial that noise makes look best


def point(number: int) -> Params:
    draw = random.Random(number)
    return {"model.dropout1": draw.uniform(0, 0.8), "optimizer.lr": 10 ** draw.uniform(-2, 0)}


def true_value(params: Params) -> float:
    far = (params["model.dropout1"] - 0.3) ** 2 + (log10(params["optimizer.lr"]) + 1) ** 2 / 5
    return 0.9 - far / 4


def view_of(
    root: Path,
    n: int = 24,
    params: Callable[[int], Params] = point,
    config: dict[str, Any] = CONFIG,
    value: Callable[[int], float] | None = None,
) -> StudyView:
    """Returns a study of a smooth function with noise, which favours one trial."""
    write_study(root, ["COMPLETE"] * n, params=params, config=config)
    noise = np.random.default_rng(0).normal(0, 0.003, n)
    noise[LUCKY] = 0.9 - true_value(point(LUCKY)) + 0.004
    for number, job in StudyPaths(root).jobs():
        job.config_yaml.write_text(yaml.safe_dump({"model": {}, "trainer": {"seed": 0}}))
        row = json.loads(job.metrics_json.read_text())
        given = value(number) if value else true_value(point(number)) + noise[number]
        row["val_accuracy"] = row["value"] = given
        job.metrics_json.write_text(json.dumps(row))
    return StudyView(load_study(root))


def test_a_lucky_trial_is_the_best_seen_and_not_the_best_predicted(tmp_path: Path) -> None:
    view = view_of(tmp_path)
    found = predicted_best(view)

    truth = sorted(range(24), key=lambda n: true_value(point(n)))
    assert view.best is not None
    assert view.best.number == LUCKY
    assert found.arm.number in truth[-2:]
    assert found.mean == pytest.approx(true_value(point(found.arm.number)), abs=0.004)
    assert found.mean_of_seen < view.best.value
    assert 0 < found.sd < 0.004

    (told,) = likely_best_sentences(view)
    assert told.startswith("A Gaussian process over the 24 complete trials predicts the best mean")
    assert f"for trial {found.arm.number} (dropout1 = " in told
    assert "For the best trial" in told


def test_the_smallest_is_the_best_where_the_study_minimizes(tmp_path: Path) -> None:
    minimize = {**CONFIG, "hydra": {"sweeper": {"direction": "minimize", "objective": "val_loss"}}}
    noise = np.random.default_rng(0).normal(0, 0.003, 24)
    view = view_of(
        tmp_path, config=minimize, value=lambda n: 1 - true_value(point(n)) + float(noise[n])
    )

    found = predicted_best(view)

    assert found.mean == pytest.approx(1 - true_value(point(found.arm.number)), abs=0.004)
    assert true_value(point(found.arm.number)) > 0.89


def test_how_bad_a_bad_trial_is_changes_little(tmp_path: Path) -> None:
    worst = min(range(24), key=lambda n: true_value(point(n)))

    def found_with(value: float) -> tuple[int, float]:
        root = tmp_path / str(value)
        found = predicted_best(
            view_of(root, value=lambda n: value if n == worst else true_value(point(n)))
        )
        return found.arm.number, found.mean

    number, mean = found_with(true_value(point(worst)))
    one, other = found_with(0.1), found_with(0.2)
    assert one == other
    assert one == (number, pytest.approx(mean, abs=0.002))


def test_numbers_choices_and_conditions_are_dimensions(tmp_path: Path) -> None:
    def mixed(n: int) -> Params:
        return {"noise": "dropout" if n % 2 else "none", "optimizer.lr": 10.0 ** (-n % 3 - 2)} | (
            {"model.hidden1": 4 * n} if n % 2 else {}
        )

    view = view_of(tmp_path, n=12, params=mixed)
    columns = surrogate(view, view.objective.targets[0]).points.T.tolist()

    odd = [float(n % 2) for n in range(12)]
    assert columns.count(odd) == 2  # dropout was chosen; the width was searched
    assert [1 - each for each in odd] in columns
    width = [(4 * n - 4) / 40 if n % 2 else 0.5 for n in range(12)]
    assert any(each == pytest.approx(width) for each in columns)
    lr = [(-n % 3) / 2 for n in range(12)]
    assert any(each == pytest.approx(lr) for each in columns)


@pytest.mark.parametrize(
    ("n", "settings", "reason"),
    [
        (9, {}, "needs 10 complete trials, there are 9"),
        (12, {"value": lambda _: 0.8}, "different parameters and values"),
        (12, {"params": lambda _: {"optimizer.lr": 0.1}}, "different parameters and values"),
    ],
)
def test_without_enough_a_sentence_says_so(
    tmp_path: Path, n: int, settings: dict[str, Any], reason: str
) -> None:
    view = view_of(tmp_path, n=n, **settings)

    with pytest.raises(NotEnoughError, match=reason):
        predicted_best(view)
    assert reason in likely_best_sentences(view)[0]
    names = [each.description for each in plan_confirmation(view, 1, 2).configurations]
    assert not any("predicted" in name for name in names)


def test_the_likely_best_is_confirmed_under_its_own_name(tmp_path: Path) -> None:
    view = view_of(tmp_path)
    likely = predicted_best(view).arm.number

    first, second, *_ = plan_confirmation(view, 1, 2).configurations
    assert (first.name, second.name) == (f"trial_{LUCKY}", f"trial_{likely}")
    assert second.description == "best predicted validation accuracy"

    roles = {each.name: each.description for each in plan_confirmation(view, 24, 2).configurations}
    assert "by validation accuracy, best predicted validation" in roles[f"trial_{likely}"]


def test_seen_predicted_and_confirmed_are_compared(tmp_path: Path) -> None:
    view = view_of(tmp_path)
    likely = predicted_best(view).arm.number
    rows = {f"trial_{LUCKY}": 0.85, f"trial_{likely}": 0.87, "trial_0": 0.88, "null_check": 0.9}
    table = ["configuration,metric,n,mean,low,high"]
    table += [f"{name},test_accuracy,3,{mean},0.8,0.9" for name, mean in rows.items()]
    runs = ["configuration,seed,test_accuracy"]
    runs += [f"{name},{seed},{m + 0.01 * seed}" for name, m in rows.items() for seed in (1, 2, 3)]
    StudyPaths(tmp_path).confirmation_csv.write_text("\n".join(table))
    StudyPaths(tmp_path).confirmation_runs_csv.write_text("\n".join(runs))

    told = likely_best_sentences(StudyView(load_study(tmp_path)))[1].replace(
        "\N{NO-BREAK SPACE}", " "
    )

    assert (
        f"best seen trial {LUCKY} (85.0 %), best predicted trial {likely} (87.0 %), "
        "best confirmed trial 0 (88.0 %)" in told
    )
    assert "The best predicted minus the best seen: +2.0 points" in told
    assert "The best confirmed minus the best seen: +3.0 points" in told
    assert "paired over n = 3 seeds" in told

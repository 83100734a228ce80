"""Studies side by side."""

import copy
import json
import math
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from fake_study import CONFIG, sampled, write_study

from dropout_study.comparison.compare import compare
from dropout_study.comparison.printed import heading, setting_lines
from dropout_study.errors import UserError
from dropout_study.results.notes import add_notes

MINIMIZE = {"objective": "val_loss", "direction": "minimize"}


def study(root: Path, offset: int = 0, **settings: Any) -> Path:
    """Writes a study of six trials, whose best differs with ``offset``."""
    return write_study(root, ["COMPLETE"] * 6, params=lambda n: sampled(n + offset), **settings)


def config(**sweeper: Any) -> dict[str, Any]:
    made = copy.deepcopy(CONFIG)
    made["hydra"]["sweeper"] |= sweeper
    return made


def confirm(
    root: Path, accuracies: dict[str, list[float]], seeds: list[int], **columns: Any
) -> None:
    """Writes the tables of a confirmation, as `dropout-study-confirm` would."""
    facts = {"metric": "test_accuracy", "trained_on": "train + validation"}
    rows = [{"configuration": name, "description": "", **facts, **columns} for name in accuracies]
    pd.DataFrame(rows).to_csv(root / "confirmation.csv", index=False)
    runs = [
        {"configuration": name, "seed": seed, "test_accuracy": value, "state": "COMPLETE"}
        for name, values in accuracies.items()
        for seed, value in zip(seeds, values, strict=True)
    ]
    pd.DataFrame(runs).to_csv(root / "confirmation_runs.csv", index=False)


def test_each_study_is_a_row_with_its_best_its_notes_and_what_differs(tmp_path: Path) -> None:
    a = study(tmp_path / "a")
    b = study(tmp_path / "b", 20, config={**CONFIG, "trainer": {"epochs": 9}})
    add_notes(b, note="longer", tags=["long"])

    found = compare([a, str(b)])

    one, two = found.studies.to_dict("records")
    assert (one["study"], two["study"]) == ("a", "b")
    assert (one["trials"], one["complete"], one["best_trial"]) == (6, 6, 3)
    assert one["value"] == pytest.approx(0.813)
    assert one["test_low"] < one["test"] < one["test_high"]
    assert one["test_over"] == "test images"
    assert found.settings == ("trainer.epochs",)
    assert (one["trainer.epochs"], two["trainer.epochs"]) == ("6", "9")
    assert (two["tags"], two["notes"].endswith("longer")) == ("long", True)
    assert two["minus_a"] == pytest.approx(two["test"] - one["test"])
    assert (two["minus_a_n"], two["minus_a_seeds_of"]) == (1, "search")
    assert "b minus a, test accuracy" in found.sentences[0]
    assert "`dropout-study-confirm` trains" in found.sentences[1]
    assert set(found.curves["study"]) == {"a", "b"}
    assert found.curves.loc[found.curves["study"] == "a", "epoch"].tolist() == [1, 2, 3, 4, 5, 6]


def test_fresh_seeds_are_paired_and_the_best_is_not_chosen_by_its_test_metric(
    tmp_path: Path,
) -> None:
    a, b = study(tmp_path / "a"), study(tmp_path / "b")
    seeds = list(range(1, 11))
    noise = [0.001 * (seed % 3) for seed in seeds]
    confirm(a, {"trial_3": [0.8 + x for x in noise], "trial_2": [0.99] * 10}, seeds)
    confirm(b, {"trial_3": [0.82 + 2 * x for x in noise], "book": [0.99] * 10}, seeds)

    found = compare([a, b])

    one, two = found.studies.to_dict("records")
    assert (one["confirmed_trial"], two["confirmed_trial"]) == (3, 3)
    assert one["confirmed"] == pytest.approx(0.801)
    assert one["confirmed_low"] < one["confirmed"] < one["confirmed_high"]
    assert two["minus_a"] == pytest.approx(0.021)
    assert (two["minus_a_n"], two["minus_a_seeds_of"]) == (10, "confirmation")
    assert two["minus_a_low"] > 0.019
    assert math.isnan(one["minus_a"])
    assert "paired over 10 fresh seeds" in found.sentences[0]
    assert found.sentences[0].endswith("beyond the noise.")
    assert heading(found.studies).endswith("brackets are 95 % intervals")

    confirm(c := study(tmp_path / "c"), {"trial_3": [0.81 + x for x in noise]}, seeds)
    three = heading(compare([a, b, c]).studies)
    assert three.endswith("brackets are 95 % intervals, those of the differences simultaneous")


def test_a_confirmation_against_a_study_has_the_runs_of_both(tmp_path: Path) -> None:
    a, b = study(tmp_path / "a"), study(tmp_path / "b")
    confirm(a, {"trial_3": [0.8, 0.81, 0.8], "no_dropout": [0.7, 0.71, 0.72]}, [1, 3, 5])
    table = pd.read_csv(a / "confirmation.csv")
    table["description"] = ["best of a: trial 3", "best of b: trial 3"]
    table.to_csv(a / "confirmation.csv", index=False)

    two = compare([a, b]).studies.iloc[1]

    assert two["confirmed_trial"] == 3
    assert two["minus_a"] == pytest.approx(-0.28 / 3)


def test_a_confirmation_against_one_of_two_studies_of_a_name_is_of_neither(tmp_path: Path) -> None:
    a, *same = (study(tmp_path / place) for place in ("a", "one/b", "two/b"))
    confirm(a, {"no_dropout": [0.7, 0.71, 0.72]}, [1, 3, 5], description="best of b: trial 3")

    assert compare([a, same[0]]).studies["confirmed_trial"].notna().tolist() == [False, True]
    assert compare([a, *same]).studies["confirmed_trial"].isna().all()


def test_other_objectives_directions_images_and_splits_are_told_and_not_compared(
    tmp_path: Path,
) -> None:
    a = study(tmp_path / "a")
    others = {
        "loss": (config(**MINIMIZE), "the objectives differ (val_accuracy and val_loss)"),
        "low": (config(direction="minimize"), "the directions differ (maximize and minimize"),
        "digits": ({**CONFIG, "data": {"_target_": "digits"}}, ""),
        "several": (
            config(objective=["val_accuracy", "seconds"], direction=["maximize", "minimize"]),
            "several has several objectives (val_accuracy, seconds)",
        ),
    }
    roots = [study(tmp_path / name, config=made) for name, (made, _) in others.items()]

    found = compare([a, *roots])

    for name, (_, reason) in others.items():
        if reason:
            assert any(
                line.startswith(f"{name} is not compared with a: {reason}")
                for line in found.sentences
            )
    assert found.studies["minus_a"].notna().tolist() == [False, False, False, True, False]
    assert found.studies["best_trial"].notna().tolist() == [True, True, True, True, False]
    assert "several" not in set(found.curves["study"])
    fashion = study(tmp_path / "fashion", config={**CONFIG, "data": {"_target_": "fashion"}})
    told = compare([roots[2], fashion]).sentences
    assert told == ("fashion is not compared with digits: they were tested on other images.",)


def test_a_setting_that_is_called_as_a_column_has_its_own(tmp_path: Path) -> None:
    roots = [study(tmp_path / str(n), config={**CONFIG, "epochs": n}) for n in (5, 6)]

    found = compare(roots)

    assert found.settings == ("config.epochs",)
    assert found.studies["config.epochs"].tolist() == ["5", "6"]
    assert setting_lines(found) == ["5  epochs=5", "6  epochs=6"]
    assert found.studies["epochs"].gt(6).all()  # those of all trials


def test_studies_of_one_name_are_told_apart_by_their_parents(tmp_path: Path) -> None:
    roots = [study(tmp_path / place / "quickstart") for place in ("one", "two")]

    assert compare(roots).studies["study"].tolist() == ["one/quickstart", "two/quickstart"]


def test_studies_without_a_result_or_with_damage_have_a_row_and_a_line(tmp_path: Path) -> None:
    a, b = study(tmp_path / "a"), write_study(tmp_path / "b", ["FAIL", "RUNNING"])
    (a / "notes.json").write_text("[")
    (b / "multirun.yaml").write_text("a: [b")
    (a / "2" / "metrics.json").write_text("{")

    found = compare([a, b])

    assert pd.isna(found.studies["best_trial"].iloc[1])
    assert "b is not compared with a: b has no complete trial." in found.sentences
    assert "missing or damaged in a: metrics.json is damaged: trial 2." in found.sentences
    assert any("missing or damaged in b: " in line for line in found.sentences)


def test_other_budgets_are_told(tmp_path: Path) -> None:
    a, b = study(tmp_path / "a"), write_study(tmp_path / "b", ["COMPLETE"] * 12)

    found = compare([a, b])

    one, two = found.studies["epochs"]
    assert f"epochs, from {one} (a) to {two} (b)" in " ".join(found.sentences)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ([], "a comparison needs two studies or more, got none"),
        (["a"], "a comparison needs two studies or more, got .*a; beside it: b$"),
        (["."], "is no study; compare those in it: dropout-study-compare .*a .*b$"),
        (["a", "b", "b/../a"], "a and .*a are the same study; give each study once"),
        (["a", "missing"], "missing is not a directory"),
        (["a", "empty"], r"empty has no trial \(directories 0, 1, ...\); give a study's directory"),
        (["a", "."], "has no trial .*; the studies in it: .*a .*b$"),
    ],
)
def test_what_cannot_be_compared_is_one_line(tmp_path: Path, given: list[str], says: str) -> None:
    for name in ("a", "b"):
        write_study(tmp_path / name, ["COMPLETE"])
    (tmp_path / "empty").mkdir()

    with pytest.raises(UserError, match=says):
        compare([tmp_path / name for name in given])


def test_replicates_of_the_search_are_paired(tmp_path: Path) -> None:
    roots = [write_study(tmp_path / name, ["COMPLETE"]) for name in "ab"]
    for place, root in enumerate(roots):
        record = json.loads((root / "0" / "metrics.json").read_text())
        for seed in range(4):
            run = root / "0" / f"replicate_{seed}"
            run.mkdir()
            accuracy = 0.8 + 0.01 * seed + 0.02 * place + 0.001 * place * (seed % 2)
            row = {**record, "seed": seed, "test_accuracy": accuracy, "val_accuracy": accuracy}
            (run / "metrics.json").write_text(json.dumps(row))

    found = compare(roots)

    two = found.studies.iloc[1]
    assert (two["minus_a_n"], two["minus_a_seeds_of"]) == (4, "search")
    assert "undecided, with n = 4 no p-value is below 0.125." in found.sentences[0]
    assert two["minus_a"] == pytest.approx(0.0205)
    assert two["minus_a_low"] > 0.018
    assert (two["test_over"], two["test_n"]) == ("seeds", 4)


def test_a_best_trial_without_a_test_metric_is_not_said_to_have_other_seeds(
    tmp_path: Path,
) -> None:
    a, b = study(tmp_path / "a"), study(tmp_path / "b")
    for path in b.glob("*/metrics.json"):
        path.write_text(json.dumps(json.loads(path.read_text()) | {"test_accuracy": math.nan}))

    told = compare([a, b]).sentences

    assert "b is not compared with a: the best trial of b has no test_accuracy." in told


@pytest.mark.parametrize("given", [None, 3, [None, "a"]])
def test_what_are_no_directories_is_refused_in_one_line(given: Any) -> None:
    with pytest.raises(UserError, match="must be a list of studies or their directories, got"):
        compare(given)


def test_one_directory_alone_is_not_taken_apart(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"two studies or more, got .*a$"):
        compare(str(study(tmp_path / "a")))


def test_epochs_that_are_not_recorded_are_no_budget_of_zero(tmp_path: Path) -> None:
    a, b = study(tmp_path / "a"), study(tmp_path / "b")
    for path in b.glob("*/history.csv"):
        path.unlink()
    for path in b.glob("*/metrics.json"):
        record = json.loads(path.read_text())
        path.write_text(json.dumps({k: v for k, v in record.items() if k != "epochs_run"}))

    found = compare([a, b])

    assert found.studies["epochs"].notna().tolist() == [True, False]
    assert "different numbers of epochs" not in " ".join(found.sentences)


def test_an_accuracy_above_1_in_a_confirmation_is_left_out_and_told(tmp_path: Path) -> None:
    a, b = study(tmp_path / "a"), study(tmp_path / "b")
    confirm(b, {"trial_3": [0.8, 5.0, 0.6]}, seeds=[6, 7, 8])

    found = compare([a, b])

    assert found.studies["confirmed"].iloc[1] == pytest.approx(0.7)
    assert "`test_accuracy` has values that are not shares in [0, 1]" in " ".join(found.sentences)

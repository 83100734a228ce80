import json
import logging
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch
from fake_study import trainable
from omegaconf import OmegaConf

from dropout_study.cli.confirm import confirm as confirm_command
from dropout_study.confirmation import population
from dropout_study.confirmation import runs as confirmation_runs
from dropout_study.confirmation.confirm import confirm
from dropout_study.confirmation.population import train_as_population
from dropout_study.confirmation.runs import Run, end_run, train_one_by_one
from dropout_study.data import synthetic
from dropout_study.errors import UserError
from dropout_study.paths import StudyPaths
from dropout_study.report.headline import headline
from dropout_study.report.view import StudyView
from dropout_study.results.study import load_study
from dropout_study.task.rerun import rerun_run
from dropout_study.task.trial import Trial, open_trial


def test_validation_examples_are_trained_on() -> None:
    splits = synthetic(n_train=64, n_test=32, val_size=16)
    assert splits.val is not None

    merged = splits.merged()

    assert merged.val is None
    assert torch.equal(merged.train.images[48:], splits.val.images)
    assert merged.merged() is merged


def trained_images(root: Path) -> set[int]:
    """Returns the numbers of training images that the runs have recorded."""
    files = StudyPaths(root).confirmation_dir.glob("*/*/provenance.json")
    return {json.loads(path.read_text())["data"]["train"] for path in files}


def test_merge_0_trains_on_the_training_split_alone_as_the_study_did(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    study = trainable(tmp_path)
    for _, job in StudyPaths(study).jobs():  # data of its own: data that was merged is not logged
        config = OmegaConf.load(job.config_yaml)
        config.data.split_seed = 49
        OmegaConf.save(config, job.config_yaml)

    merged = confirm(study, top=1, seeds=2)
    assert trained_images(study) == {512}
    assert "512 examples: 384 of the training split and 128 of validation" in caplog.text

    apart = confirm(study, top=1, seeds=2, merge=False)
    assert trained_images(study) == {384}  # trained again: what is there is another experiment
    assert set(merged["trained_on"]) == {"train + validation"}
    assert set(apart["trained_on"]) == {"train"}
    view = StudyView(load_study(study))
    assert any("Trained again on the training split with n = 2" in line for line in headline(view))
    run = next(StudyPaths(study).confirmation_dir.glob("*/*"))
    assert rerun_run(run).same


def test_measurements_are_taken_of_every_run(tmp_path: Path) -> None:
    study = trainable(tmp_path)
    for _, job in StudyPaths(study).jobs():
        config = OmegaConf.load(job.config_yaml)
        config.trainer.measure = ["activations", "weight_distance", "gap"]
        OmegaConf.save(config, job.config_yaml)

    confirm(study, top=1, seeds=2)

    histories = [pd.read_csv(p) for p in study.glob("confirmation/*/*/history.csv")]
    assert len(histories) > 2
    for history in histories:
        assert history["weight_distance"].between(0, 100, inclusive="neither").all()
        assert history.filter(like="activations_").notna().all(axis=None)
        assert history.filter(like="gap_").isna().all(axis=None)  # no validation data is left


def test_the_best_epoch_needs_the_validation_examples(tmp_path: Path) -> None:
    study = trainable(tmp_path)
    for _, job in StudyPaths(study).jobs():
        config = OmegaConf.load(job.config_yaml)
        OmegaConf.update(config, "trainer.objective", "best_epoch")
        OmegaConf.save(config, job.config_yaml)
    settings = OmegaConf.load(StudyPaths(study).multirun_yaml)
    sweeper = {"objective": "val_loss", "direction": "minimize"}
    OmegaConf.update(settings, "hydra.sweeper", sweeper)
    OmegaConf.save(settings, StudyPaths(study).multirun_yaml)

    with pytest.raises(UserError, match=r"trainer.objective=best_epoch.*use --merge 0"):
        confirm(study, top=1, seeds=2)
    confirm(study, top=1, seeds=2, merge=False)

    run = next(StudyPaths(study).confirmation_dir.glob("*/*"))
    facts = json.loads((run / "provenance.json").read_text())
    assert facts["objective"] == {"name": "val_loss", "minimize": True}
    assert rerun_run(run).same


def test_every_run_is_in_the_tables(tmp_path: Path) -> None:
    table = confirm(trainable(tmp_path), top=1, seeds=2)

    assert table["n"].tolist() == [2] * 4  # best, book, no dropout, null check
    long = pd.read_csv(tmp_path / "confirmation_runs.csv")
    assert len(long) == 8
    assert long["val_accuracy"].isna().all()
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "confirmation.csv"), table)


def test_a_confirmation_that_was_interrupted_goes_on(tmp_path: Path) -> None:
    trainable(tmp_path / "a")
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    whole = confirm(tmp_path / "a", top=1, seeds=2)

    def half(runs: Sequence[Run]) -> None:
        train_one_by_one(runs[:3])
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        confirm(tmp_path / "b", top=1, seeds=2, train=half)
    assert not (tmp_path / "b" / "confirmation.csv").exists()

    counts: list[int] = []

    def counting(runs: Sequence[Run]) -> None:
        counts.append(len(runs))
        train_one_by_one(runs)

    resumed = confirm(tmp_path / "b", top=1, seeds=2, train=counting)
    assert counts == [8 - 3]
    pd.testing.assert_frame_equal(resumed, whole)


def test_as_a_population_the_table_is_the_same(tmp_path: Path) -> None:
    trainable(tmp_path / "a")
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    alone = confirm(tmp_path / "a", top=2, seeds=4, train=train_one_by_one)

    together = confirm(tmp_path / "b", top=2, seeds=4, train=train_as_population)

    pd.testing.assert_frame_equal(together, alone, atol=1 / 256)  # an image of the test set
    for name in ("confirmation_runs.csv", "confirmation/book/1/history.csv"):
        frames = [pd.read_csv(tmp_path / each / name) for each in "ab"]
        times = ["seconds", "population"]
        same = [
            frame.drop(columns=times, errors="ignore").sort_values(list(frame)[:2])
            for frame in frames
        ]
        pd.testing.assert_frame_equal(*same, atol=1 / 256)


def test_a_population_records_each_run_as_it_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trainable(tmp_path)
    ended: list[str] = []

    def interrupted(run: Run, result: object, *, population: bool) -> None:
        if len(ended) == 3:
            raise KeyboardInterrupt
        ended.append(run.configuration)
        end_run(run, result, population=population)

    monkeypatch.setattr(population, "end_run", interrupted)
    with pytest.raises(KeyboardInterrupt):
        confirm(tmp_path, top=1, seeds=2)
    counts: list[int] = []
    confirm(tmp_path, top=1, seeds=2, train=lambda runs: counts.append(len(runs)))
    assert counts == [8 - 3]


def test_a_run_that_raises_stops_no_other_and_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trainable(tmp_path)

    @contextmanager
    def breaks(*args: Any, **kwargs: Any) -> Iterator[Trial]:
        with open_trial(*args, **kwargs) as trial:
            if trial.settings.seed == 1:
                trial.model.register_forward_pre_hook(lambda *_: 1 / 0)
            yield trial

    monkeypatch.setattr(confirmation_runs, "open_trial", breaks)
    table = confirm(tmp_path, top=1, seeds=2)
    assert table["failed"].tolist() == [1, 1, 1, 0]
    assert table["n"].tolist() == [1, 1, 1, 2]
    rows = pd.read_csv(tmp_path / "confirmation_runs.csv")
    assert rows["error"].dropna().tolist() == ["ZeroDivisionError: division by zero"] * 3
    counts: list[int] = []
    confirm(tmp_path, top=1, seeds=2, train=lambda runs: counts.append(len(runs)))
    assert counts == [3]  # the run with seed 1 of each configuration but the null check


def test_a_configuration_that_cannot_be_built_stops_no_other(tmp_path: Path) -> None:
    trainable(tmp_path)
    job = StudyPaths(tmp_path).job(0)  # the second by validation
    config = OmegaConf.load(job.config_yaml)
    OmegaConf.update(config, "model.hidden1", "many")
    OmegaConf.save(config, job.config_yaml)

    table = confirm(tmp_path, top=2, seeds=2).set_index("configuration")

    assert table["failed"].to_dict()["trial_0"] == 2
    assert table["n"].drop("trial_0").tolist() == [2] * 4


@pytest.mark.parametrize("precision", ["bfloat16", "tf32"])
def test_a_run_has_the_numbers_that_it_has_alone_in_every_precision(
    tmp_path: Path, precision: str
) -> None:
    trainable(tmp_path / "a")
    for _, job in StudyPaths(tmp_path / "a").jobs():
        config = OmegaConf.load(job.config_yaml)
        OmegaConf.update(config, "trainer.precision", precision)
        OmegaConf.save(config, job.config_yaml)
    shutil.copytree(tmp_path / "a", tmp_path / "b")

    table = confirm(tmp_path / "a", top=1, seeds=2)

    alone = confirm(tmp_path / "b", top=1, seeds=2, train=train_one_by_one)
    exact = precision == "bfloat16"
    pd.testing.assert_frame_equal(table, alone, atol=0.0 if exact else 1 / 256, check_exact=exact)


def test_more_seeds_train_only_what_is_new(tmp_path: Path) -> None:
    trainable(tmp_path)
    confirm(tmp_path, top=1, seeds=2)
    counts: list[int] = []

    confirm(tmp_path, top=1, seeds=3, train=lambda runs: counts.append(len(runs)))

    assert counts == [4]


def test_a_damaged_or_changed_run_is_trained_again(tmp_path: Path) -> None:
    trainable(tmp_path)
    confirm(tmp_path, top=1, seeds=2)
    first, second, *_ = sorted((tmp_path / "confirmation").glob("*/*/metrics.json"))
    first.write_text('{"half')
    (second.parent / ".hydra" / "config.yaml").write_text("other: 1")
    counts: list[int] = []

    confirm(tmp_path, top=1, seeds=2, train=lambda runs: counts.append(len(runs)))

    assert counts == [2]


def test_a_diverged_run_is_a_row_without_a_number(tmp_path: Path) -> None:
    trainable(tmp_path)
    for _, job in StudyPaths(tmp_path).jobs():
        config = OmegaConf.load(job.config_yaml)
        OmegaConf.update(config, "optimizer.lr", 1e30)
        OmegaConf.save(config, job.config_yaml)

    table = confirm(tmp_path, top=1, seeds=2)

    assert table["diverged"].tolist() == [2] * 4
    assert table["failed"].tolist() == [0] * 4
    assert table["mean"].isna().all()
    assert set(pd.read_csv(tmp_path / "confirmation_runs.csv")["state"]) == {"FAIL"}


@pytest.mark.parametrize(
    ("top", "seeds", "named"),
    [(0, 2, "`top`"), (1, 1, "`seeds`"), (-1, 5, "`top`"), ("3", 5, "`top`"), (1, 2.5, "`seeds`")],
)
def test_counts_out_of_range_are_refused(tmp_path: Path, top: int, seeds: int, named: str) -> None:
    with pytest.raises(UserError, match=named):
        confirm(trainable(tmp_path), top=top, seeds=seeds)


@pytest.mark.parametrize("given", [{"within": ["model.dropout1"]}, {"baseline": "0"}])
def test_settings_of_another_comparison_are_refused(tmp_path: Path, given: dict[str, Any]) -> None:
    with pytest.raises(UserError, match="belong to a comparison of values: give `by` too"):
        confirm(tmp_path, **given)


def test_the_command_leaves_tables_and_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    trainable(tmp_path)
    argv = ["dropout-study-confirm", str(tmp_path), "top=1", "seeds=2"]
    monkeypatch.setattr(sys, "argv", argv)

    confirm_command()

    assert "null_check" in capsys.readouterr().out
    page = (tmp_path / "report.html").read_text()
    assert "n\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}2 fresh seeds" in page
    assert (tmp_path / "figures" / "confirmation.png").is_file()


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("tops=1", "did you mean `--top`"),
        ("seeds=many", "whole number"),
        ("seeds", "one argument too many"),
        ("--seeds", "expected one argument"),
    ],
)
def test_settings_that_are_none_end_the_command_with_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, word: str, told: str
) -> None:
    monkeypatch.setattr(sys, "argv", ["dropout-study-confirm", str(tmp_path), word])

    with pytest.raises(SystemExit, match=f"^dropout-study-confirm: .*{told}"):
        confirm_command()

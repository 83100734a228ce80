"""``dropout-study-predict JOBDIR split=test``: ways to predict, compared on a labelled split."""

import csv
import shutil
import sys
from pathlib import Path

import pytest
from test_predict import trained

from dropout_study.cli.predict import predict as predict_command
from dropout_study.paths import JobPaths
from dropout_study.trial import Metrics


@pytest.fixture(scope="module")
def job(tmp_path_factory) -> tuple[Path, Metrics]:
    root = tmp_path_factory.mktemp("job")
    return root, trained(root, "last")[1]


def called(monkeypatch: pytest.MonkeyPatch, *words: object) -> None:
    monkeypatch.setattr(sys, "argv", ["dropout-study-predict", *map(str, words)])
    predict_command()


def test_a_table_is_printed_and_written(job, monkeypatch, capsys) -> None:
    root, recorded = job

    called(monkeypatch, root, "split=test", "samples=5")

    head, *lines = capsys.readouterr().out.splitlines()
    assert head.split() == ["way", "loss", "accuracy", "brier", "ece"]
    assert [line.split()[0] for line in lines] == ["weight_scaling", "monte_carlo", "single"]
    assert lines[2].count("(sd ") == 4
    with JobPaths(root).inference_csv("test").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["samples"] for row in rows] == ["1", "5", "5"]
    assert float(rows[0]["accuracy"]) == recorded["test_accuracy"]
    assert float(rows[0]["loss"]) == pytest.approx(recorded["test_loss"])
    assert rows[0]["loss_sd"] == ""
    assert float(rows[2]["loss_sd"]) > 0


def test_fifty_samples_are_taken_if_none_are_named(job, monkeypatch) -> None:
    called(monkeypatch, job[0], "split=val")

    with JobPaths(job[0]).inference_csv("val").open(encoding="utf-8") as stream:
        assert [row["samples"] for row in csv.DictReader(stream)] == ["1", "50", "50"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["split=tset"], "`split` must be one of train, val, test, got 'tset'"),
        (["split=test", "samples=1"], "`samples` must be a finite number >= 2, got 1"),
        (["split=test", "a.png"], "split=test stands alone, got the image a.png beside it"),
        (["split=test", "split=val"], "split=test stands alone, got split=val beside it"),
    ],
)
def test_mistakes_end_the_command_with_one_line_and_no_file(
    job, tmp_path, monkeypatch, words, told
) -> None:
    copy = tmp_path / "job"
    shutil.copytree(job[0], copy, ignore=shutil.ignore_patterns("inference*"))

    with pytest.raises(SystemExit) as caught:
        called(monkeypatch, copy, *words)

    assert str(caught.value).startswith(f"dropout-study-predict: {told}")
    assert not list(copy.glob("inference*"))


def test_other_data_than_the_runs_are_noticed(job, tmp_path, monkeypatch, caplog) -> None:
    copy = tmp_path / "job"
    shutil.copytree(job[0], copy)
    config = JobPaths(copy).config_yaml
    config.write_text(config.read_text().replace("split_seed: 0", "split_seed: 1"))

    called(monkeypatch, copy, "split=test", "samples=2")

    assert [record.getMessage() for record in caplog.records] == [
        "the data are not those that the run was trained with: their SHA-256 differs"
    ]

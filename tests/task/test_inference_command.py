"""``dropout-study-predict JOBDIR --split test``: ways to predict, compared on a labelled split."""

import csv
import json
import shutil
import sys
from pathlib import Path

import pytest
from omegaconf import OmegaConf
from trials import train_trial, trained

from dropout_study.cli.predict import predict as predict_command
from dropout_study.paths import JobPaths
from dropout_study.task.inference import infer
from dropout_study.task.rates import OTHER
from dropout_study.trial import Metrics


@pytest.fixture(scope="module")
def job(tmp_path_factory) -> tuple[Path, Metrics]:
    root = tmp_path_factory.mktemp("job")
    return root, trained(root, "last")[1]


def called(monkeypatch: pytest.MonkeyPatch, *words: object) -> None:
    monkeypatch.setattr(sys, "argv", ["dropout-study-predict", *map(str, words)])
    predict_command()


def table(root: Path, split: str) -> list[dict[str, str]]:
    with JobPaths(root).inference_csv(split).open(encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def test_a_table_is_printed_and_written(job, monkeypatch, capsys) -> None:
    root, recorded = job

    called(monkeypatch, root, "split=test", "samples=5")

    head, *lines = capsys.readouterr().out.splitlines()
    assert head.split() == ["way", "samples", "loss", "accuracy", "brier", "ece"]
    assert [line.split()[0] for line in lines] == ["weight_scaling", "monte_carlo", "single"]
    assert lines[2].count("(sd ") == 4
    rows = table(root, "test")
    assert [row["samples"] for row in rows] == ["1", "5", "5"]
    assert [row["rate"] for row in rows] == ["", "", ""]
    assert float(rows[0]["accuracy"]) == recorded["test_accuracy"]
    assert float(rows[0]["loss"]) == pytest.approx(recorded["test_loss"])
    assert rows[0]["loss_sd"] == ""
    assert float(rows[2]["loss_sd"]) > 0


def test_fifty_samples_are_taken_if_none_are_named(job, monkeypatch) -> None:
    called(monkeypatch, job[0], "split=val")

    assert [row["samples"] for row in table(job[0], "val")] == ["1", "50", "50"]


def test_several_numbers_of_passes_are_rows_of_one_table(job, monkeypatch) -> None:
    root = job[0]
    called(monkeypatch, root, "split=test", "samples=3")
    alone = table(root, "test")

    called(monkeypatch, root, "split=test", "samples=1,3,6")

    rows = table(root, "test")
    told = [(row["way"], row["samples"]) for row in rows[1:]]
    assert told == [*(("monte_carlo", n) for n in ("1", "3", "6")), ("single", "6")]
    assert rows[2] == alone[1]


def test_the_layers_with_noise_get_the_named_rates(job, monkeypatch, capsys) -> None:
    """The network has an input layer of rate 0, which stays without noise."""
    root = job[0]

    called(monkeypatch, root, "--split", "test", "--samples", "4", "--rates", "0,0.2,0.9")

    head, *_, last = capsys.readouterr().out.splitlines()
    assert head.split()[:3] == ["way", "samples", "rate"]
    assert last.split()[:3] == ["single", "4", "0.9"]
    scaled, *rows = table(root, "test")
    assert [(row["way"], row["rate"]) for row in rows] == [
        (way, rate) for rate in ("0.0", "0.2", "0.9") for way in ("monte_carlo", "single")
    ]
    losses = [float(row["loss"]) for row in rows]
    assert losses[:2] == pytest.approx([float(scaled["loss"])] * 2)
    assert losses[1] < losses[3] < losses[5]


def test_at_their_own_rate_the_layers_give_what_they_give_without_it(tmp_path, monkeypatch) -> None:
    trained(tmp_path, "last", dropout1=0.3, dropout2=0.3)
    called(monkeypatch, tmp_path, "split=test", "samples=3")
    own = [row | {"rate": "0.3"} for row in table(tmp_path, "test")[1:]]

    called(monkeypatch, tmp_path, "split=test", "samples=3", "rates=0.3")

    assert table(tmp_path, "test")[1:] == own


def test_rates_need_a_layer_that_had_noise(tmp_path, monkeypatch) -> None:
    trained(tmp_path, "last", dropout1=0.0, dropout2=0.0)

    with pytest.raises(SystemExit, match="`rates` needs a layer that had noise in training"):
        called(monkeypatch, tmp_path, "split=test", "rates=0.3")
    assert not JobPaths(tmp_path).inference_csv("test").exists()


def test_noise_without_a_layer_cannot_get_a_rate(job, tmp_path, monkeypatch) -> None:
    copy = tmp_path / "job"
    shutil.copytree(job[0], copy, ignore=shutil.ignore_patterns("inference*"))
    provenance = JobPaths(copy).provenance_json
    facts = json.loads(provenance.read_text())
    provenance.write_text(json.dumps({**facts, "rates": {**facts["rates"], OTHER: None}}))

    with pytest.raises(SystemExit, match="noise outside of its noise layers whose rate cannot"):
        called(monkeypatch, copy, "split=test", "rates=0.3")
    assert not list(copy.glob("inference*"))


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--split", "tset"], "`split` must be one of train, val, test, got 'tset'"),
        (["--split", "test", "--samples=1"], "`samples` must have a whole number >= 2, got [1]"),
        (["split=test", "samples=0,5"], "`samples` must be a whole number >= 1, got 0"),
        (["split=test", "samples=2,"], "`--samples` must be whole numbers, separated by commas"),
        (["split=test", "rates=0,1.5"], "`rates` must be in [0, 1], got 1.5"),
        (["split=test", "rates=nan"], "`rates` must be in [0, 1], got nan"),
        (["split=test", "rates="], "`--rates` must be numbers, separated by commas, got ''"),
        (["a.png", "rates=0.5"], "`--rates` needs a labelled split; add `--split test`"),
        (["a.png", "--samples", "2,3"], "`--samples` is one number for images"),
        (["--split", "test", "a.png"], "`--split test` stands alone, got the image a.png beside"),
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


@pytest.mark.parametrize("which", ["best", "last"])
def test_a_schedules_rates_are_those_of_the_saved_epoch(compose_config, tmp_path, which) -> None:
    few = ("data=synthetic", "data.n_train=300", "data.val_size=100", "data.contrast=0.5")
    own = ("noise=dropconnect", "schedule=linear", "model.dropout1=0.8", "model.init_std=null")
    kept = (f"trainer.checkpoint={which}", "trainer.epochs=3", "trainer.device=cpu")
    config = compose_config(*few, *own, *kept, "model.hidden1=16", "model.hidden2=16")
    JobPaths(tmp_path).config_yaml.parent.mkdir()
    OmegaConf.save(config, JobPaths(tmp_path).config_yaml)

    numbers = train_trial(config, tmp_path)

    scaled, *_ = infer(tmp_path, split="test", samples=[2]).ways
    assert scaled.numbers["loss"] == pytest.approx(numbers["test_loss"], rel=1e-5)

"""``dropout-study-predict STUDY --split test``: every trial of a study, and the figures of it."""

import shutil
from pathlib import Path

import pandas as pd
import pytest
from command_line import run_command
from omegaconf import OmegaConf
from trials import trained

from dropout_study.cli.predict import predict
from dropout_study.cli.report import report
from dropout_study.paths import StudyPaths
from dropout_study.report.figures import NotEnoughError
from dropout_study.report.figures.evaluation_rates import evaluation_maps
from dropout_study.report.figures.passes import passes
from dropout_study.report.view import StudyView
from dropout_study.results.study import load_study
from dropout_study.task.job_files import JobFiles

FIGURES = "dropout_study.report.figures"


@pytest.fixture(scope="module")
def trials(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two training rates with two seeds each; the last trial is pruned."""
    paths = StudyPaths(tmp_path_factory.mktemp("study"))
    for number in range(5):
        rate, seed = (0.0, 0.5)[number % 2], number // 2
        job = paths.job(number)
        numbers = trained(job.root, "last", dropout1=rate, dropout2=rate)[1]
        record = {"trial": number, **numbers, "value": numbers["val_accuracy"], "seed": seed}
        record |= {"state": "COMPLETE" if number < 4 else "PRUNED", "noise": "dropout"}
        record |= {"model.dropout1": rate, "model.dropout2": rate, "model.text": "=1+1"}
        JobFiles(job).write_metrics(record)
    OmegaConf.save({"model": {"dropout1": 0.2, "dropout2": 0.5}}, paths.multirun_yaml)
    return paths.root


@pytest.fixture
def study(trials: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(trials, tmp_path / "study"))


def told(study: Path, words: list[str], capture: pytest.CaptureFixture[str]) -> str:
    ended = run_command(predict, [str(study), "split=test", *words], capture)
    assert ended.code == 0, ended.err
    return ended.out


def test_a_row_for_each_trial_and_rate_and_a_map_of_them(study, capfd) -> None:
    out = told(study, ["samples=2,8", "rates=0,0.5"], capfd)

    table = pd.read_csv(study / "inference_test.csv")
    assert out.count("weight_scaling") == 4
    assert out.splitlines()[-1] == f"Table: {study / 'inference_test.csv'}"
    assert sorted(set(table["trial"])) == [0, 1, 2, 3]
    assert table.columns[:2].tolist() == ["trial", "seed"]
    assert set(table["model.text"]) == {"'=1+1"}  # no formula to a spreadsheet
    assert {"model.dropout1", "noise", "way", "rate", "accuracy", "loss_sd"} <= set(table.columns)
    rows = table[(table["way"] == "single") & (table["trial"] == 0)]
    assert rows["rate"].tolist() == [0.0, 0.5]  # though it was trained without dropout
    assert rows["loss"].iloc[0] < rows["loss"].iloc[1]

    both = evaluation_maps(StudyView(load_study(study)))

    assert [data.way for data in both] == ["the mean of 8 passes", "one pass (mean of 8)"]
    for data, way in zip(both, ("monte_carlo", "single"), strict=True):
        assert (data.training, data.evaluation, data.runs) == ([0.0, 0.5], [0.0, 0.5], 2)
        assert data.points[:, 0] == pytest.approx([0, 0])
        cell = table[(table["model.dropout1"] == 0.5) & (table["samples"] != 2)]
        plain = cell[cell["way"] == "weight_scaling"]["accuracy"].mean()
        noisy = cell[(cell["way"] == way) & (cell["rate"] == 0.5)]["accuracy"].mean()
        assert data.points[1, 1] == pytest.approx(100 * (noisy - plain))


def test_the_passes_of_each_configuration_are_compared_with_weight_scaling(study, capfd) -> None:
    told(study, ["samples=1,4"], capfd)

    lines = passes(StudyView(load_study(study)))

    table = pd.read_csv(study / "inference_test.csv")
    assert [line.label for line in lines] == ["dropout1 = 0.5, dropout2 = 0.5"]
    (line,) = lines
    assert line.samples == [1, 4]
    own = table[table["trial"].isin([1, 3])].groupby("way")["loss"].mean()
    single = table[(table["samples"] == 1) & (table["way"] == "monte_carlo")]["loss"].mean()
    gain = line.gains["loss_gain"][0]
    assert (gain.n, gain.mean) == (2, pytest.approx(single - own["weight_scaling"]))


def test_the_report_shows_both_figures_where_they_are_named(study, capfd) -> None:
    told(study, ["samples=1,4", "rates=0,0.5"], capfd)
    words = [str(study), "--figure", f"{FIGURES}.evaluation_rates.FIGURE"]
    ended = run_command(report, [*words, "--figure", f"{FIGURES}.passes.FIGURE"], capfd)
    assert ended.code == 0, ended.err
    assert (study / "figures" / "evaluation_rates.svg").is_file()
    assert "needs averages of several numbers of passes" in (study / "report.html").read_text()


def test_a_trial_without_weights_is_told_and_the_others_are_there(study, capfd) -> None:
    StudyPaths(study).job(2).checkpoint.unlink()

    out = told(study, ["samples=2"], capfd)

    assert "trial 2: " in out
    assert "train with trainer.checkpoint=best or last" in out
    assert sorted(set(pd.read_csv(study / "inference_test.csv")["trial"])) == [0, 1, 3]


def test_without_any_weights_there_is_no_table(study, capfd) -> None:
    for number in range(4):
        StudyPaths(study).job(number).checkpoint.unlink()

    ended = run_command(predict, [str(study), "split=test", "samples=2"], capfd)

    assert ended.code == 1
    assert not (study / "inference_test.csv").exists()


def test_a_value_that_no_trial_can_have_is_refused_once(study, capfd) -> None:
    ended = run_command(predict, [str(study), "split=test", "rates=2"], capfd)

    assert ended.code == 1
    assert "trial" not in ended.out


def test_without_the_table_the_figures_say_which_command_writes_it(study) -> None:
    for make in (evaluation_maps, passes):
        with pytest.raises(NotEnoughError, match="dropout-study-predict DIR --split test"):
            make(StudyView(load_study(study)))

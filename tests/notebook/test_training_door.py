"""``dropout_study.train``: what it returns, raises and leaves behind in the process."""

import logging
import sys
from pathlib import Path

import pytest
from command_line import SMALL
from filelock import FileLock

import dropout_study as ds
from dropout_study.paths import JobPaths
from dropout_study.task.progress import RunProgress

TINY = tuple(word for word in SMALL if word != "report=none")


@pytest.fixture(autouse=True)
def empty_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_a_run_has_its_numbers_settings_curves_and_pictures():
    before = sys.argv[:], logging.getLogger().handlers[:], logging.getLogger().level
    run = ds.train([*TINY, "model.dropout1=0.3", "trainer.checkpoint=last"])
    assert (sys.argv, logging.getLogger().handlers, logging.getLogger().level) == before
    assert not run.root.is_absolute()
    assert run["model.dropout1"] == run.params["model.dropout1"] == 0.3
    assert 0 < run["test_accuracy"] == run.metrics["test_accuracy"] < 1
    assert list(run.history["epoch"]) == [1, 2]
    assert len(repr(run).splitlines()) == 1
    assert "model.dropout1 0.3" in run._repr_html_()
    assert run.figure()._repr_png_().startswith(b"\x89PNG")
    with pytest.raises(ds.UserError, match="did you mean `test_accuracy`"):
        run["test_acuracy"]

    ways = run.inference(samples=[1, 2]).set_index(["way", "samples"])["accuracy"]
    assert ways["weight_scaling", 1] == pytest.approx(run["test_accuracy"]), "dropout off"
    assert ("single", 2) in ways, "dropout on"
    assert ds.load_run(run.root).row == run.row
    assert list(ds.load_runs("outputs/runs")["test_accuracy"]) == [run["test_accuracy"]]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["trainer.epoch=1"], "did you mean `trainer.epochs`?"),
        (["model=mpl"], "did you mean `mlp`?"),
        (["model.dropout1=2"], "must be in [0, 1), got 2.0"),
        (["model.dropout1=0,0.5"], "gives several values"),
        (["trainer.epochs"], "is no setting"),
        (["--multirun"], "is an option of the command line"),
        ("trainer.epochs=1", "must be a list"),
    ],
)
def test_a_mistake_is_an_exception_with_the_line_of_the_command(words, told):
    with pytest.raises(ds.UserError) as refused:
        ds.train(words)
    (line,) = str(refused.value).splitlines()
    assert told in line
    assert refused.value._render_traceback_() == [f"UserError: {line}"]
    assert not list(Path().rglob("*.csv"))


def test_a_directory_can_be_used_again_by_another_process():
    run = ds.train([*TINY, "trainer.epochs=1", "hydra.run.dir=here"])
    assert run.name == "here"
    with FileLock(JobPaths(Path("here").resolve()).lock, timeout=0):
        pass  # it is free


def test_a_directory_without_a_run_is_refused():
    with pytest.raises(ds.UserError, match="has no run"):
        ds.load_run("nowhere")


def test_an_interrupt_keeps_the_epochs_that_were_trained(monkeypatch, capfd):
    def interrupted(_progress, metrics):
        if metrics["epoch"] == 2:
            raise KeyboardInterrupt
        return True

    monkeypatch.setattr(RunProgress, "__call__", interrupted)
    with pytest.raises(KeyboardInterrupt):
        ds.train([*TINY, "trainer.epochs=5", "hydra.run.dir=here"])
    assert "interrupted" in capfd.readouterr().err
    assert len(Path("here/history.csv").read_text().splitlines()) == 3

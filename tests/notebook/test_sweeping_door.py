"""``dropout_study.sweep`` and ``confirm``: the commands, called from Python."""

import re

import numpy as np
import pandas as pd
import pytest
from command_line import SMALL

import dropout_study as ds
from dropout_study.notebook import sweeping
from dropout_study.notebook.messages import Ended
from dropout_study.sweeper.display import cell


@pytest.fixture(autouse=True)
def empty_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_a_sweep_of_given_points_and_its_confirmation_in_a_notebook(monkeypatch, capfd):
    shown: list[str] = []
    for module in (sweeping, cell):
        monkeypatch.setattr(module, "in_notebook", lambda: True)
        monkeypatch.setattr(module, "cell_output", lambda: shown.append)
    points = pd.DataFrame({"model.dropout1": np.float64([0.1, 0.2]), "model.dropout2": [0.4, None]})
    space = ("search_space=quickstart", "search_space.n_trials=2")
    study = ds.sweep([*SMALL, *space], points=points)
    assert list(study.trials["model.dropout1"]) == [0.1, 0.2]
    assert study.trials["model.dropout2"][0] == 0.4
    assert study.root.name == "quickstart"
    assert any("2/2 finished" in html and html.startswith("<pre") for html in shown)
    assert capfd.readouterr() == ("", ""), "the cell shows the progress alone"

    shown.clear()
    monkeypatch.setattr("dropout_study.report.page.write_report", lambda root: root)
    confirmed = ds.confirm(study, top=1, seeds=2)
    assert "trial_" in confirmed._repr_html_()
    assert (confirmed.runs.groupby("configuration")["seed"].nunique() == 2).all()
    assert "[########################################] 100%" in shown[-1]
    assert len(repr(confirmed).splitlines()) <= 5


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["trainer.epoch=1"], "did you mean `trainer.epochs`?"),
        (["hydra/sweeper=optun"], "is no option of hydra/sweeper"),
        (["hydra.sweeper.dry_run=true"], "a dry run has no result"),
        (["-m"], "is an option of the command line"),
        ("experiment=quickstart", "must be a list of settings, got"),
    ],
)
def test_what_cannot_be_composed_is_refused_before_a_process_starts(words, told, monkeypatch):
    monkeypatch.setattr(sweeping, "_run", lambda _words: pytest.fail("started"))
    with pytest.raises(ds.UserError, match=told.replace("?", r"\?")):
        ds.sweep(words)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"points": {"model.dropout1": 0.1}}, "`points` must be a list of mappings, got {"),
        ({"points": 3}, "`points` must be a list of mappings, got 3"),
        ({"points": pd.Series([1])}, "`points` must be a list of mappings, got Series"),
        ({"points": [{"p": object}]}, "`p` must be a number, text or list in `points`, got <class"),
        ({"config_dir": "nowhere"}, "`config_dir` must be a directory, got 'nowhere'"),
        ({"config_dir": 3}, "`config_dir` must be the path of a directory, got 3"),
    ],
)
def test_points_and_directories_of_another_kind_are_refused(given, told):
    with pytest.raises(ds.UserError, match=re.escape(told)):
        ds.sweep([], **given)


def test_the_ends_of_the_process_are_exceptions(tmp_path, capsys):
    sweeping._conclude(Ended(), 0, None)
    with pytest.raises(ds.UserError, match="all trials failed"):
        sweeping._conclude(Ended(refusal="all trials failed"), 0, None)
    with pytest.raises(KeyboardInterrupt):
        sweeping._conclude(Ended(interrupted=True), 0, None)
    (tmp_path / "out").write_text("Traceback: a bug")
    with (tmp_path / "out").open() as output, pytest.raises(ds.UserError, match="code -9"):
        sweeping._conclude(None, -9, output)
    assert "a bug" in capsys.readouterr().err


def test_pictures_that_come_fast_are_shown_seldom():
    shown, now = [], [0.0]
    output = cell.Cell(shown.append, clock=lambda: now[0])
    for at in (0.0, 0.01, 0.02, 0.2, 0.21):
        now[0] = at
        output.update(str(at))
    output.stop()
    output.stop()
    assert [re.sub("<.*?>", "", html).strip() for html in shown] == ["0.0", "0.2", "0.21"]


def test_the_directory_of_a_grid_is_known_before_it_runs(monkeypatch):
    started: list[list[str]] = []
    monkeypatch.setattr(sweeping, "_run", started.append)
    monkeypatch.setattr(sweeping, "load_study", str)
    root = ds.sweep(["hydra/sweeper=basic", "model.dropout1=0,0.5"])
    assert f"hydra.sweep.dir={root}" in [word.replace("'", "") for word in started[0]]
    assert ds.sweep(["search_space.study_name=mine"]) == "outputs/mine"
    assert started[1] == ["--multirun", "search_space.study_name=mine"]


def test_points_keep_whole_numbers_and_leave_out_empty_cells():
    given = [{"trainer.epochs": 5}, {"model.dropout1": np.float64(0.5), "noise": "gaussian"}]
    told = "search_space.enqueue=[{trainer.epochs:5},{model.dropout1:0.5,noise:gaussian}]"
    assert sweeping.enqueued(given) == told
    assert sweeping.enqueued(pd.DataFrame(given)) == told

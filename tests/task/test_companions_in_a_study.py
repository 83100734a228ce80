"""Schedules, rates per layer and companions through a study: swept, repeated, confirmed, used."""

from pathlib import Path

import pandas as pd
import pytest
from command_line import run_command
from PIL import Image

from dropout_study.cli.train import main
from dropout_study.confirmation.confirm import confirm
from dropout_study.data import synthetic
from dropout_study.errors import UserError
from dropout_study.task.predict import predict
from dropout_study.task.rerun import rerun_trial

STUDY = (
    *("--multirun", "hydra.sweep.dir=study", "data=synthetic", "trainer.device=cpu"),
    *("report=none", "trainer.epochs=3", "model=mlp_deep", "model.widths=[16,16]"),
    *("search_space=one_rate", "hydra.sweeper.n_jobs=0", "hydra.sweeper.n_trials=2"),
    *("search_space.enqueue=[]", "model.dropout=interval(0,0.4)", "optimizer.lr=0.1"),
)
COMPANIONS = (
    *("schedule=early", "model.profile=choice(first_half,linear)", "model.input_dropout=0.1"),
    *("schedule.off_after=choice(1,2)", "schedule.fade=interval(0,1)", "trainer.r_drop=0.5"),
    *("trainer.max_norm=interval(0.5,2)", "trainer.label_smoothing=interval(0,0.2)"),
    *("model.expected_width=true", "trainer.checkpoint=last", "trainer.patience=2"),
)


@pytest.fixture
def sweep(monkeypatch, tmp_path, capfd):
    monkeypatch.chdir(tmp_path)
    return lambda *words: run_command(main, [*STUDY, *words], capfd)


def test_a_study_of_all_of_them_is_swept_repeated_confirmed_and_predicts(sweep):
    ended = sweep(*COMPANIONS)
    assert ended.code == 0, ended.err
    table = pd.read_csv("study/results.csv")
    assert table["state"].tolist() == ["COMPLETE"] * 2
    curves = pd.read_csv("study/histories.csv")
    for trial, off_after in zip(table["trial"], table["schedule.off_after"], strict=True):
        rows = curves[curves["trial"] == trial]
        assert (rows.loc[rows["epoch"] <= off_after, "rate_4"] > 0).all()
        off = rows.loc[rows["epoch"] > off_after, ["rate_1", "rate_4", "rate_7"]]
        assert not off.to_numpy().any()

    root = Path("study")
    for number in (0, 1):
        assert all(comparison.same for comparison in rerun_trial(root, number))

    with pytest.raises(UserError, match=r"trainer\.patience=2.*use --merge 0"):
        confirm(root, top=1, seeds=2)
    confirm(root, top=1, seeds=2, merge=False)
    runs = pd.read_csv("study/confirmation_runs.csv")
    assert set(runs["state"]) == {"COMPLETE"}
    assert "no_dropout" in set(runs["configuration"])

    Image.fromarray(synthetic().test.images[0, 0].numpy()).save("image.png")
    assert len(predict(root / "0", [Path("image.png")], samples=3)) == 1


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (
            ("schedule=early", "schedule.off_after=range(1,6)"),
            "`schedule.off_after` must be <= trainer.epochs=3, got 5",
        ),
        (
            ("schedule=late", "schedule.on_after=1", "trainer.epochs=int(interval(1,4))"),
            "`schedule.on_after` must be < trainer.epochs=1, got 1",
        ),
        (
            ("model.profile=first_half", "model.dropout=interval(0,0.6)"),
            "`model.dropout` must be < ",
        ),
        (("trainer.max_norm=interval(0,2)",), "`trainer.max_norm` must be a finite number > 0"),
    ],
)
def test_what_a_search_could_draw_is_refused_before_anything_is_written(sweep, words, says):
    ended = sweep(*words)
    assert ended.code == 1
    assert says in ended.err
    assert not Path("study").exists()

"""``dropout-study`` as a user sees it: what it leaves, what it refuses and in which words."""

import csv
import gzip
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import matplotlib.image
import pytest
import torch
from command_line import SMALL, Ended, run_command

from dropout_study.cli.train import main
from dropout_study.data.idx import IDX_FILES
from dropout_study.results.columns import FIRST_COLUMNS, LAST_COLUMNS
from dropout_study.trial import SPLITS

Command = Callable[..., Ended]


@pytest.fixture
def command(capfd, monkeypatch, tmp_path) -> Command:
    """Runs ``dropout-study`` in an empty directory."""
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return lambda *words: run_command(main, list(words), capfd)


def left() -> list[str]:
    """The files under the working directory."""
    return sorted(str(path) for path in Path().rglob("*") if path.is_file())


def refused(ended: Ended) -> str:
    """The one line of a command that refuses its input."""
    assert ended.code != 0
    assert "Traceback" not in ended.out + ended.err
    (line,) = ended.err.splitlines()
    assert line.startswith("dropout-study: ")
    return line.removeprefix("dropout-study: ")


@pytest.fixture
def run(command) -> tuple[Ended, Path]:
    """A single run and its directory."""
    ended = command(*SMALL, "hydra.run.dir=here", "model.dropout1=0.3")
    assert ended.code == 0, ended.err
    return ended, Path("here")


class TestSingleRun:
    def test_it_leaves_a_history_of_every_epoch(self, run):
        with (run[1] / "history.csv").open() as stream:
            rows = list(csv.DictReader(stream))
        assert list(rows[0]) == [
            *("epoch", "train_loss", "train_accuracy", "val_loss", "val_accuracy"),
            *("test_loss", "test_accuracy", "lr", "rate_1", "rate_4", "rate_7", "seconds"),
        ]
        assert [row["epoch"] for row in rows] == ["1", "2"]
        assert all(0 <= float(row["test_accuracy"]) <= 1 for row in rows)

    def test_its_metrics_are_a_row_of_the_table(self, run):
        metrics = json.loads((run[1] / "metrics.json").read_text())
        given = [word.split("=")[0] for word in SMALL if "." in word]
        measured = [f"{split}_{m}" for split in SPLITS for m in ("loss", "accuracy")]
        assert set(metrics) == {
            *(*FIRST_COLUMNS, *measured, "epochs_run", "best_epoch", "seconds", "seed", "images"),
            *(*given, "model.dropout1", "model", "noise", "schedule", "data", "optimizer"),
            *("lr_schedule", "report", *LAST_COLUMNS),  # a group that is given has a column
        }
        assert (metrics["state"], metrics["epochs_run"], metrics["error"]) == ("COMPLETE", 2, "")
        assert metrics["value"] == metrics["val_accuracy"]
        assert (metrics["model"], metrics["data"], metrics["optimizer"]) == (
            *("mlp", "synthetic", "sgd"),
        )
        assert metrics["model.dropout1"] == 0.3

    def test_its_curves_are_a_picture(self, run):
        height, width = matplotlib.image.imread(run[1] / "curves.png").shape[:2]
        assert min(height, width) > 200

    def test_it_says_where_they_are(self, run):
        assert str(run[1].absolute()) in run[0].out

    def test_one_override_changes_one_thing(self, run):
        config = (run[1] / ".hydra" / "config.yaml").read_text()
        assert "dropout1: 0.3" in config
        assert "dropout2: 0.5" in config

    def test_without_validation_there_is_none(self, command):
        assert command(*SMALL, "data.val_size=0", "hydra.run.dir=here").code == 0
        metrics = json.loads(Path("here/metrics.json").read_text())
        assert (metrics["state"], metrics["error"]) == ("COMPLETE", "")
        assert metrics["value"] is None
        assert metrics["val_accuracy"] is None
        assert metrics["test_accuracy"] is not None


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["model.dropout1=1"], "`model.dropout1` must be in [0, 1), got 1.0; use 0.0 to disable"),
        (["model.dropout2=-0.1"], "`model.dropout2` must be in [0, 1), got -0.1"),
        (["model.dropout1=nan"], "`model.dropout1` must be in [0, 1), got nan"),
        (["model.dropout1=much"], "`model.dropout1` must be a number, got 'much'"),
        (["optimizer.lr=0"], "`optimizer.lr` must be a finite number > 0, got 0"),
        (["optimizer.lr=-1"], "`optimizer.lr` must be a finite number > 0, got -1"),
        (["trainer.epochs=0"], "`trainer.epochs` must be a finite number >= 1, got 0"),
        (["trainer.batch_size=0"], "`trainer.batch_size` must be a finite number >= 1, got 0"),
        (["model.droput1=0.3"], "`model.droput1` is no key of the configuration; did you mean "),
        (["optimizer=sdg"], "`optimizer=sdg` is no option of optimizer; did you mean `sgd`?"),
        (["trainer.epochs=???"], "`trainer.epochs` has no value"),
        (["model=null"], "a group must be given the name of an option"),
        (["~optimizer"], "`optimizer` is not chosen; give it an option"),
        (["model.dropout1=["], "`model.dropout1=[` cannot be read"),
        (["model"], "`model` is no setting"),
        (
            ["model.dropout1=0.1,0.2"],
            "`model.dropout1=0.1,0.2` gives several values; add --multirun",
        ),
        (["model.dropout1=choice(0,0.5)"], "`model.dropout1=choice(0,0.5)` gives several values"),
        (["search_space.n_trials=3"], "`search_space.n_trials=3` is for a sweep, and this is a"),
        (["hydra.sweeper.n_jobs=2"], "`hydra.sweeper.n_jobs=2` is for a sweep"),
        (["model.widths=[8,8]"], "`model.widths` is no key of the chosen model; it belongs to mod"),
        (["model._target_=nope.Net"], "`model._target_: nope.Net` cannot be imported: No module"),
        (["data.root=~/x"], '`data.root=~/x` cannot be read; did you mean `"data.root=$HOME/x"`?'),
        (["--multirun", "model.dropout1=0,5"], "`model.dropout1` must be in [0, 1), got 5.0; use"),
        (["--multirun", "model.dropout1=choice(0.2,20)"], "`model.dropout1` must be in [0, 1), go"),
        (
            ["--multirun", "model.dropout1=range(0,0.5)"],
            "`model.dropout1=range(0, 0.5, 1)` has",
        ),
        (["--multirun", "trainer.epochs=interval(1,2)"], "`trainer.epochs` must be a whole number"),
        (["--multirun", "trainer.seed=0,1,2"], "`trainer.seed` is searched, but no seed is better"),
        (
            ["--multirun", "model.dropout1=uniform(0,0.5)"],
            "`model.dropout1=uniform(0,0.5)` cannot be read; did you mean `'model.dropout1=",
        ),
        (
            ["--multirun", "hydra/sweeper=basic", "model.dropout1=interval(0,0.5)"],
            "`model.dropout1=interval(0,0.5)` is continuous, and hydra/sweeper=basic tries every",
        ),
        (["hydra.run.dir=blocked/run"], "blocked"),
        (["--multirun", "hydra.sweep.dir=blocked/sweep"], "blocked"),
        (["--multirun", "model.dropout1=interval(0.5,0.2)"], "`model.dropout1` must have its low"),
        (["--multirun", "model.droput1=interval(0,1)"], "`model.droput1` is no key of the config"),
        (["--multirun", "data.val_size=0"], "`data.val_size` must be > 0 in a sweep, got 0"),
        (["--multirun", "search_space.n_trials=0"], "`search_space.n_trials` must be a finite"),
        (
            ["--multirun", "model.dropout1=0", "model.dropout2=0", "optimizer.lr=1"],
            "the search space is empty",
        ),
        (["--multirun", "hydra/sweeper=optuna_stud"], "`hydra/sweeper=optuna_stud` is no option"),
    ],
    ids=lambda given: " ".join(given) if isinstance(given, list) else "",
)
def test_a_mistake_is_one_line_and_nothing_is_written(command, words, says):
    Path("blocked").write_text("a file where a directory should be")
    options = [word for word in words if word.startswith("--")]
    values = [word for word in words if word not in options]
    said = refused(command(*options, *SMALL, *values)).removeprefix(f"{Path.cwd()}/")
    assert said.startswith(says)
    assert left() == ["blocked"]


def test_a_space_of_another_model_is_refused_with_the_spaces_that_fit(command):
    line = refused(command("--multirun", "data=synthetic", "model=mlp_deep"))
    assert line == (
        "search_space=dropout searches `model.dropout1`, which model=mlp_deep does not have; use "
        "search_space=none or search_space=one_rate or search_space=profile"
    )
    assert left() == []


def test_an_interrupted_run_keeps_its_epochs_and_draws_them(command, monkeypatch):
    def interrupt(_progress: object, metrics: dict[str, float]) -> bool:
        if metrics["epoch"] == 2:
            raise KeyboardInterrupt
        return True

    monkeypatch.setattr("dropout_study.task.progress.RunProgress.__call__", interrupt)
    ended = command(*SMALL, "trainer.epochs=3", "hydra.run.dir=here")
    assert ended.code == 130
    assert ended.err.splitlines()[-1].startswith("interrupted")
    assert "Traceback" not in ended.err
    assert str(Path("here").absolute()) in ended.out
    assert len(Path("here/history.csv").read_text().splitlines()) == 3
    assert Path("here/curves.png").is_file()


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_a_device_that_is_not_there_is_refused_before_anything_is_written(command):
    line = refused(command(*SMALL, "trainer.device=cuda"))
    assert line == (
        "`trainer.device=cuda` is not available on this machine; use `trainer.device=auto` or `cpu`"
    )
    assert left() == []


def truncated(directory: Path) -> Path:
    path = directory / IDX_FILES[0]
    path.write_bytes(path.read_bytes()[:-100])
    return path


def not_compressed(directory: Path) -> Path:
    path = directory / f"{IDX_FILES[2]}.gz"
    (directory / IDX_FILES[2]).replace(path)
    return path


def mislabelled(directory: Path) -> Path:
    path = directory / IDX_FILES[1]
    path.write_bytes((directory / IDX_FILES[3]).read_bytes())
    return path


@pytest.mark.parametrize("damage", [truncated, not_compressed, mislabelled])
def test_a_damaged_data_file_is_named_and_no_result_is_left(command, write_idx, tmp_path, damage):
    path = damage(write_idx(tmp_path / "idx"))
    line = refused(command("data=kmnist", f"data.root={path.parent}", "data.val_size=5"))
    assert str(path) in line
    assert "get " in line
    assert "again" in line
    assert not [name for name in left() if name.endswith((".csv", ".json", ".png"))]


def test_a_changed_file_of_known_checksum_is_named(command, write_idx, tmp_path):
    root = write_idx(tmp_path / "idx", gzip.compress, ".gz")
    line = refused(command("data=fashion_mnist", f"data.root={root}"))
    assert line.startswith(f"{root / IDX_FILES[0]}.gz is not the original file")


def test_data_that_is_not_there_names_the_ways_out(command):
    line = refused(command("data=fashion_mnist", "data.root=nowhere"))
    for way in (
        "`data.root=DIR`",
        "`apt-get install dataset-fashion-mnist`",
        "`data=fashion_mnist_mini`",
    ):
        assert way in line


def test_an_argument_that_a_class_does_not_take_is_one_line(command):
    assert "unexpected keyword argument 'foo'" in refused(command(*SMALL, "+optimizer.foo=1"))


def test_a_class_that_is_not_there_is_one_line(command):
    words = ("data=synthetic", "model=custom", "model._target_=nope.Net")
    assert "`model._target_: nope.Net` cannot be imported" in refused(command(*words))


def test_a_training_that_diverges_says_what_to_change(command):
    words = ("optimizer.lr=1e30", "hydra.run.dir=here")
    assert refused(command(*SMALL, *words)) == "loss not finite at epoch 1; lower `optimizer.lr`"


def test_a_batch_larger_than_the_data_is_one_batch(command):
    assert command(*SMALL, "trainer.batch_size=1000000").code == 0


@pytest.mark.parametrize("words", [["model.dropout1=2"], ["model.droput1=0"], ["trainer=5"]])
def test_the_traceback_is_there_on_demand(words, tmp_path):
    def traceback(wanted: str) -> str:
        ended = subprocess.run(
            [sys.executable, "-m", "dropout_study", *words],
            env={**os.environ, "HYDRA_FULL_ERROR": wanted},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode != 0
        return ended.stderr

    assert len(traceback("0").splitlines()) == 1
    assert "Traceback (most recent call last)" in traceback("1")


def test_help_shows_the_groups_and_the_values(command):
    ended = command("--help")
    assert ended.code == 0
    for text in ("dropout-study --multirun", "fashion_mnist_mini", "dropout1: 0.2", "lr: 0.5"):
        assert text in ended.out


def test_the_configuration_is_shown_without_a_run(command):
    ended = command("--cfg", "job", "model.dropout1=0.4")
    assert ended.code == 0
    assert "dropout1: 0.4" in ended.out
    assert left() == []


def test_a_class_of_ones_own_comes_from_a_config_directory(command, monkeypatch, tmp_path):
    (tmp_path / "mine.py").write_text(
        "from torch import nn\n\n\n"
        "def tiny(in_shape, classes, width):\n"
        "    return nn.Sequential(\n"
        "        nn.Flatten(), nn.Linear(in_shape[1] * in_shape[2], width), nn.Dropout(0.1),\n"
        "        nn.Linear(width, classes),\n"
        "    )\n"
    )
    (tmp_path / "conf" / "model").mkdir(parents=True)
    (tmp_path / "conf" / "model" / "tiny.yaml").write_text(
        "_target_: mine.tiny\nin_shape: null\nclasses: null\nwidth: 8\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    words = ("data=synthetic", "trainer.epochs=1", "model=tiny", "model.width=4")
    ended = command("--config-dir", str(tmp_path / "conf"), *words, "hydra.run.dir=here")
    assert ended.code == 0, ended.err
    assert json.loads(Path("here/metrics.json").read_text())["model"] == "tiny"


def test_numbers_are_the_same_in_every_run(command):
    for name in "ab":
        assert command(*SMALL, f"hydra.run.dir={name}").code == 0
    one, other = (json.loads(Path(name, "metrics.json").read_text()) for name in "ab")
    for changing in ("seconds", "job_dir"):
        del one[changing], other[changing]
    assert one == other


def test_flags_that_do_not_go_together_are_one_line(command):
    message = refused(command("--multirun", "--cfg", "job"))
    assert "--multirun" in message
    assert "--cfg" in message

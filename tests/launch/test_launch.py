"""What a job leaves that was trained beside others, and how it ends."""

import json
from pathlib import Path

import pandas as pd
import pytest
from command_line import SMALL, run_command
from fake_source import FakeSource
from hydra.core.utils import JobStatus
from hydra.errors import HydraException
from hydra.experimental.callback import Callback

from dropout_study.cli import train as cli
from dropout_study.errors import TrialPruned, UserError
from dropout_study.paths import JobPaths

GRID = ("model.dropout1=0,0.5", "trainer.epochs=1,3", "data.train_size=100,200")
OWN = ("PopulationLauncher", "BasicLauncher", "population", "basic", "capacity")
"""What lines of ``.hydra`` hold that tell two launchers apart."""


def jobs_of(launcher, *own: str, capacity: int = 4, number: int = 0):
    together = launcher("population", f"hydra.launcher.capacity={capacity}")
    return together.launch([[*SMALL, *each.split()] for each in own], number)


class TestGrid:
    @pytest.fixture
    def grid(self, capfd, monkeypatch, tmp_path):
        """Runs a grid by the command line; its table and its directory."""
        monkeypatch.chdir(tmp_path)

        def run(launcher: str) -> tuple[pd.DataFrame, Path]:
            words = ["--multirun", "hydra/sweeper=basic", f"hydra/launcher={launcher}"]
            words += [*SMALL, *GRID, f"hydra.sweep.dir={launcher}"]
            ended = run_command(cli.main, words, capfd)
            assert ended.code == 0, ended.err
            assert "8 trials (8 COMPLETE)" in ended.out
            return pd.read_csv(Path(launcher) / "results.csv"), Path(launcher)

        return run

    def test_it_is_what_the_basic_launcher_leaves(self, grid):
        (got, here), (want, there) = grid("population"), grid("basic")
        pd.testing.assert_frame_equal(
            got.drop(columns="seconds"), want.drop(columns="seconds"), rtol=1e-4
        )

        def files(root: Path) -> list[Path]:
            return sorted(path.relative_to(root) for path in root.rglob("*"))

        assert files(here) == files(there)
        for path in there.glob("*/.hydra/*.yaml"):
            mine = (here / path.relative_to(there)).read_text()
            for line in set(mine.splitlines()) ^ set(path.read_text().splitlines()):
                assert any(word in line for word in OWN), line


def test_a_job_is_a_hydra_job(launcher):
    (job,) = jobs_of(launcher, "model.dropout1=0.3", number=7)
    assert job.status is JobStatus.COMPLETED
    assert job.return_value["epochs_run"] == 2
    assert job.overrides == [*SMALL, "model.dropout1=0.3"]
    assert job.cfg.model.dropout1 == 0.3
    assert "hydra" not in job.cfg
    assert job.hydra_cfg.hydra.job.num == 7
    assert job.task_name == "trial"
    assert (Path("study") / "7" / ".hydra" / "overrides.yaml").is_file()
    assert (Path("study") / "7" / "dropout_study.log").is_file()


class Recorder(Callback):
    """Notes when Hydra's callbacks are called, and what is on disk by then."""

    seen: list[tuple[object, ...]]

    def on_job_start(self, config, *, task_function, **_):
        paths = JobPaths(Path(config.hydra.runtime.output_dir))
        assert paths.overrides_yaml.is_file()
        assert task_function is cli.task.__wrapped__
        Recorder.seen.append(("start", config.hydra.job.num, paths.history_csv.exists()))

    def on_job_end(self, config, job_return, **_):
        Recorder.seen.append(("end", config.hydra.job.num, job_return.status.name))


def test_callbacks_are_called_as_a_job_begins_and_as_it_ends(launcher):
    Recorder.seen = []
    recorder = f"+hydra.callbacks.recorder._target_={__name__}.Recorder"
    wave = [[*SMALL, f"trainer.epochs={epochs}"] for epochs in (2, 1)]
    wave.append([*SMALL, "model.dropout1=1.5"])
    launcher("population", "hydra.launcher.capacity=3", recorder).launch(wave, 0)
    assert Recorder.seen == [
        ("start", 0, False),
        ("start", 1, False),
        ("start", 2, False),
        ("end", 2, "FAILED"),
        ("end", 1, "COMPLETED"),
        ("end", 0, "COMPLETED"),
    ]


def test_a_job_that_cannot_begin_fails_alone(launcher):
    first, *others = jobs_of(
        launcher, "model.dropout1=1.5", "model.dropout1=0.5", "data._target_=no.such.data"
    )
    with pytest.raises(UserError, match=r"model.dropout1.*must be in \[0, 1\)"):
        _ = first.return_value
    assert [job.status for job in others] == [JobStatus.COMPLETED, JobStatus.FAILED]
    assert json.loads(Path("study/0/metrics.json").read_text())["state"] == "FAIL"


class FullDisk:
    """A tracker that cannot write its second epoch."""

    closed: list[str]

    def __init__(self, job_dir: str) -> None:
        self.job_dir = job_dir

    def __call__(self, metrics) -> bool:
        if metrics["epoch"] == 2:
            raise OSError("no space left")
        return True

    def close(self) -> None:
        FullDisk.closed.append(Path(self.job_dir).name)


def test_a_listener_that_raises_fails_its_own_job(launcher):
    FullDisk.closed = []
    bad, good = jobs_of(launcher, f"+tracker._target_={__name__}.FullDisk", "optimizer.lr=0.1")
    assert "no space left" in str(bad._return_value)
    assert good.status is JobStatus.COMPLETED
    assert FullDisk.closed == ["0"]


def test_the_history_is_on_disk_while_the_others_train(launcher):
    rows = []

    def rule(number, _values):
        rows.append((number, len(Path(f"study/{number}/history.csv").read_text().splitlines())))

    source = FakeSource([[*SMALL, "trainer.epochs=3"]] * 2, rule)
    launcher("population").launch_from(source)
    assert rows == [(0, 2), (1, 2), (0, 3), (1, 3), (0, 4), (1, 4)]


def test_weights_are_kept_as_alone(launcher):
    jobs_of(launcher, "trainer.checkpoint=last", "trainer.checkpoint=best")
    assert all(Path(f"study/{number}/checkpoint.safetensors").is_file() for number in (0, 1))


class TestStopped:
    def test_a_pruned_trial_keeps_what_it_has_reached(self, launcher):
        def rule(number, values):
            return not (number == 0 and len(values) == 2)

        source = FakeSource([[*SMALL, "trainer.epochs=4"]] * 2, rule)
        launcher("population").launch_from(source)
        pruned = source.jobs[0]._return_value
        assert isinstance(pruned, TrialPruned)
        assert pruned.metrics["epochs_run"] == 2
        assert pruned.metrics["val_accuracy"] == source.reports[0][-1]
        assert source.jobs[1].return_value["epochs_run"] == 4

    def test_when_the_study_stops_trials_are_released_and_can_run_again(self, launcher):
        given = [[*SMALL, f"trainer.epochs={epochs}"] for epochs in (2, 3)]
        source = FakeSource(given, stop_after=2)
        launcher("population").launch_from(source)
        assert source.released == [1]
        assert list(source.jobs) == [0], "a trial that has finished anyway is told"
        assert not Path("study/1/metrics.json").exists()
        assert Path("study/1/.hydra/overrides.yaml").is_file()
        again = FakeSource(given)
        launcher("population").launch_from(again)
        assert again.jobs[1].status is JobStatus.COMPLETED

    def test_an_interrupt_closes_what_is_open(self, launcher):
        def rule(*_):
            raise KeyboardInterrupt

        FullDisk.closed = []
        tracked = [*SMALL, f"+tracker._target_={__name__}.FullDisk"]
        with pytest.raises(KeyboardInterrupt):
            launcher("population").launch_from(FakeSource([tracked] * 2, rule))
        assert FullDisk.closed == ["0", "1"]
        assert not list(Path("study").glob("*/metrics.json"))


def test_trials_of_different_data_share_the_capacity(launcher):
    sizes = [100, 200, 100, 300, 200, 100, 300, 100]
    source = FakeSource([[*SMALL, f"data.train_size={size}"] for size in sizes])
    launcher("population", "hydra.launcher.capacity=3").launch_from(source)
    assert sorted(source.jobs) == list(range(8))
    assert {job.status for job in source.jobs.values()} == {JobStatus.COMPLETED}
    assert source.most_running == 3


@pytest.mark.parametrize("capacity", ["0", "-3", "many", "true", "1.5"])
def test_a_capacity_that_is_none(launcher, capacity):
    with pytest.raises(HydraException, match=r"hydra.launcher.capacity.*whole number >= 1"):
        launcher("population", f"hydra.launcher.capacity={capacity}")


def test_a_task_without_a_form_is_launched_in_waves_only(launcher):
    assert not hasattr(launcher("population", task=lambda _: 1.0), "launch_from")
    assert hasattr(launcher("population"), "launch_from")


def test_an_application_of_ones_own(launcher):
    """Its jobs return what its task would, and keep its own files."""
    import population_app

    given = [f"+rate={rate} +lr={lr} +val_size=64".split() for rate in (0, 0.5) for lr in (0.1, 1)]
    task = population_app.main.__wrapped__
    jobs = launcher("population", task=task).launch(given, 0)
    for number, job in enumerate(jobs):
        assert job.return_value == pytest.approx(task(job.cfg), abs=2e-3)
        assert Path(f"study/{number}/epoch.txt").read_text() == "2"


class TestStudy:
    """The real sweeper with this launcher."""

    SEARCH = (
        *("--multirun", "hydra/launcher=population", "hydra.sweep.dir=study", *SMALL),
        *("data.contrast=0.6", "trainer.batch_size=24", "model.init_std=null"),
    )
    HALVING = ("search_space.pruner.min_resource=2", "search_space.pruner.reduction_factor=3")

    @pytest.fixture
    def study(self, capfd, monkeypatch, tmp_path):
        """Runs a study; its table."""
        monkeypatch.chdir(tmp_path)

        def run(*words: str) -> pd.DataFrame:
            ended = run_command(cli.main, [*self.SEARCH, *words], capfd)
            assert ended.code == 0, ended.err
            return pd.read_csv("study/results.csv")

        return run

    def test_it_prunes_and_resumes_to_its_total(self, study):
        words = ("trainer.epochs=4", *self.HALVING)
        assert len(study(*words, "hydra.sweeper.n_trials=8")) == 8
        table = study(*words, "hydra.sweeper.n_trials=20")
        assert table["trial"].tolist() == list(range(20))
        assert set(table["state"]) == {"COMPLETE", "PRUNED"}
        assert (table["epochs_run"][table["state"] == "PRUNED"] < 4).all()

    def test_replicates_are_members(self, study):
        words = ("hydra.sweeper.replicates=3", "hydra.sweeper.n_trials=3")
        table = study(*words, "hydra/sweeper/pruner=none")
        assert table["n"].tolist() == [3, 3, 3]
        jobs = [JobPaths(Path(f"study/{t}/replicate_{r}")) for t in range(3) for r in range(3)]
        assert all(job.metrics_json.is_file() for job in jobs)

    def test_a_trial_that_is_pruned_between_replicates_ends(self, study):
        table = study("hydra.sweeper.replicates=3", "hydra.sweeper.n_trials=3", *self.HALVING)
        assert table["state"].isin(["COMPLETE", "PRUNED"]).all()
        assert table["n"].tolist() == [3, 3, 2]

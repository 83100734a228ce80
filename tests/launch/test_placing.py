"""Where trials run if the user does not say, and what the log says of it."""

import pytest
from command_line import SMALL, run_command

from dropout_study.cli.train import main, task
from dropout_study.launch import placing
from dropout_study.launch.placing import place
from dropout_study.paths import StudyPaths
from dropout_study.sweeper.settings import SweepSettings
from dropout_study.task.job_files import JobFiles

DATA = ("data=synthetic", "trainer.device=cpu")
LENET, MINI = ("model=lenet",), "data=fashion_mnist_mini"
MANY = {"sampler": None, "n_trials": 40}


@pytest.fixture(autouse=True)
def one_core(monkeypatch):
    """One core for the one thread that torch has in the tests."""
    monkeypatch.setattr(placing, "cores", lambda: 1)


@pytest.fixture
def placed(compose_config):
    """Returns why trials run in workers, or None for a population."""

    def reason(*overrides: str, also: tuple[str, ...] = (), **settings: object) -> str | None:
        kinds = [(), also] if also else [()]
        candidates = [compose_config(*DATA, *overrides, *each, hydra=True) for each in kinds]
        launch, told = place(
            SweepSettings(**{**MANY, **settings}),  # type: ignore[arg-type]
            candidates,
            config=candidates[0],
            context=None,  # type: ignore[arg-type]
            task_function=task.__wrapped__,
        )
        return told if launch is None else None

    return reason


@pytest.mark.parametrize(
    "overrides",
    [(), ("noise=gaussian",), ("optimizer=adam",), ("trainer.max_norm=2",), ("schedule=linear",)],
)
def test_stacked_networks_of_the_books_size_are_a_population(placed, overrides):
    assert placed(*overrides) is None


@pytest.mark.parametrize(
    ("overrides", "settings", "why"),
    [
        ((), {"trial_timeout": 60.0}, "hydra.sweeper.trial_timeout"),
        ((), {"n_trials": 7}, "of 7 trials, 4 at once would know too few results"),
        (("hydra.job.chdir=true",), {}, "hydra.job.chdir and hydra.job.env_set"),
        (("+hydra.job.env_set.A=b",), {}, "hydra.job.chdir and hydra.job.env_set"),
        (("trainer.precision=bfloat16",), {}, "only in float32"),
        (("+tracker._target_=mine.Log",), {}, "mine.Log is not this project's code"),
        (("trainer.measure=[mine.Norm]",), {}, "mine.Norm is not this project's code"),
        ((*LENET, MINI), {}, "on a CPU only dense networks are stacked"),
        (("noise=concrete",), {}, "on a CPU only dense networks are stacked"),
        (("trainer.r_drop=0.5",), {}, "R-Drop makes two passes"),
        (("optimizer=adam", "+optimizer.amsgrad=true"), {}, "amsgrad"),
        (("model.hidden1=2000", "model.hidden2=2000"), {}, "for up to 500,000 parameters"),
    ],
)
def test_other_trials_run_in_workers_and_the_reason_is_told(placed, overrides, settings, why):
    assert why in placed(*overrides, **settings)


@pytest.mark.parametrize(
    ("also", "why"),
    [
        (LENET, "on a CPU only dense networks are stacked"),
        (("data.val_size=50",), "trials with other data, device or metrics"),
    ],
)
def test_every_choice_of_the_search_counts(placed, also, why):
    assert why in placed(MINI, also=also)


@pytest.mark.parametrize(
    ("cores", "why"),
    [
        (8, "populations were compared with workers on up to 2 cores"),
        (2, "torch may use 1 of 2 cores, and workers use all"),
    ],
)
def test_cores_that_a_population_would_not_use_have_workers(placed, monkeypatch, cores, why):
    monkeypatch.setattr(placing, "cores", lambda: cores)
    assert placed() == why


def test_the_choice_is_logged_and_recorded_and_an_explicit_one_wins(tmp_path, capfd, monkeypatch):
    monkeypatch.chdir(tmp_path)
    sweep = ["--multirun", *SMALL, "search_space.n_trials=8", "trainer.epochs=1"]

    def run(name: str, *words: str) -> tuple[str, str]:
        ended = run_command(main, [*sweep, f"hydra.sweep.dir={name}", *words], capfd)
        assert ended.code == 0, ended.err
        job = JobFiles(StudyPaths(tmp_path / name).job(0))
        return ended.out + ended.err, job.hydra()["hydra"]["launcher"]["_target_"]

    out, launcher = run("chosen")
    assert "trials run in a population: faster than workers for such networks" in out
    assert launcher.endswith("PopulationLauncher")
    out, launcher = run("asked", "hydra/launcher=basic", "search_space.n_trials=1")
    assert "trials run in" not in out
    assert launcher.endswith("BasicLauncher")

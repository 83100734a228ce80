"""Any model and any form of data in a study: trained, confirmed, predicted and rerun alike."""

import shutil
from collections.abc import Iterable
from pathlib import Path

import pandas as pd
import pytest
from command_line import run_command
from forms import ACCEPTED, REFUSED
from PIL import Image
from zoo import ZOO, zoo_data

from dropout_study.cli.train import main
from dropout_study.confirmation.confirm import confirm
from dropout_study.confirmation.runs import train_one_by_one
from dropout_study.task.predict import predict
from dropout_study.task.rerun import rerun_run, rerun_trial

MODELS = ("lazy", "frozen", "shared_dropout", "hooked_dropout", "always_on", "averaging", "lstm")
"""One of every sort: of those that are stacked, those that are not, those with state."""
FORMS = ("array of negative strides", "int64", "bool", "no channel", "float64 array", "data frame")
BAD = ("infinite", "1..K", "a tuple")

WORDS = (
    *("~search_space.params", "search_space.enqueue=[]", "hydra/sweeper/pruner=none"),
    *("hydra/sweeper/sampler=grid", "hydra.sweeper.n_jobs=2", "report=none", "optimizer.lr=0.02"),
    *("trainer.epochs=2", "trainer.batch_size=20", "trainer.device=cpu", "trainer.checkpoint=last"),
)
WAYS = {"workers": "basic", "population": "population"}
LOSSES = ["train_loss", "test_loss"]

pytestmark = pytest.mark.usefixtures("trusted")


@pytest.fixture
def studies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]):
    """Runs a study over the values of a key in every way; their tables, by value."""
    monkeypatch.chdir(tmp_path)

    def run(key: str, values: Iterable[str], *words: str) -> list[pd.DataFrame]:
        values = list(values)
        choice = ",".join(f"'{value}'" for value in values)
        whole = (f"search_space.n_trials={len(values)}", "hydra.sweeper.max_failure_rate=1")
        search = f'hydra.sweeper.params={{{key}: "choice({choice})"}}'
        for name, way in WAYS.items():
            ways = (f"hydra/launcher={way}", f"hydra.sweep.dir={name}")
            ended = run_command(main, ["--multirun", *WORDS, *whole, *words, search, *ways], capfd)
            assert ended.code == 0, ended.err
        text = {"keep_default_na": False, "na_values": [""]}  # one form is called NaN
        tables = (pd.read_csv(f"{name}/results.csv", **text) for name in WAYS)
        return [table.set_index(key.strip("+")).loc[list(values)] for table in tables]

    return run


def assert_equal(one: pd.DataFrame, other: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(*(table[LOSSES] for table in (one, other)), rtol=1e-4)


def assert_repeated(numbers: Iterable[int]) -> None:
    """Repeats trials of each way, and asks that their numbers are the same."""
    for name, number in ((name, number) for name in WAYS for number in numbers):
        (again,) = rerun_trial(Path(name), number)
        assert again.same, (name, number, again.error, again.numbers)


def assert_confirmed(count: int) -> None:
    """Confirms ``count`` trials as populations and one by one, and repeats some of the runs."""
    shutil.copytree("workers", "copy")
    confirm(Path("workers"), top=count, seeds=2)
    confirm(Path("copy"), top=count, seeds=2, train=train_one_by_one)
    tables = [pd.read_csv(f"{name}/confirmation_runs.csv") for name in ("workers", "copy")]
    for table in tables:
        assert set(table["state"]) == {"COMPLETE"}, table["error"]
    assert_equal(
        *(table.set_index(["configuration", "seed"]).assign(val_loss=0) for table in tables)
    )
    for run in sorted(Path("workers").glob("confirmation/*/*"))[::3]:
        assert rerun_run(run).same


@pytest.mark.parametrize(
    "kinds", [MODELS, pytest.param(tuple(ZOO), marks=pytest.mark.slow)], ids=len
)
def test_a_model_has_the_same_numbers_in_every_way(studies, kinds: tuple[str, ...]) -> None:
    data = ("data=custom", "data._target_=zoo.zoo_data")
    workers, population = studies(
        "+model.kind", kinds, *data, "model=custom", "model._target_=zoo.zoo_net"
    )
    assert set(workers["state"]) == {"COMPLETE"}, workers["error"].dropna().to_dict()
    assert_equal(workers, population)
    assert_repeated(workers["trial"])
    Image.fromarray(zoo_data().test.images[0, 0].numpy()).save("image.png")
    numbers = workers["trial"]
    assert (population["trial"] == numbers).all()
    for kind in kinds:
        one, other = (shares(Path(name, str(numbers[kind]))) for name in WAYS)
        assert one == pytest.approx(other, abs=1e-3), kind
    assert_confirmed(len(kinds))


def shares(job: Path) -> list[float]:
    """Returns the probability of each class of the image."""
    (guesses,) = predict(job, [Path("image.png")])
    return [guess.probability for guess in sorted(guesses, key=lambda guess: guess.label)]


@pytest.mark.parametrize(
    ("forms", "refused"),
    [(FORMS, BAD), pytest.param(tuple(ACCEPTED), tuple(REFUSED), marks=pytest.mark.slow)],
    ids=["few", "all"],
)
def test_a_form_of_data_is_the_same_in_every_way(
    studies, forms: tuple[str, ...], refused: tuple[str, ...]
) -> None:
    small = ("model=mlp", "model.hidden1=4", "model.hidden2=4", "model.init_std=null")
    data = ("data=custom", "data._target_=forms.form_data")
    workers, population = studies("+data.form", (*forms, *refused), *data, *small)
    for table in (workers, population):
        assert set(table["state"][list(forms)]) == {"COMPLETE"}, table["error"]
        assert set(table["state"][list(refused)]) == {"FAIL"}
        for form in refused:
            _, rule, way_out = REFUSED[form]
            assert rule in table["error"][form]
            assert way_out in table["error"][form]
    assert_equal(workers, population)
    assert_repeated(workers["trial"][list(forms)])
    assert_confirmed(len(forms))

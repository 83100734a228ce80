"""Every page of ``conf/noise``: alone, in a population, again, predicted; and what is refused."""

import logging
import shlex
from pathlib import Path

import pytest
import torch
from omegaconf import DictConfig, OmegaConf
from PIL import Image
from trials import prepare_trial

from dropout_study.config.check import check_config
from dropout_study.noise import Noise
from dropout_study.paths import JobPaths, conf_dir
from dropout_study.task.job_files import JobFiles
from dropout_study.task.predict import predict
from dropout_study.task.trial import open_trial
from dropout_study.training.population import Member, Plan, train_population
from dropout_study.trial import Metrics

PAGES = sorted(path for path in (conf_dir() / "noise").glob("*.yaml") if path.stem != "custom")
FEW = (
    *("data=synthetic", "data.shape=[1,20,20]", "data.n_train=150", "data.val_size=20"),
    *("data.n_test=30", "optimizer=adam", "optimizer.lr=0.002", "trainer.device=cpu"),
    *("trainer.epochs=2", "trainer.batch_size=50", "trainer.checkpoint=last"),
)
PLANS = {"stacked": Plan(), "modules": Plan(vmap=False, bucket_size=2, threads=2)}
every_page = pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)


def overrides_of(page: Path, *changed: str) -> list[str]:
    """The command of the page's first line, with little data and small layers."""
    _, *given = shlex.split(page.read_text().splitlines()[0].removeprefix("# "))
    lenet = any(word == "model=lenet" for word in given)
    small = [] if lenet else ["model.hidden1=16", "model.hidden2=12"]
    stable = [] if lenet or page.stem == "alpha" else ["model.init_std=0.1"]
    return [*FEW, *small, *stable, *given, *changed]


def other_rate(page: Path) -> str:
    lenet = "model=lenet" in page.read_text()
    return "model.conv_dropout=0.05" if lenet else "model.dropout1=0.6"


def untimed(rows: list[Metrics]) -> list[Metrics]:
    return [{name: row[name] for name in row if name != "seconds"} for row in rows]


def curve(config: DictConfig) -> list[Metrics]:
    rows: list[Metrics] = []
    prepare_trial(config).train(lambda row: rows.append(row) or True)
    return untimed(rows)


@every_page
@pytest.mark.parametrize("plan", PLANS)
def test_members_of_different_rates_are_as_alone(page, plan, compose_config, caplog):
    configs = [compose_config(*overrides_of(page, *more)) for more in ([], [other_rate(page)])]
    trials = [prepare_trial(config) for config in configs]
    members = [Member(i, t.model, t.optimizer, t.settings) for i, t in enumerate(trials)]
    with caplog.at_level(logging.INFO):
        results = train_population(members, trials[0].splits, plan=PLANS[plan])
    lines = [r.getMessage() for r in caplog.records if "one by one" in r.getMessage()]
    alone = page.stem == "concrete"
    assert len(lines) == alone
    assert all("it learns its rate" in line for line in lines)
    assert not [r for r in caplog.records if r.levelno > logging.INFO]
    for number, config in enumerate(configs):
        for got, want in zip(results[number].history, curve(config), strict=True):
            rates = [name for name in want if name.startswith("rate_")]
            for name in ("train_loss", "val_loss", "test_loss", *rates):
                assert got[name] == pytest.approx(want[name], rel=1e-4, abs=1e-6), name


@every_page
def test_a_trial_again_is_the_same_and_its_images_are_predicted(page, compose_config, tmp_path):
    config = compose_config(*overrides_of(page))
    paths = JobPaths(tmp_path)
    paths.config_yaml.parent.mkdir(parents=True)
    OmegaConf.save(config, paths.config_yaml)
    rows: list[Metrics] = []
    with open_trial(config, tmp_path) as trial:
        trial.train(lambda row: rows.append(row) or True)
    assert curve(config) == untimed(rows)

    rates = JobFiles(paths).provenance()["rates"]
    assert None not in rates.values()
    assert {f"rate_{name}" for name in rates} <= set(rows[0])
    assert any(rates.values()) == (page.stem != "none")

    image = tmp_path / "image.png"
    Image.fromarray(trial.splits.test.images[0, 0].numpy()).save(image)
    (guesses,) = predict(tmp_path, [image], samples=5)
    assert (guesses[0].sd > 0) == (page.stem != "none")


@every_page
def test_draws_do_not_depend_on_rates(page, compose_config, monkeypatch):
    drawn: list[tuple] = []
    draw = Noise.draw

    def noted(self: Noise, *args: object, **kwargs: object) -> torch.Tensor:
        result = draw(self, *args, **kwargs)
        drawn.append((self._position, args, result))
        return result

    monkeypatch.setattr(Noise, "draw", noted)
    seen = []
    for more in ([], [other_rate(page)]):
        drawn.clear()
        curve(compose_config(*overrides_of(page, "trainer.epochs=1", *more)))
        seen.append(list(drawn))
    assert bool(seen[0]) == (page.stem != "none")
    assert [(place, args) for place, args, _ in seen[0]] == [(p, args) for p, args, _ in seen[1]]
    assert all(torch.equal(a[2], b[2]) for a, b in zip(*seen, strict=True))


@pytest.mark.parametrize(
    ("overrides", "told_is"),
    [
        ("noise=gaussian model.dropout1=1", "`model.dropout1` must be in [0, 1), got 1.0"),
        ("noise=standout noise.alpha=-1", "`noise.alpha` must be a finite number >= 0"),
        ("noise=concrete noise.temperature=0", "`noise.temperature` must be a finite number > 0"),
        ("noise=dropblock noise.block_size=0", "`noise.block_size` must be a finite number >= 1"),
        ("noise=dropconnect noise.inference=mean", "must be one of moments, weights"),
        ("noise=gaussian +noise.sigma=1", "`noise.sigma` is no key of"),
        ("model.activation=rely", "`model.activation` must be one of relu, selu"),
        ("model.init_std=lekun", "must be a number, lecun or null"),
    ],
)
def test_a_key_out_of_range_is_refused_with_the_configuration(
    overrides, told_is, compose_config, told
):
    assert told_is in told(check_config, compose_config(*overrides.split()))


@pytest.mark.parametrize(
    ("overrides", "told_is"),
    [
        ("noise=alpha", "noise=alpha needs SELU units, got ReLU"),
        ("noise=concrete schedule=linear", "learns its rate, so no schedule can set it"),
        ("noise=dropconnect model.input_dropout=0.1", "needs a dense layer and its activation"),
        ("noise=dropconnect model.activation=tanh", "has a formula for ReLU alone, got Tanh"),
        ("noise=dropblock", "noise=dropblock needs feature maps"),
        (
            "model=lenet noise=dropblock noise.block_size=4 model.conv_dropout=0.1 "
            "model.dropout1=0 model.dropout2=0",
            "`noise.block_size` must be at most the side of a feature map, got 4 for a map of 3 x",
        ),
        ("model=lenet noise=concrete model.conv_dropout=0.1", "needs a dense layer behind it"),
    ],
)
def test_what_does_not_fit_the_model_is_refused(overrides, told_is, compose_config, told, tmp_path):
    config = compose_config("data=synthetic", "data.shape=[1,20,20]", *overrides.split())

    def run() -> None:
        with open_trial(config, tmp_path):
            pytest.fail("it was opened")

    assert told_is in told(run)
    assert not list(tmp_path.iterdir())

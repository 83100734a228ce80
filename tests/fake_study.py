"""Studies made of files alone, as a sweep would have left them."""

import json
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import yaml
from omegaconf import DictConfig, OmegaConf

from dropout_study.paths import StudyPaths, conf_dir
from dropout_study.trial import Metrics, trial_metrics

Params = dict[str, Any]
BOOK = {"model.dropout1": 0.2, "model.dropout2": 0.5, "optimizer.lr": 0.5, "trainer.epochs": 6}
NONE = {**BOOK, "model.dropout1": 0.0, "model.dropout2": 0.0}
CONFIG = {
    "model": {"dropout1": 0.2, "dropout2": 0.5, "input_dropout": 0.0},
    "data": {"split_seed": 0},
    "trainer": {"epochs": 6, "seed": 0},
    "search_space": {"params": {"optimizer.lr": "tag(log, interval(0.01, 1))"}},
    "hydra": {
        "sweeper": {"direction": "maximize", "sampler": {"seed": 0}, "params": "${search_space}"},
        "overrides": {"task": ["experiment=quickstart"], "hydra": ["hydra.mode=MULTIRUN"]},
    },
}
TEST_IMAGES = 1000


def sampled(number: int) -> Params:
    """Returns the params of a trial as a search would draw them."""
    draw = random.Random(number)
    return {
        "model.dropout1": draw.uniform(0, 0.8),
        "model.dropout2": draw.uniform(0, 0.8),
        "optimizer.lr": 10 ** draw.uniform(-2, 0),
        "trainer.epochs": draw.randint(3, 6),
    }


def write_study(
    root: Path,
    states: Sequence[str] = ("COMPLETE",) * 12,
    params: Callable[[int], Params] = sampled,
    config: dict[str, Any] | None = CONFIG,
    seeds: Callable[[int], int] = lambda _: 0,
    record: dict[str, Any] | None = None,
) -> Path:
    """Writes a study of ``len(states)`` trials; trials 0 and 1 are the book's and without dropout.

    Args:
        root: the study's directory.
        states: of each trial; RUNNING has no metrics.json, FAIL an error.
        params: of each trial; of ``sampled`` the first two are replaced.
        config: of multirun.yaml; None for no file.
        seeds: of each trial.
        record: entries that every metrics.json gets beside its own.
    """
    paths = StudyPaths(root)
    root.mkdir(parents=True, exist_ok=True)
    if config is not None:
        paths.multirun_yaml.write_text(yaml.safe_dump(config))
    for number, state in enumerate(states):
        first = {0: BOOK, 1: NONE}.get(number) if params is sampled else None
        given = first or params(number)
        write_trial(root, number, state, given, seeds(number), record or {})
        model = (config or CONFIG).get("model")
        fixed = model if isinstance(model, dict) else {}
        write_rates(root, number, {**fixed, **_model(given)})
    return root


def _model(params: Params) -> Params:
    return {k.partition(".")[2]: v for k, v in params.items() if k.startswith("model.")}


def write_rates(root: Path, number: int, model: Params) -> None:
    """Records the settings of ``model`` that hold a rate as the layers' rates."""
    job = StudyPaths(root).job(number)
    facts = json.loads(job.provenance_json.read_text())
    rates = {f"net.{name}": rate for name, rate in model.items() if "dropout" in name}
    job.provenance_json.write_text(json.dumps({**facts, "rates": rates}))


def write_trial(
    root: Path, number: int, state: str, params: Params, seed: int, more: dict[str, Any]
) -> None:
    """Writes the directory of one trial."""
    job = StudyPaths(root).job(number)
    job.overrides_yaml.parent.mkdir(parents=True)
    job.overrides_yaml.write_text(yaml.safe_dump([f"{k}={v}" for k, v in params.items()]))
    epochs = 2 if state in ("PRUNED", "RUNNING") else int(params.get("trainer.epochs", 6))
    history = curve(number, epochs, seed)
    rows = [",".join(map(str, row.values())) for row in history]
    job.history_csv.write_text("\n".join([",".join(history[0]), *rows, ""]))
    facts = {"train": 5000, "val": 1000, "test": TEST_IMAGES, "sha256": "abc"}
    facts |= {"classes": 10, "in_shape": [1, 28, 28]}
    provenance = {"packages": {"torch": "2"}, "python": "3", "data": facts, "commit": "f00"}
    job.provenance_json.write_text(json.dumps(provenance))
    if state == "RUNNING":
        return
    row = {"trial": number, "state": state, **trial_metrics(history, seed=seed)}
    if state == "FAIL":
        row = {"trial": number, "state": state, "value": None, "seed": seed}
    names_of = {"model": "mlp", "data": "fashion_mnist_mini", "optimizer": "sgd"}
    error = "loss not finite" if state == "FAIL" else ""
    row |= {**params, **names_of, "job_dir": str(number), "error": error, **more}
    job.metrics_json.write_text(json.dumps(row))


def curve(number: int, epochs: int, seed: int) -> list[Metrics]:
    """Returns a learning curve whose end differs between trials and, a little, between seeds."""
    draw = random.Random(f"{number},{seed}")
    end = 0.75 + 0.1 * draw.random()
    return [
        {
            "epoch": epoch,
            "train_loss": 1 / epoch,
            "train_accuracy": end - 0.1 / epoch,
            "val_loss": 1.1 / epoch,
            "val_accuracy": round(end - 0.2 / epoch, 3),
            "test_loss": 1.2 / epoch,
            "test_accuracy": round(end - 0.21 / epoch, 3),
            "seconds": 0.5,
        }
        for epoch in range(1, epochs + 1)
    ]


def synthetic_config() -> DictConfig:
    """Returns the configuration of the book's network on synthetic images, as in ``conf/``."""
    groups = {"model": "mlp", "noise": "dropout", "data": "synthetic"}
    groups |= {"optimizer": "sgd", "trainer": "default"}
    return OmegaConf.create(
        {g: OmegaConf.load(conf_dir() / g / f"{name}.yaml") for g, name in groups.items()}
    )


TRAINABLE = {"model.dropout1": 0.1, "model.dropout2": 0.3, "optimizer.lr": 0.1}


def trainable(root: Path) -> Path:
    """Writes a study of two trials whose configurations can be trained in milliseconds."""
    write_study(root, ["COMPLETE"] * 2, params=lambda n: {**TRAINABLE, "model.hidden1": 4 + n})
    for number, job in StudyPaths(root).jobs():
        config = synthetic_config()
        OmegaConf.update(config, "trainer.epochs", 1)
        OmegaConf.update(config, "trainer.device", "cpu")
        OmegaConf.update(config, "model.hidden1", 4 + number)
        OmegaConf.save(config, job.config_yaml)
    return root

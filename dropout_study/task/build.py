"""Builds the parts of a trial (data, network, optimizer, metrics, ...), each from its group."""

import os
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Protocol, cast

import torch
from omegaconf import DictConfig, OmegaConf
from torch import nn
from torch.optim.lr_scheduler import LRScheduler, ReduceLROnPlateau

from dropout_study.config.instantiate import instantiate
from dropout_study.data import Splits, accepted_splits
from dropout_study.errors import UserError
from dropout_study.models.lazy import initialize_lazy_layers
from dropout_study.noise.known import check_rates
from dropout_study.noise.schedules import Schedule
from dropout_study.randomness import draw_key
from dropout_study.task.provenance import data_facts, source_commit
from dropout_study.training import TrainSettings, resolve_device
from dropout_study.training.eager import leave_compiler_unloaded
from dropout_study.training.generators import kept_generators, seed_generators
from dropout_study.training.lr import MakeScheduler
from dropout_study.training.measures.base import Measure, MeasureTypes
from dropout_study.training.metrics import LOSS, Metric, MetricTypes
from dropout_study.trial import SET, SPLITS

ACCURACY = "dropout_study.training.metrics.Accuracy"
MEASURES = "dropout_study.training.measures"


def preload(config: DictConfig) -> None:
    """Reads the data before worker processes are forked, so that they share it.

    They also share its checksum, and the commit.
    On an accelerator each worker reads its own: a process that has used CUDA cannot be forked.
    """
    device = device_before_fork(config)
    if device.type == "cpu":
        data_facts(load_splits(OmegaConf.to_yaml(config.data, resolve=True), device))
    source_commit()


def device_before_fork(config: DictConfig) -> torch.device:
    """Returns the device of a trial, in a process that is to be forked and so must not use it."""
    os.environ.setdefault("PYTORCH_NVML_BASED_CUDA_CHECK", "1")  # asks for CUDA without using it
    torch.set_num_threads(1)  # a process with threads cannot be forked either
    return resolve_device(config.trainer.device)


def train_settings(config: DictConfig) -> TrainSettings:
    """Returns the settings of the training loop."""
    return TrainSettings(
        epochs=config.trainer.epochs,
        batch_size=config.trainer.batch_size,
        bfloat16=config.trainer.precision == "bfloat16",
        seed=config.trainer.seed,
        schedule=build_schedule(config),
        lr_schedule=lr_schedule(config),
        measures=measure_types(config),
        max_norm=config.trainer.get("max_norm"),
        label_smoothing=config.trainer.get("label_smoothing", 0.0),
        r_drop=config.trainer.get("r_drop", 0.0),
    )


def lr_schedule(config: DictConfig) -> MakeScheduler | None:
    """Returns a function that makes the scheduler of ``lr_schedule``; None for a constant rate.

    An argument that is null gets the trial's number of epochs.
    """
    given = config.get("lr_schedule")
    if not given:
        return None
    node = {key: config.trainer.epochs if value is None else value for key, value in given.items()}

    def make(optimizer: torch.optim.Optimizer) -> LRScheduler:
        scheduler = _build("lr_schedule", OmegaConf.create(node), optimizer)
        if not isinstance(scheduler, LRScheduler) or isinstance(scheduler, ReduceLROnPlateau):
            raise UserError(
                "`lr_schedule._target_` must return a scheduler of torch.optim.lr_scheduler that "
                f"is stepped without a measurement, got {type(scheduler).__name__}"
            )
        return scheduler

    return make


def build_schedule(config: DictConfig) -> Schedule | None:
    """Returns the schedule of the noise layers' rates; None for constant ones.

    Raises:
        UserError: the schedule cannot be built, or is not callable.
    """
    if not config.get("schedule"):
        return None
    schedule = _build("schedule", config.schedule)
    if not callable(schedule):
        raise UserError(
            "`schedule._target_` must return a callable (p, epoch, epochs) -> rate, got "
            f"{type(schedule).__name__}"
        )
    return cast("Schedule", schedule)


@lru_cache(maxsize=1)
def load_splits(data_yaml: str, device: torch.device) -> Splits:
    """Returns the data on ``device``; trials of one process with the same data read it once."""
    splits = _build("data", OmegaConf.create(data_yaml))
    if not isinstance(splits, Splits):
        raise UserError(
            f"`data._target_` must return dropout_study.data.Splits, got {type(splits).__name__}; "
            "see make_splits"
        )
    return accepted_splits(splits).to(device)


def metric_types(config: DictConfig) -> MetricTypes:
    """Returns the metrics: the loss, and those in ``trainer.metrics``.

    Raises:
        UserError: an entry is not a ``Metric``.
    """
    named = config.trainer.get("metrics", {"accuracy": {"_target_": ACCURACY}}) or {}
    types: dict[str, Callable[[], Metric]] = dict(LOSS)
    for name, node in named.items():
        make = instantiate(node, _partial_=True, _convert_="all")
        if not isinstance(metric := _called(f"trainer.metrics.{name}", make), Metric):
            raise UserError(
                f"`trainer.metrics.{name}._target_` must be a dropout_study.training.metrics."
                f"Metric, got {type(metric).__name__}"
            )
        types[str(name)] = make
    return types


def measure_types(config: DictConfig) -> MeasureTypes:
    """Returns what is measured of the network after every epoch: ``trainer.measure``.

    A measure's name is that of its class, in small letters: ``weight_distance``.

    Raises:
        UserError: an entry is no ``Measure``, or cannot have its name.
    """
    types: dict[str, Callable[[], Measure]] = {}
    for entry in config.trainer.get("measure") or ():
        node = {"_target_": entry} if isinstance(entry, str) else dict(entry)
        target = str(node["_target_"])
        if "." not in target:
            node["_target_"] = f"{MEASURES}.{''.join(map(str.title, target.split('_')))}"
        make = instantiate(OmegaConf.create(node), _partial_=True, _convert_="all")
        if not isinstance(measure := _called("trainer.measure", make), Measure):
            raise UserError(
                f"`trainer.measure` names {target}, which must be a {MEASURES}.Measure, got "
                f"{type(measure).__name__}"
            )
        name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", type(measure).__name__).lower()
        if name in types or name.partition("_")[0] in (*SPLITS, *SET, "rate", "value"):
            why = "two have it" if name in types else "other columns begin with it"
            raise UserError(f"`trainer.measure` cannot have the name `{name}`: {why}")
        types[name] = make
    return types


def _build(group: str, config: Any, *args: Any, **kwargs: Any) -> Any:
    """Calls the target of ``config``; turns an invalid argument into a ``UserError``."""
    return _called(group, instantiate(config, _partial_=True, _convert_="all"), *args, **kwargs)


def _called(group: str, make: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    try:
        return make(*args, **kwargs)
    except (TypeError, ValueError) as error:
        raise UserError(f"`{group}` cannot be built: {error}") from error


class ImageFacts(Protocol):
    """The facts about its data that a network needs; ``Splits`` have them."""

    @property
    def in_shape(self) -> tuple[int, ...]:
        """The shape of one image: (C, H, W)."""

    @property
    def classes(self) -> int:
        """K, the number of classes."""


def build_model(config: DictConfig, data: ImageFacts) -> nn.Module:
    """Returns the network with its initial weights, which are a function of the seed.

    If ``in_shape`` or ``classes`` is null in the config, the network gets the data's.
    """
    facts = {"in_shape": data.in_shape, "classes": data.classes}
    unset = {key: fact for key, fact in facts.items() if config.model.get(key, fact) is None}
    with kept_generators(torch.device("cpu")):
        seed_generators(draw_key(config.trainer.seed, "init"))
        model = _build("model", config.model, **unset)
        if not isinstance(model, nn.Module):
            raise UserError(
                f"`model._target_` must return an nn.Module, got {type(model).__name__}"
            )
        check_rates(model)
        initialize_lazy_layers(model, data.in_shape)
    return model


def build_optimizer(config: DictConfig, model: nn.Module) -> torch.optim.Optimizer:
    """Returns the optimizer of the model's parameters."""
    leave_compiler_unloaded()
    optimizer = _build("optimizer", config.optimizer, model.parameters())
    if not isinstance(optimizer, torch.optim.Optimizer):
        raise UserError(
            f"`optimizer._target_` must return a torch Optimizer, got {type(optimizer).__name__}"
        )
    return optimizer

"""Types and ranges of the config keys. Values, units and effects stand in ``conf/``.

``config.check`` compares a composed configuration with the schema of its ``_target_``, before
anything heavy is imported. A class of the user's own has no schema: its constructor checks its
arguments. (The schemas are not in Hydra's ConfigStore: each would make ``--help`` 50 ms slower.)
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from omegaconf import MISSING

from dropout_study.checks import (
    check_at_least,
    check_fraction,
    check_one_of,
    check_positive,
    check_rate,
    check_share,
)
from dropout_study.errors import argument_error
from dropout_study.trial import Summary

Check = Callable[..., Any]
PRECISIONS = ("float32", "tf32", "bfloat16")
CHECKPOINTS = ("none", "last", "best")


def check_summary(name: str, value: str) -> None:
    """Raises unless ``value`` says from which epochs a trial's numbers are taken."""
    Summary.parse(name, value)


def check_metrics(name: str, value: dict[str, Any]) -> None:
    """Raises unless each entry names the class of a metric."""
    for key, node in value.items():
        if not key.isidentifier() or key in ("loss", "epoch", "seconds"):
            raise argument_error(name, key, "has names of metrics; give it another name than")
        if not isinstance(node, dict) or "_target_" not in node:
            raise argument_error(f"{name}.{key}", node, "must name a class by `_target_`")


def checked(check: Check, **bounds: Any) -> Any:
    """Returns a field whose value must pass ``check(name, value, **bounds)`` unless it is None."""
    return field(default=MISSING, metadata={"check": partial(check, **bounds)})


def check_betas(name: str, value: list[float]) -> None:
    """Raises unless ``value`` is two coefficients in [0, 1)."""
    if len(value) != 2:
        raise argument_error(name, value, "must be two numbers in [0, 1)")
    for beta in value:
        check_fraction(name, beta)


def check_widths(name: str, value: list[int]) -> None:
    """Raises unless every layer has at least one unit."""
    for width in value:
        check_at_least(name, width, low=1)


def check_shape(name: str, value: list[int]) -> None:
    """Raises unless ``value`` is the [C, H, W] of an image."""
    if len(value) != 3:
        raise argument_error(name, value, "must be three numbers, [C, H, W]")
    check_widths(name, value)


rate = partial(checked, check_rate)
positive = partial(checked, check_positive)
fraction = partial(checked, check_fraction)
at_least = partial(checked, check_at_least)


@dataclass
class ModelConf:
    """What every model of this package takes."""

    _target_: str = MISSING
    in_shape: list[int] | None = None
    classes: int | None = None


@dataclass
class MLPConf(ModelConf):
    """Of ``model=mlp``."""

    hidden1: int = at_least(low=1)
    hidden2: int = at_least(low=1)
    input_dropout: float = rate()
    dropout1: float = rate()
    dropout2: float = rate()
    init_std: float | None = at_least(low=0)
    noise: Any = None


@dataclass
class DeepMLPConf(ModelConf):
    """Of ``model=mlp_deep``."""

    widths: list[int] = checked(check_widths)
    dropout: float = rate()
    init_std: float | None = at_least(low=0)
    noise: Any = None


@dataclass
class LeNetConf(ModelConf):
    """Of ``model=lenet``."""

    dropout1: float = rate()
    dropout2: float = rate()
    noise: Any = None


@dataclass
class LinearConf(ModelConf):
    """Of ``model=linear``."""

    init_std: float | None = at_least(low=0)


@dataclass
class OptimizerConf:
    """What every optimizer takes."""

    _target_: str = MISSING
    lr: float = positive()
    weight_decay: float = at_least(low=0)


@dataclass
class SGDConf(OptimizerConf):
    """Of ``optimizer=sgd``."""

    momentum: float = fraction()
    nesterov: bool = False


@dataclass
class AdamConf(OptimizerConf):
    """Of ``optimizer=adam`` and ``optimizer=adamw``."""

    betas: list[float] = checked(check_betas)
    eps: float = positive()


@dataclass
class RMSpropConf(OptimizerConf):
    """Of ``optimizer=rmsprop``."""

    alpha: float = fraction()
    eps: float = positive()
    momentum: float = fraction()


@dataclass
class CosineConf:
    """Of ``lr_schedule=cosine``."""

    _target_: str = MISSING
    T_max: int | None = at_least(low=1)
    eta_min: float = at_least(low=0)


@dataclass
class LinearRateConf:
    """Of ``lr_schedule=linear``."""

    _target_: str = MISSING
    start_factor: float = positive()
    end_factor: float = at_least(low=0)
    total_iters: int | None = at_least(low=1)


@dataclass
class StepConf:
    """Of ``lr_schedule=step``."""

    _target_: str = MISSING
    step_size: int = at_least(low=1)
    gamma: float = positive()


@dataclass
class ExponentialConf:
    """Of ``lr_schedule=exponential``."""

    _target_: str = MISSING
    gamma: float = positive()


@dataclass
class CutConf:
    """Of data whose training examples are cut; upper bounds are known once the data is."""

    _target_: str = MISSING
    val_size: int = at_least(low=0)
    train_size: int | None = at_least(low=1)
    split_seed: int = 0


@dataclass
class ImageSetConf(CutConf):
    """Of data sets that are read from files."""

    root: str | None = None


@dataclass
class SyntheticConf(CutConf):
    """Of ``data=synthetic``."""

    shape: list[int] = checked(check_shape)
    classes: int = at_least(low=1)
    n_train: int = at_least(low=1)
    n_test: int = at_least(low=1)
    contrast: float = checked(check_share)


@dataclass
class TrainerConf:
    """Of ``trainer``."""

    epochs: int = at_least(low=1)
    batch_size: int = at_least(low=1)
    device: str = "auto"
    precision: str = checked(check_one_of, options=PRECISIONS)
    seed: int = 0
    objective: str = field(default="last", metadata={"check": check_summary})
    metrics: dict[str, Any] = field(default_factory=dict, metadata={"check": check_metrics})
    checkpoint: str = field(  # has a value: configurations of older studies lack the key
        default="none", metadata={"check": partial(check_one_of, options=CHECKPOINTS)}
    )


@dataclass
class SearchSpaceConf:
    """Of ``search_space``: what a sweep searches and where it begins."""

    study_name: str = MISSING
    n_trials: int = at_least(low=1)
    params: dict[str, Any] = field(default_factory=dict)
    enqueue: list[dict[str, Any]] = field(default_factory=list)
    pruner: dict[str, Any] | None = None


TARGETS: dict[str, type] = {
    "dropout_study.models.MLP": MLPConf,
    "dropout_study.models.DeepMLP": DeepMLPConf,
    "dropout_study.models.LeNet": LeNetConf,
    "dropout_study.models.SoftmaxRegression": LinearConf,
    "torch.optim.SGD": SGDConf,
    "torch.optim.Adam": AdamConf,
    "torch.optim.AdamW": AdamConf,
    "torch.optim.RMSprop": RMSpropConf,
    "torch.optim.lr_scheduler.CosineAnnealingLR": CosineConf,
    "torch.optim.lr_scheduler.LinearLR": LinearRateConf,
    "torch.optim.lr_scheduler.StepLR": StepConf,
    "torch.optim.lr_scheduler.ExponentialLR": ExponentialConf,
    "dropout_study.data.fashion_mnist": ImageSetConf,
    "dropout_study.data.mnist": ImageSetConf,
    "dropout_study.data.kmnist": ImageSetConf,
    "dropout_study.data.cifar10": ImageSetConf,
    "dropout_study.data.fashion_mnist_mini": CutConf,
    "dropout_study.data.synthetic": SyntheticConf,
}
GROUPS: dict[str, type] = {"trainer": TrainerConf, "search_space": SearchSpaceConf}

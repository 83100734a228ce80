"""Types and ranges of the config keys. ``conf/`` has their values, units and effects.

``config.check`` compares a composed configuration with the schema of its ``_target_``, before
anything heavy is imported. A user's own class has no schema: its constructor checks its arguments.
(The schemas are not in Hydra's ConfigStore: each would make ``--help`` 50 ms slower.)
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from omegaconf import MISSING

from dropout_study.checks import check_at_least, check_one_of, check_share
from dropout_study.config.noise_schema import NOISE
from dropout_study.config.ranges import (
    at_least,
    check_betas,
    check_layer_rates,
    check_measures,
    check_metrics,
    check_shape,
    check_summary,
    check_widths,
    checked,
    fraction,
    positive,
    rate,
)
from dropout_study.config.schedule_schema import SCHEDULES
from dropout_study.errors import argument_error
from dropout_study.profiles import PROFILES, layer_rates

PRECISIONS = ("float32", "tf32", "bfloat16")
CHECKPOINTS = ("none", "last", "best")
RESUME = ("epochs", "keep", "off")
ACTIVATIONS = ("relu", "selu", "elu", "gelu", "silu", "leaky_relu", "tanh", "sigmoid")

LANGUAGES = ("en", "zh")
REPORT_LANGUAGE = "report.language"
LANGUAGE = {"check": partial(check_one_of, options=LANGUAGES)}
ACTIVATION = {"check": partial(check_one_of, options=ACTIVATIONS)}


def check_init_std(name: str, value: object) -> None:
    """Raises unless ``value`` is a standard deviation, or the name of one."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        if value != "lecun":
            raise argument_error(name, value, "must be a number, lecun or null")
    else:
        check_at_least(name, float(value), low=0)


@dataclass
class ModelConf:
    """Keys of every model of this package."""

    _target_: str = MISSING
    in_shape: list[int] | None = None
    classes: int | None = None


@dataclass
class MLPConf(ModelConf):
    """Keys of ``model=mlp``."""

    hidden1: int = at_least(low=1)
    hidden2: int = at_least(low=1)
    input_dropout: float = rate()
    dropout1: float = rate()
    dropout2: float = rate()
    expected_width: bool = False
    activation: str = field(default="relu", metadata=ACTIVATION)
    init_std: Any = checked(check_init_std)
    noise: Any = None


@dataclass
class DeepMLPConf(ModelConf):
    """Keys of ``model=mlp_deep``."""

    widths: list[int] = checked(check_widths)
    dropout: Any = checked(check_layer_rates)
    profile: str | None = checked(check_one_of, options=PROFILES)
    input_dropout: float | None = rate()
    expected_width: bool = False
    activation: str = field(default="relu", metadata=ACTIVATION)
    init_std: Any = checked(check_init_std)
    noise: Any = None

    @staticmethod
    def check_together(group: str, values: Mapping[str, Any]) -> None:
        """Raises where rates, profile and depth do not suit each other."""
        if {"dropout", "widths"} <= set(values):
            dropout, layers = values["dropout"], len(values["widths"])
            layer_rates(dropout, layers, values.get("profile"), prefix=f"{group}.")


@dataclass
class LeNetConf(ModelConf):
    """Keys of ``model=lenet``."""

    conv_dropout: float = rate()
    dropout1: float = rate()
    dropout2: float = rate()
    noise: Any = None


@dataclass
class LinearConf(ModelConf):
    """Keys of ``model=linear``."""

    init_std: Any = checked(check_init_std)


@dataclass
class OptimizerConf:
    """Keys of every optimizer."""

    _target_: str = MISSING
    lr: float = positive()
    weight_decay: float = at_least(low=0)


@dataclass
class SGDConf(OptimizerConf):
    """Keys of ``optimizer=sgd``."""

    momentum: float = fraction()
    nesterov: bool = False


@dataclass
class AdamConf(OptimizerConf):
    """Keys of ``optimizer=adam`` and ``optimizer=adamw``."""

    betas: list[float] = checked(check_betas)
    eps: float = positive()


@dataclass
class RMSpropConf(OptimizerConf):
    """Keys of ``optimizer=rmsprop``."""

    alpha: float = fraction()
    eps: float = positive()
    momentum: float = fraction()


@dataclass
class CutConf:
    """Keys of data with a validation split; upper bounds are checked when the data is read."""

    _target_: str = MISSING
    val_size: int = at_least(low=0)
    train_size: int | None = at_least(low=1)
    split_seed: int = 0
    label_noise: float = checked(check_share)


@dataclass
class ImageSetConf(CutConf):
    """Keys of data sets that are read from files."""

    root: str | None = None


@dataclass
class SyntheticConf(CutConf):
    """Keys of ``data=synthetic``."""

    shape: list[int] = checked(check_shape)
    classes: int = at_least(low=1)
    n_train: int = at_least(low=1)
    n_test: int = at_least(low=1)
    contrast: float = checked(check_share)


@dataclass
class TrainerConf:
    """Keys of ``trainer``."""

    epochs: int = at_least(low=1)
    batch_size: int = at_least(low=1)
    device: str = "auto"
    precision: str = checked(check_one_of, options=PRECISIONS)
    seed: int = 0
    objective: str = field(default="last", metadata={"check": check_summary})
    metrics: dict[str, Any] = field(default_factory=dict, metadata={"check": check_metrics})
    measure: list[Any] = field(default_factory=list, metadata={"check": check_measures})
    checkpoint: str = field(  # with a default, because configurations of older studies lack the key
        default="none", metadata={"check": partial(check_one_of, options=CHECKPOINTS)}
    )
    resume: str = field(default="off", metadata={"check": partial(check_one_of, options=RESUME)})
    resume_every: int = field(default=1, metadata={"check": partial(check_at_least, low=1)})
    resume_seconds: float = field(default=10.0, metadata={"check": partial(check_at_least, low=0)})
    max_norm: float | None = positive()
    label_smoothing: float = fraction()
    r_drop: float = at_least(low=0)
    patience: int | None = at_least(low=1)


@dataclass
class SearchSpaceConf:
    """Keys of ``search_space``: what a sweep searches and where it begins."""

    study_name: str = MISSING
    n_trials: int = at_least(low=1)
    params: dict[str, Any] = field(default_factory=dict)
    enqueue: list[dict[str, Any]] = field(default_factory=list)
    pruner: dict[str, Any] | None = None


@dataclass
class ReportConf:
    """Keys of ``report``; its option says whether there is one."""

    language: str = field(default="en", metadata=LANGUAGE)


TARGETS: dict[str, type] = {
    **SCHEDULES,
    **NOISE,
    "dropout_study.models.MLP": MLPConf,
    "dropout_study.models.DeepMLP": DeepMLPConf,
    "dropout_study.models.LeNet": LeNetConf,
    "dropout_study.models.SoftmaxRegression": LinearConf,
    "torch.optim.SGD": SGDConf,
    "torch.optim.Adam": AdamConf,
    "torch.optim.AdamW": AdamConf,
    "torch.optim.RMSprop": RMSpropConf,
    "dropout_study.data.fashion_mnist": ImageSetConf,
    "dropout_study.data.mnist": ImageSetConf,
    "dropout_study.data.kmnist": ImageSetConf,
    "dropout_study.data.cifar10": ImageSetConf,
    "dropout_study.data.fashion_mnist_mini": CutConf,
    "dropout_study.data.synthetic": SyntheticConf,
}
GROUPS: dict[str, type] = {
    "trainer": TrainerConf,
    "search_space": SearchSpaceConf,
    "report": ReportConf,
}

"""Types and ranges of the keys of the groups ``schedule`` and ``lr_schedule``."""

from dataclasses import dataclass

from omegaconf import MISSING

from dropout_study.checks import check_share
from dropout_study.config.ranges import at_least, checked, epochs, positive


@dataclass
class LinearScheduleConf:
    """Keys of ``schedule=linear``."""

    _target_: str = MISSING
    start: float = at_least(low=0)
    end: float = at_least(low=0)


@dataclass
class EarlyConf:
    """Keys of ``schedule=early``."""

    _target_: str = MISSING
    off_after: int = epochs(low=1)
    fade: float = checked(check_share)


@dataclass
class LateConf:
    """Keys of ``schedule=late``."""

    _target_: str = MISSING
    on_after: int = epochs(low=0, spare=1)


@dataclass
class CurriculumConf:
    """Keys of ``schedule=curriculum``."""

    _target_: str = MISSING
    gamma: float | None = positive()


@dataclass
class AnnealedConf:
    """Keys of ``schedule=annealed``."""

    _target_: str = MISSING
    off_after: int | None = epochs(low=1)


@dataclass
class CyclicConf:
    """Keys of ``schedule=cyclic``."""

    _target_: str = MISSING
    period: int = epochs(low=2)
    low: float = checked(check_share)


@dataclass
class CosineConf:
    """Keys of ``lr_schedule=cosine``."""

    _target_: str = MISSING
    T_max: int | None = at_least(low=1)
    eta_min: float = at_least(low=0)


@dataclass
class LinearRateConf:
    """Keys of ``lr_schedule=linear``."""

    _target_: str = MISSING
    start_factor: float = positive()
    end_factor: float = at_least(low=0)
    total_iters: int | None = at_least(low=1)


@dataclass
class StepConf:
    """Keys of ``lr_schedule=step``."""

    _target_: str = MISSING
    step_size: int = at_least(low=1)
    gamma: float = positive()


@dataclass
class ExponentialConf:
    """Keys of ``lr_schedule=exponential``."""

    _target_: str = MISSING
    gamma: float = positive()


SCHEDULES: dict[str, type] = {
    "dropout_study.noise.LinearSchedule": LinearScheduleConf,
    "dropout_study.noise.EarlySchedule": EarlyConf,
    "dropout_study.noise.LateSchedule": LateConf,
    "dropout_study.noise.CurriculumSchedule": CurriculumConf,
    "dropout_study.noise.AnnealedSchedule": AnnealedConf,
    "dropout_study.noise.CyclicSchedule": CyclicConf,
    "torch.optim.lr_scheduler.CosineAnnealingLR": CosineConf,
    "torch.optim.lr_scheduler.LinearLR": LinearRateConf,
    "torch.optim.lr_scheduler.StepLR": StepConf,
    "torch.optim.lr_scheduler.ExponentialLR": ExponentialConf,
}

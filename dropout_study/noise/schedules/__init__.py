"""Schedules of the rate: a layer's rate as a function of the epoch, one a file.

A schedule is any callable of type ``Schedule``. It is called before the first minibatch of every
epoch.
"""

from dropout_study.noise.schedules.annealed import AnnealedSchedule
from dropout_study.noise.schedules.base import Schedule
from dropout_study.noise.schedules.curriculum import CurriculumSchedule
from dropout_study.noise.schedules.cyclic import CyclicSchedule
from dropout_study.noise.schedules.early import EarlySchedule
from dropout_study.noise.schedules.late import LateSchedule
from dropout_study.noise.schedules.linear import LinearSchedule

__all__ = [
    "AnnealedSchedule",
    "CurriculumSchedule",
    "CyclicSchedule",
    "EarlySchedule",
    "LateSchedule",
    "LinearSchedule",
    "Schedule",
]

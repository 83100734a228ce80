"""Schedules of the rate: a layer's rate as a function of the epoch, one a file.

A schedule is any callable ``(p, epoch, epochs) -> rate``: the layer's own rate, the epoch from 1
on, and how many there are. It is asked before the first minibatch of every epoch.
"""

from collections.abc import Callable

from dropout_study.noise.schedules.linear import LinearSchedule

Schedule = Callable[[float, int, int], float]

__all__ = ["LinearSchedule", "Schedule"]

"""Noise layers, one a file, and schedules of their rate.

``layer`` has the contract. ``source`` makes the random draws. ``attach`` gives a model's layers
their source while it trains. A layer of your own subclasses ``UnitNoise`` or ``NoiseLayer``.
"""

from dropout_study.noise.attach import ModelNoise
from dropout_study.noise.dropout import Dropout
from dropout_study.noise.gaussian import GaussianNoise
from dropout_study.noise.layer import NoiseLayer, UnitNoise
from dropout_study.noise.schedules import (
    AnnealedSchedule,
    CurriculumSchedule,
    CyclicSchedule,
    EarlySchedule,
    LateSchedule,
    LinearSchedule,
    Schedule,
)
from dropout_study.noise.source import LEVELS, Kind, Noise

__all__ = [
    "LEVELS",
    "AnnealedSchedule",
    "CurriculumSchedule",
    "CyclicSchedule",
    "Dropout",
    "EarlySchedule",
    "GaussianNoise",
    "Kind",
    "LateSchedule",
    "LinearSchedule",
    "ModelNoise",
    "Noise",
    "NoiseLayer",
    "Schedule",
    "UnitNoise",
]

"""Noise layers, one a file, and schedules of their rate.

``layer`` has the contract. ``source`` makes the random draws. ``attach`` gives a model's layers
their source while it trains. A layer of your own subclasses ``UnitNoise`` or ``NoiseLayer``.
"""

from dropout_study.noise.alpha import AlphaDropout
from dropout_study.noise.attach import ModelNoise
from dropout_study.noise.concrete import ConcreteDropout
from dropout_study.noise.dense import DenseNoise
from dropout_study.noise.dropblock import DropBlock
from dropout_study.noise.dropconnect import DropConnect
from dropout_study.noise.dropout import Dropout
from dropout_study.noise.gaussian import GaussianNoise
from dropout_study.noise.layer import NoiseLayer, UnitNoise
from dropout_study.noise.none import NoNoise
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
from dropout_study.noise.spatial import SpatialDropout
from dropout_study.noise.standout import Standout
from dropout_study.noise.three_valued import ThreeValuedNoise
from dropout_study.noise.uniform import UniformNoise

__all__ = [
    "LEVELS",
    "AlphaDropout",
    "AnnealedSchedule",
    "ConcreteDropout",
    "CurriculumSchedule",
    "CyclicSchedule",
    "DenseNoise",
    "DropBlock",
    "DropConnect",
    "Dropout",
    "EarlySchedule",
    "GaussianNoise",
    "Kind",
    "LateSchedule",
    "LinearSchedule",
    "ModelNoise",
    "NoNoise",
    "Noise",
    "NoiseLayer",
    "Schedule",
    "SpatialDropout",
    "Standout",
    "ThreeValuedNoise",
    "UniformNoise",
    "UnitNoise",
]

"""Measurements of the network itself after every epoch, one a file; off by default.

A measurement of your own is a class with the contract of ``Measure``, named in the configuration:
``trainer.measure=[my_module.MyMeasure]``. One in a file of this package is named by its file, as
in ``trainer.measure=[gap,weight_distance]``; its class has the same name in capitals.
"""

from dropout_study.training.measures.activations import Activations
from dropout_study.training.measures.base import Measure, MeasureTypes, Snapshot, check_measures
from dropout_study.training.measures.gap import Gap
from dropout_study.training.measures.gradient import Gradient
from dropout_study.training.measures.measuring import Measuring
from dropout_study.training.measures.weight_distance import WeightDistance

__all__ = [
    "Activations",
    "Gap",
    "Gradient",
    "Measure",
    "MeasureTypes",
    "Measuring",
    "Snapshot",
    "WeightDistance",
    "check_measures",
]

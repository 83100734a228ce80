"""Metrics: what is measured after every epoch on each split, one metric a file.

A metric of your own is a subclass of ``Metric`` (mostly of ``MeanMetric``), named in the
configuration: ``+trainer.metrics.NAME._target_=my_module.MyMetric``. Its columns are
``train_NAME``, ``val_NAME`` and ``test_NAME``. The negative log-likelihood is the loss.
"""

from dropout_study.training.metrics.accuracy import Accuracy
from dropout_study.training.metrics.base import MeanMetric, Metric
from dropout_study.training.metrics.brier import Brier
from dropout_study.training.metrics.class_accuracy import ClassAccuracy
from dropout_study.training.metrics.ece import ECE
from dropout_study.training.metrics.loss import Loss, mean_losses
from dropout_study.training.metrics.meter import (
    DEFAULT_METRICS,
    LOSS,
    Meter,
    MetricTypes,
    Scores,
    check_finite,
    epoch_row,
)

__all__ = [
    "DEFAULT_METRICS",
    "ECE",
    "LOSS",
    "Accuracy",
    "Brier",
    "ClassAccuracy",
    "Loss",
    "MeanMetric",
    "Meter",
    "Metric",
    "MetricTypes",
    "Scores",
    "check_finite",
    "epoch_row",
    "mean_losses",
]

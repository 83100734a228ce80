"""Training and evaluation. Imports neither Hydra nor Optuna."""

from dropout_study.training.device import allow_tf32, resolve_device
from dropout_study.training.evaluate import evaluate
from dropout_study.training.images import scaled
from dropout_study.training.order import epoch_order
from dropout_study.training.settings import TrainSettings
from dropout_study.training.single import train_single

__all__ = [
    "TrainSettings",
    "allow_tf32",
    "epoch_order",
    "evaluate",
    "resolve_device",
    "scaled",
    "train_single",
]

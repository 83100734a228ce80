"""Data sets as whole tensors, split into train, validation and test.

A data set is a function that returns ``Splits``. A config names it by ``_target_``.
"""

from dropout_study.data.cifar10 import cifar10
from dropout_study.data.consistent import accepted_splits
from dropout_study.data.cut import Cut, make_splits
from dropout_study.data.image_sets import fashion_mnist, kmnist, mnist
from dropout_study.data.mini import fashion_mnist_mini
from dropout_study.data.splits import Examples, Splits
from dropout_study.data.synthetic import synthetic

__all__ = [
    "Cut",
    "Examples",
    "Splits",
    "accepted_splits",
    "cifar10",
    "fashion_mnist",
    "fashion_mnist_mini",
    "kmnist",
    "make_splits",
    "mnist",
    "synthetic",
]

"""CIFAR-10: 50,000 + 10,000 colour images of 32x32 pixels, ten classes."""

import logging
from pathlib import Path
from typing import Unpack

import torch
from torch import Tensor

from dropout_study.data.cache import read_cache, write_cache
from dropout_study.data.cut import Cut, make_splits
from dropout_study.data.sources import one_line
from dropout_study.data.splits import Examples, Splits
from dropout_study.errors import UserError
from dropout_study.paths import cache_dir

log = logging.getLogger(__name__)

NAMES = (
    *("airplane", "automobile", "bird", "cat", "deer"),
    *("dog", "frog", "horse", "ship", "truck"),
)


def cifar10(root: str | None = None, **cut: Unpack[Cut]) -> Splits:
    """Returns CIFAR-10 (Krizhevsky 2009).

    Args:
        root: the directory that holds torchvision's ``cifar-10-batches-py``. None for the cache;
            torchvision downloads the data if the cache is empty. It checks the MD5 of every file.
        cut: the sizes of the splits, see ``make_splits``.

    Raises:
        UserError: the data is damaged or cannot be found.
    """
    if root is not None:
        parts = _read(Path(root).expanduser(), download=False)
    else:
        parts = read_cache("cifar10", {}) or write_cache(
            "cifar10", _read(cache_dir(), download=True)
        )
    train = Examples(parts["train-images"], parts["train-labels"].long())
    test = Examples(parts["test-images"], parts["test-labels"].long())
    return make_splits(train, test, classes=10, class_names=NAMES, **cut)


def _read(root: Path, *, download: bool) -> dict[str, Tensor]:
    log.info("cifar10: reading %s with torchvision", root)
    parts: dict[str, Tensor] = {}
    try:
        from torchvision.datasets import CIFAR10  # slow to import: only when the cache is empty

        for split in ("train", "test"):
            data = CIFAR10(str(root), train=split == "train", download=download)
            images = torch.from_numpy(data.data).permute(0, 3, 1, 2).contiguous()
            parts[f"{split}-images"] = images
            parts[f"{split}-labels"] = torch.tensor(data.targets, dtype=torch.uint8)
    except Exception as error:
        raise UserError(
            f"cifar10 cannot be read from {root} ({one_line(error)}); use `data.root=DIR` with "
            "torchvision's cifar-10-batches-py, or `data=fashion_mnist_mini`"
        ) from error
    return parts

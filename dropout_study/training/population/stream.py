"""The minibatches and the noise of one seed and epoch, made once for all members that use them."""

from collections import Counter, OrderedDict
from dataclasses import dataclass
from threading import RLock

import torch
from torch import Tensor

from dropout_study.data.splits import Examples
from dropout_study.noise.source import Kind, Noise
from dropout_study.training.images import scaled
from dropout_study.training.order import epoch_order

WINDOW = 16
"""Minibatches that a stream keeps for buckets that have fallen behind; others are made again."""


@dataclass(frozen=True)
class StreamKey:
    """The values that determine every draw of an epoch; members with equal keys share a stream."""

    seed: int
    epoch: int
    batch_size: int


class Minibatch:
    """Images [B, C, H, W] in [0, 1], labels [B] and the noise of one iteration."""

    def __init__(self, images: Tensor, labels: Tensor, noise: Noise) -> None:
        self.images = images
        self.labels = labels
        self.noise = noise
        self._drawn: dict[tuple[int, torch.Size, Kind, int], Tensor] = {}
        self._lock = RLock()

    def draw(self, layer: int, shape: torch.Size, kind: Kind = "levels", call: int = 0) -> Tensor:
        """Returns the draws of ``Noise.draw``, made once for all; they must not be changed."""
        key = (layer, shape, kind, call)
        with self._lock:
            if key not in self._drawn:
                self._drawn[key] = self.noise.draw(layer, shape, kind, call)
            return self._drawn[key]

    @property
    def drawn(self) -> set[tuple[int, torch.Size, Kind, int]]:
        """The draws so far: layer, shape, kind and index of the layer's call."""
        return set(self._drawn)


class Stream:
    """The minibatches of an epoch in order. Several threads may read it.

    Attributes:
        readers: the number of buckets that read it; a minibatch that all have taken is freed.
    """

    def __init__(self, train: Examples, key: StreamKey) -> None:
        self.key = key
        self.examples = len(train)
        self.device = train.labels.device
        self._train = train
        self._order = epoch_order(len(train), key.seed, key.epoch).to(self.device)
        self.readers = 0
        self._kept: OrderedDict[int, Minibatch] = OrderedDict()
        self._taken: Counter[int] = Counter()
        self._lock = RLock()

    def __len__(self) -> int:
        return -(-self.examples // self.key.batch_size)

    def add_reader(self) -> None:
        """Counts a bucket that will read the stream."""
        self.readers += 1

    def minibatch(self, iteration: int) -> Minibatch:
        """Returns the minibatch of ``iteration``, from 0; the last one may be smaller."""
        with self._lock:
            minibatch = self._kept.pop(iteration, None) or self._cut(iteration)
            self._taken[iteration] += 1
            if self._taken[iteration] < self.readers:
                self._kept[iteration] = minibatch
                if len(self._kept) > WINDOW:
                    self._kept.popitem(last=False)
            return minibatch

    def _cut(self, iteration: int) -> Minibatch:
        start = iteration * self.key.batch_size
        examples = self._train.take(self._order[start : start + self.key.batch_size])
        noise = Noise(self.key.seed, self.device)
        noise.seek(self.key.epoch, iteration)
        return Minibatch(scaled(examples.images), examples.labels, noise)

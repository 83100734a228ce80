"""Several streams joined, for a stack whose members are at different epochs or seeds.

After a while a population that is refilled has members at many epochs. A single stack of all keeps
the products large; it needs a copy of the images for each member. Letters: P population, B batch.
"""

from collections.abc import Sequence
from functools import cached_property

import torch
from torch import Tensor

from dropout_study.noise.source import Kind
from dropout_study.training.population.stream import Minibatch, Stream


class JoinedMinibatch:
    """The minibatches of P members.

    Args:
        parts: P minibatches; members of one stream have the same.
    """

    def __init__(self, parts: Sequence[Minibatch]) -> None:
        self._parts = parts

    @cached_property
    def images(self) -> Tensor:
        """[P, B, C, H, W] in [0, 1]."""
        return torch.stack([part.images for part in self._parts])

    @cached_property
    def labels(self) -> Tensor:
        """[P, B]."""
        return torch.stack([part.labels for part in self._parts])

    def draw(self, layer: int, shape: torch.Size, kind: Kind = "levels", call: int = 0) -> Tensor:
        """Returns [P, *shape]: for each member the draws of its own stream."""
        return torch.stack([part.draw(layer, shape, kind, call) for part in self._parts])


class JoinedStream:
    """The streams of P members with the same data and batch size.

    Args:
        streams: P streams; members may have the same.
    """

    def __init__(self, streams: Sequence[Stream]) -> None:
        self._streams = streams
        self.examples = streams[0].examples
        self.device = streams[0].device

    def __len__(self) -> int:
        return len(self._streams[0])

    def add_reader(self) -> None:
        """Counts a bucket that will read each of the streams."""
        for stream in set(self._streams):
            stream.add_reader()

    def minibatch(self, iteration: int) -> JoinedMinibatch:
        """Returns the minibatches of ``iteration``, from 0; the last ones may be smaller."""
        once = {stream: stream.minibatch(iteration) for stream in dict.fromkeys(self._streams)}
        return JoinedMinibatch([once[stream] for stream in self._streams])

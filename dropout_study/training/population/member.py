"""The input of a population, its members, and the output, their results."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import nn

from dropout_study.training.measures.measuring import Measuring
from dropout_study.training.settings import TrainSettings
from dropout_study.trial import Metrics

MemberId = int | str
"""The caller's name for a member: the trial's number, or any other."""


@dataclass(frozen=True, eq=False)
class Member:
    """A trial to be trained in a population; the arguments of ``train_single`` without the data.

    Attributes:
        id: the trial's number, for results and messages.
        model: maps images [B, C, H, W] to logits [B, K]; trained in place.
        optimizer: the optimizer of the model's parameters.
        settings: its own epochs, batch size, precision and seed.
        history: the epochs that it has already been trained for.
        measuring: its measures, which know the network from before its first epoch; None to make
            them when it joins.
    """

    id: MemberId
    model: nn.Module
    optimizer: torch.optim.Optimizer
    settings: TrainSettings
    history: Sequence[Metrics] = ()
    measuring: Measuring | None = None


@dataclass(frozen=True)
class MemberResult:
    """The result of a member: its epochs, and the error that ended it, if any."""

    history: list[Metrics]
    error: Exception | None = None


OnEpochs = Callable[[Mapping[MemberId, Metrics]], Collection[MemberId]]
"""Called after every epoch with the metrics of all members; returns the ids that go on."""

OnLeave = Callable[[MemberId, MemberResult], None]
"""Called once for each member, as soon as it has finished, was stopped or has failed."""

Refill = Callable[[int], Sequence[Member]]
"""Called with the number of missing members; returns up to as many new ones."""

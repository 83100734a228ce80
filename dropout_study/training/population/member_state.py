"""The state of a member between epochs: its history, and the noise of its layers."""

import torch
from torch import Tensor, nn

from dropout_study.data.splits import Splits
from dropout_study.noise.attach import ModelNoise
from dropout_study.noise.known import rates_of
from dropout_study.noise.layer import NoiseLayer
from dropout_study.noise.source import Kind, Noise
from dropout_study.training.lr import LearningRate
from dropout_study.training.measures.measuring import Measuring
from dropout_study.training.population.member import Member, MemberResult
from dropout_study.training.population.stream import Minibatch, StreamKey
from dropout_study.trial import Metrics


class SharedNoise(Noise):
    """Noise for the layers of one member's model, drawn from the present minibatch."""

    def __init__(self, device: torch.device) -> None:
        super().__init__(0, device)
        self._minibatch: Minibatch | None = None

    def seek_minibatch(self, minibatch: Minibatch | None) -> None:
        """Moves to the iteration of ``minibatch``; None frees the last one."""
        self._minibatch = minibatch
        self.calls.clear()

    def draw(self, layer: int, shape: torch.Size, kind: Kind = "levels", call: int = 0) -> Tensor:
        """Returns draws that are shared with other members; they must not be changed."""
        if self._minibatch is None:
            raise RuntimeError("noise in training mode, but no minibatch is being trained on")
        return self._minibatch.draw(layer, shape, kind, call)


class MemberState:
    """A member, its noise and its history; its weights and updates are in model and optimizer."""

    def __init__(self, member: Member, device: torch.device) -> None:
        self.member = member
        self.noise = SharedNoise(device)
        self._layers = ModelNoise(member.model, self.noise)
        self.history: list[Metrics] = list(member.history)
        self.lr = LearningRate(
            member.optimizer, member.settings.lr_schedule, epochs=len(self.history)
        )
        self._measuring = member.measuring or Measuring(member.model, member.settings)

    @property
    def layers(self) -> dict[str, NoiseLayer]:
        """The noise layers of its model by their names; one may have several."""
        return self._layers.layers

    @property
    def trained_parameters(self) -> dict[str, nn.Parameter]:
        """The parameters that the member's optimizer updates, by name, in the model's order."""
        optimized = {p for group in self.member.optimizer.param_groups for p in group["params"]}
        named = self.member.model.named_parameters()
        return {name: param for name, param in named if param in optimized}

    @property
    def stream_key(self) -> StreamKey:
        """The key of the draws of its next epoch."""
        settings = self.member.settings
        return StreamKey(settings.seed, len(self.history), settings.batch_size)

    @property
    def rates(self) -> dict[str, float]:
        """The present rate of each noise layer, by its name."""
        return rates_of(self.member.model)

    @property
    def finished(self) -> bool:
        """Whether it has trained its own number of epochs."""
        return len(self.history) >= self.member.settings.epochs

    def begin_epoch(self) -> None:
        """Tells the model that its next epoch begins.

        Raises:
            UserError: the schedule gives a rate that cannot be used.
        """
        settings = self.member.settings
        self._layers.begin_epoch(len(self.history) + 1, settings.epochs, settings.schedule)

    def measured(self, splits: Splits) -> dict[str, float | None]:
        """Returns the measurements of its network after the epoch that it has just trained."""
        return self._measuring.after(splits, len(self.history) + 1)

    def close(self) -> None:
        """Restores the model's noise layers."""
        self._layers.close()

    def result(self, error: Exception | None = None) -> MemberResult:
        """Returns the member's result."""
        return MemberResult(self.history, error)

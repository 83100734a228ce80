"""What a member carries from epoch to epoch: its history, and the noise of its layers."""

import torch
from torch import Tensor, nn

from dropout_study.models import Dropout, Noise, use_noise
from dropout_study.training.population.member import Member, MemberResult
from dropout_study.training.population.stream import Minibatch, StreamKey
from dropout_study.trial import EpochMetrics


class SharedNoise(Noise):
    """Noise for the dropout layers of one member's model, drawn from the minibatch at hand."""

    def __init__(self, device: torch.device) -> None:
        super().__init__(0, device)
        self._minibatch: Minibatch | None = None

    def seek_minibatch(self, minibatch: Minibatch | None) -> None:
        """Moves to the iteration of ``minibatch``; None lets go of the last one."""
        self._minibatch = minibatch
        self._calls.clear()

    def draw(self, layer: int, shape: torch.Size, call: int = 0) -> Tensor:
        """Returns int16 draws of ``shape``, shared with other members: not to be changed."""
        if self._minibatch is None:
            raise RuntimeError("dropout in training mode, but no minibatch is being trained on")
        return self._minibatch.draw(layer, shape, call=call)

    def __deepcopy__(self, memo: dict[int, object]) -> "SharedNoise":
        return self  # noise is a function, not a state: a copied model may read the same


class MemberState:
    """A member, its noise and its history; everything it has lives in its model and optimizer."""

    def __init__(self, member: Member, device: torch.device) -> None:
        self.member = member
        self.noise = SharedNoise(device)
        use_noise(member.model, self.noise)
        self.dropout = dropout_layers(member.model)
        self.history: list[EpochMetrics] = []

    @property
    def stream_key(self) -> StreamKey:
        """What fixes the draws of its next epoch: its own count, whenever it has joined."""
        settings = self.member.settings
        return StreamKey(settings.seed, len(self.history), settings.batch_size)

    @property
    def finished(self) -> bool:
        """Whether it has trained its own number of epochs."""
        return len(self.history) >= self.member.settings.epochs

    def result(self, error: Exception | None = None) -> MemberResult:
        """Returns what is known of the member as it leaves."""
        return MemberResult(self.history, error)


def dropout_layers(model: nn.Module) -> dict[str, Dropout]:
    """Returns the dropout layers of a member's model by their names; one may have several."""
    named = model.named_modules(remove_duplicate=False)
    return {name: layer for name, layer in named if isinstance(layer, Dropout)}

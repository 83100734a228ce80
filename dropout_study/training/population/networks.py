"""P networks together: gradients and logits for parameters stacked on a leading axis.

Letters: P population, B batch, K classes.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from typing import Protocol

import torch
from torch import Tensor
from torch.func import functional_call, vmap
from torch.nn.functional import log_softmax

from dropout_study.noise.attach import ModelNoise
from dropout_study.noise.layer import NoiseLayer, Number
from dropout_study.training.device import autocast
from dropout_study.training.metrics import mean_losses
from dropout_study.training.population.joined import JoinedMinibatch
from dropout_study.training.population.member_state import MemberState
from dropout_study.training.population.stream import Minibatch

AnyMinibatch = Minibatch | JoinedMinibatch
"""One minibatch for all members, or one for each."""


class StackedNetwork(Protocol):
    """The interface between a stack of members and its networks."""

    def gradients(
        self, params: Sequence[Tensor], minibatch: AnyMinibatch
    ) -> tuple[Tensor, Tensor, Sequence[Tensor]]:
        """Returns mean losses [P], logits [P, B, K] and a gradient for each parameter."""

    def logits(self, params: Sequence[Tensor], images: Tensor) -> Tensor:
        """images: [B, C, H, W] -> [P, B, K], dropout off."""


NetworkType = Callable[[Sequence[MemberState], torch.device], StackedNetwork]
"""Makes the networks of a stack: ``DenseNetwork`` or ``VmappedNetwork``."""


def stacked_numbers(
    states: Sequence[MemberState], name: str, device: torch.device
) -> tuple[Tensor, ...] | None:
    """Returns the numbers of a noise layer, [P] each, float32; None if all its rates are 0.

    Args:
        states: P members.
        name: the layer's name.
        device: the device of the tensors.
    """
    layers = [state.layers[name] for state in states]
    if not any(layer.p for layer in layers):
        return None
    columns = zip(*(layer.numbers() for layer in layers), strict=True)
    return tuple(torch.tensor(column, dtype=torch.float32, device=device) for column in columns)


def stacked_smoothing(states: Sequence[MemberState], device: torch.device) -> Tensor | None:
    """Returns the label smoothing of P members, [P]; None if no member has any."""
    given = [state.member.settings.label_smoothing for state in states]
    return torch.tensor(given, device=device) if any(given) else None


class StackedSource:
    """Gives the noise layers under vmap the draws and the numbers of their member.

    Args:
        states: P members of one signature.
        device: the device that trains them.

    Attributes:
        minibatch: the minibatch that makes the draws.
        member: the index of each member [P]; under vmap the index of one.
        calls: how often each layer has drawn at this minibatch.
    """

    def __init__(self, states: Sequence[MemberState], device: torch.device) -> None:
        self.minibatch: AnyMinibatch | None = None
        self.member = torch.arange(len(states), device=device)
        self.calls: Counter[int] = Counter()
        self._numbers = {
            layer.number: stacked_numbers(states, name, device)
            for name, layer in states[0].layers.items()
        }

    def draw(self, layer: NoiseLayer, shape: torch.Size, _: torch.device) -> Tensor:
        """Returns the member's draws."""
        if self.minibatch is None:
            raise RuntimeError("noise in training mode, but no minibatch is being trained on")
        call = self.calls[layer.number]
        self.calls[layer.number] += 1
        draws = self.minibatch.draw(layer.number, shape, layer.kind, call)
        joined = isinstance(self.minibatch, JoinedMinibatch)  # [P, ...], one for each member
        return self._own(draws) if joined else draws

    def numbers(self, layer: NoiseLayer) -> tuple[Number, ...] | None:
        """Returns the member's numbers as tensors without dimensions."""
        stacked = self._numbers[layer.number]
        return None if stacked is None else tuple(self._own(column) for column in stacked)

    def _own(self, stacked: Tensor) -> Tensor:
        """stacked: [P, ...] -> the member's, [...]."""
        return stacked.index_select(0, self.member.view(1)).squeeze(0)


class VmappedNetwork:
    """Any module that ``torch.func.vmap`` can run, its parameters and rates batched.

    Args:
        states: P members of one signature.
        device: where they train.
    """

    def __init__(self, states: Sequence[MemberState], device: torch.device) -> None:
        self._names = list(states[0].trained_parameters)
        self._fixed = _stacked_rest(states, self._names)
        self._template = deepcopy(states[0].member.model)
        self._source = StackedSource(states, device)
        ModelNoise(self._template, self._source)
        self._device = device
        self._bfloat16 = states[0].member.settings.bfloat16
        self._smoothing = stacked_smoothing(states, device)

    def gradients(
        self, params: Sequence[Tensor], minibatch: AnyMinibatch
    ) -> tuple[Tensor, Tensor, Sequence[Tensor]]:
        """Returns mean losses [P], logits [P, B, K] and a gradient for each parameter."""
        self._source.minibatch = minibatch
        self._source.calls.clear()
        leaves = [param.detach().requires_grad_() for param in params]
        with autocast(self._device, self._bfloat16):
            own = isinstance(minibatch, JoinedMinibatch)
            logits = self._run(leaves, minibatch.images, training=True, own=own).float()
            losses = mean_losses(logits, minibatch.labels)
            if self._smoothing is not None:
                uniform = log_softmax(logits, dim=2).mean(dim=(1, 2))
                losses = (1 - self._smoothing) * losses - self._smoothing * uniform
        # The sum's gradient for each loss is 1, also if another loss is not finite.
        grads = torch.autograd.grad(losses.sum(), leaves, materialize_grads=True)
        return losses.detach(), logits.detach(), grads

    @torch.no_grad()
    def logits(self, params: Sequence[Tensor], images: Tensor) -> Tensor:
        """images: [B, C, H, W] -> [P, B, K], dropout off."""
        with autocast(self._device, self._bfloat16):
            return self._run(params, images, training=False)

    def _run(
        self, params: Sequence[Tensor], images: Tensor, training: bool, own: bool = False
    ) -> Tensor:
        """Returns the logits; each member has its ``own`` images, or all have the same."""
        self._template.train(training)
        state = {**self._fixed, **dict(zip(self._names, params, strict=True))}

        members = self._source.member

        def forward(state: Mapping[str, Tensor], images: Tensor, member: Tensor) -> Tensor:
            self._source.member = member
            output: Tensor = functional_call(self._template, dict(state), (images,))
            return output

        # "same": draws are made once, for all members.
        run = vmap(forward, in_dims=(0, 0 if own else None, 0), randomness="same")
        try:
            logits: Tensor = run(state, images, members)
        finally:
            self._source.member = members
        return logits


def _stacked_rest(states: Sequence[MemberState], trained: Sequence[str]) -> dict[str, Tensor]:
    """Returns the members' buffers and untrained parameters, stacked: name -> [P, ...]."""
    held = [
        dict([*state.member.model.named_parameters(), *state.member.model.named_buffers()])
        for state in states
    ]
    return {
        name: torch.stack([tensors[name].detach() for tensors in held])
        for name in held[0]
        if name not in trained
    }

"""P networks as one: gradients and logits over parameters stacked on a leading axis.

Letters: P population, B batch, K classes.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap
from torch.nn.functional import cross_entropy

from dropout_study.models.noise import LEVELS, dropped_levels
from dropout_study.training.population.joined import JoinedMinibatch
from dropout_study.training.population.member_state import MemberState, dropout_layers
from dropout_study.training.population.stream import Minibatch
from dropout_study.training.single import autocast

AnyMinibatch = Minibatch | JoinedMinibatch
"""One for all members, or one for each."""


class StackedNetwork(Protocol):
    """What a stack of members needs of its networks."""

    def gradients(
        self, params: Sequence[Tensor], minibatch: AnyMinibatch
    ) -> tuple[Tensor, Tensor, Sequence[Tensor]]:
        """Returns mean losses [P], logits [P, B, K] and a gradient for each parameter."""

    def logits(self, params: Sequence[Tensor], images: Tensor) -> Tensor:
        """images: [B, C, H, W] -> [P, B, K], dropout off."""


def trained_parameters(state: MemberState) -> dict[str, nn.Parameter]:
    """Returns the parameters that the member's optimizer updates, by name, in the model's order."""
    optimized = {p for group in state.member.optimizer.param_groups for p in group["params"]}
    named = state.member.model.named_parameters()
    return {name: param for name, param in named if param in optimized}


def rates_of(
    states: Sequence[MemberState], name: str, device: torch.device
) -> tuple[Tensor, Tensor]:
    """Returns the threshold of the draws and the factor of what is kept, [P] each, float32.

    Args:
        states: P members.
        name: of the dropout layer.
        device: of the tensors.
    """
    dropped = [dropped_levels(state.dropout[name].p) for state in states]
    threshold = torch.tensor([float(d - LEVELS // 2) for d in dropped], device=device)
    return threshold, torch.tensor([LEVELS / (LEVELS - d) for d in dropped], device=device)


class PopulationDropout(nn.Module):
    """Dropout with a rate a member: its threshold and factor are buffers, stacked like weights."""

    threshold: Tensor
    factor: Tensor

    def __init__(self, layer: int, network: "VmappedNetwork") -> None:
        super().__init__()
        self._layer = layer
        self._network = [network]  # in a list: the network is no submodule
        self.register_buffer("threshold", torch.zeros(()))
        self.register_buffer("factor", torch.ones(()))

    def forward(self, x: Tensor) -> Tensor:
        """x: any shape -> the same shape, of one member; vmap adds the members."""
        network = self._network[0]
        if not self.training or network.minibatch is None:
            return x
        call = network.calls[self._layer]
        network.calls[self._layer] += 1
        draws = network.minibatch.draw(self._layer, x.shape, torch.float32, call)
        if isinstance(network.minibatch, JoinedMinibatch):  # [P, ...], of which one is the member's
            draws = draws.index_select(0, network.member.view(1)).squeeze(0)
        return x * ((draws >= self.threshold) * self.factor).to(x.dtype)


class VmappedNetwork:
    """Any module that ``torch.func.vmap`` can run, its parameters and rates batched.

    Args:
        states: P members of one signature.
        device: where they train.
    """

    def __init__(self, states: Sequence[MemberState], device: torch.device) -> None:
        self.minibatch: AnyMinibatch | None = None
        self.member = torch.arange(len(states), device=device)  # under vmap, the index of one
        self.calls: Counter[int] = Counter()  # of each dropout layer at this minibatch
        model = states[0].member.model
        self._names = list(trained_parameters(states[0]))
        self._fixed = _stacked_rest(states, self._names)
        self._template = deepcopy(model)
        self._device = device
        self._bfloat16 = states[0].member.settings.bfloat16
        for name, layer in dropout_layers(self._template).items():
            rates = rates_of(states, name, device)
            if bool((rates[1] > 1).any()):
                self._template.set_submodule(name, PopulationDropout(layer.layer, self))
                self._fixed[f"{name}.threshold"], self._fixed[f"{name}.factor"] = rates
            else:
                self._template.set_submodule(name, nn.Identity())

    def gradients(
        self, params: Sequence[Tensor], minibatch: AnyMinibatch
    ) -> tuple[Tensor, Tensor, Sequence[Tensor]]:
        """Returns mean losses [P], logits [P, B, K] and a gradient for each parameter."""
        self.minibatch = minibatch
        self.calls.clear()
        leaves = [param.detach().requires_grad_() for param in params]
        with autocast(self._device, self._bfloat16):
            own = isinstance(minibatch, JoinedMinibatch)
            logits = self._run(leaves, minibatch.images, training=True, own=own).float()
            labels = minibatch.labels.expand(logits.shape[:2])
            losses = cross_entropy(logits.transpose(1, 2), labels, reduction="none").mean(dim=1)
        # A sum's gradient with respect to each loss is 1, also where another one is not finite.
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

        members = self.member

        def forward(state: Mapping[str, Tensor], images: Tensor, member: Tensor) -> Tensor:
            self.member = member
            output: Tensor = functional_call(self._template, dict(state), (images,))
            return output

        # "same": draws that a layer asks for first in here are made once, for all members.
        run = vmap(forward, in_dims=(0, 0 if own else None, 0), randomness="same")
        try:
            logits: Tensor = run(state, images, members)
        finally:
            self.member = members
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

"""Stacked dense networks with hand-written forward and backward passes, few and in place.

``VmappedNetwork`` is the readable version; a test checks that both agree. This one is faster: the
buffers of an iteration are allocated once, ReLU and noise work in place, and ReLU needs no mask,
because the gradient passes where the activation is positive.

Letters: P population, B batch, D and H features in and out, K classes.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import log_softmax

from dropout_study.noise.layer import NoiseLayer, UnitNoise
from dropout_study.training.population.member_state import MemberState
from dropout_study.training.population.networks import (
    AnyMinibatch,
    stacked_numbers,
    stacked_smoothing,
)


@dataclass(frozen=True)
class Shape:
    """A dense network: Linear layers with ReLU between them, noise before any of them.

    Attributes:
        noise: for each Linear layer the noise layer at its input, by name.
    """

    noise: tuple[str | None, ...]


def dense_shape(model: nn.Module) -> Shape | None:
    """Returns the shape of ``model`` if it is Flatten, then Linear layers with ReLU between them.

    There may be a layer that multiplies each unit with noise before any of the Linear layers. Only
    an ``nn.Sequential`` with the ``forward`` of nn.Sequential has a shape; others give None.
    """
    if not isinstance(model, nn.Sequential) or type(model).forward is not nn.Sequential.forward:
        return None
    layers = list(model._modules.items())  # named_children names a layer once
    if len({id(layer) for _, layer in layers}) < len(layers) or not layers:
        return None
    if not isinstance(layers[0][1], nn.Flatten) or layers[0][1].start_dim != 1:
        return None
    noise: list[str | None] = []
    waiting: str | None = None
    linear_next = True
    for name, layer in layers[1:]:
        if type(layer) is nn.Linear and linear_next and layer.bias is not None:
            noise.append(waiting)
            waiting, linear_next = None, False
        elif type(layer) is nn.ReLU and not linear_next:
            linear_next = True
        elif _is_unit_noise(layer) and linear_next and waiting is None:
            waiting = name
        else:
            return None
    return None if linear_next or not noise else Shape(tuple(noise))


def _is_unit_noise(layer: nn.Module) -> bool:
    """Returns whether ``layer`` only multiplies each unit with its factor."""
    if not isinstance(layer, UnitNoise):
        return False
    kind = type(layer)
    return (
        kind.forward is NoiseLayer.forward
        and kind.draw_shape is NoiseLayer.draw_shape
        and kind.at_evaluation is NoiseLayer.at_evaluation
    )


@dataclass(frozen=True)
class _InputNoise:
    """The noise layer at the input of a Linear layer, and its numbers as [P, 1, 1]."""

    layer: UnitNoise
    numbers: tuple[Tensor, ...]


def _input_noise(
    states: Sequence[MemberState], name: str, device: torch.device
) -> _InputNoise | None:
    """Returns the noise of P members' layer ``name``; None if all their rates are 0."""
    layer = states[0].layers[name]
    numbers = stacked_numbers(states, name, device)
    if numbers is None or not isinstance(layer, UnitNoise):
        return None
    return _InputNoise(layer, tuple(number.view(-1, 1, 1) for number in numbers))


@dataclass
class _Buffers:
    """The buffers of one minibatch size.

    Attributes:
        outputs: the output of each Linear layer, [P, B, H].
        masks: the noise factors of each layer's input, [P, B, D]; None without noise.
        deltas: the loss's gradients with respect to the input of each layer but the first.
    """

    outputs: list[Tensor]
    masks: list[Tensor | None]
    deltas: list[Tensor]


class DenseNetwork:
    """P dense networks.

    Args:
        states: P members of one signature, whose ``dense_shape`` is not None.
        device: where they train.
    """

    def __init__(self, states: Sequence[MemberState], device: torch.device) -> None:
        shape = dense_shape(states[0].member.model)
        if shape is None:
            raise ValueError(f"not a dense network: {states[0].member.model}")
        self._members = len(states)
        self._dtype = torch.bfloat16 if states[0].member.settings.bfloat16 else torch.float32
        self._smoothing = stacked_smoothing(states, device)
        self._noise = [name and _input_noise(states, name, device) for name in shape.noise]
        params = list(states[0].trained_parameters.values())
        self._grads = [torch.empty(len(states), *p.shape, device=device) for p in params]
        self._by_batch: dict[int, _Buffers] = {}

    def gradients(
        self, params: Sequence[Tensor], minibatch: AnyMinibatch
    ) -> tuple[Tensor, Tensor, Sequence[Tensor]]:
        """Returns mean losses [P], logits [P, B, K] and a gradient for each parameter."""
        with torch.no_grad():
            weights = [weight.to(self._dtype) for weight in params[::2]]
            biases = [bias.to(self._dtype).unsqueeze(1) for bias in params[1::2]]
            buffers = self._buffers(minibatch.labels.shape[-1], weights)
            inputs = self._forward(weights, biases, minibatch, buffers)
            losses, delta = _cross_entropy(buffers.outputs[-1], minibatch.labels, self._smoothing)
            self._backward(weights, inputs, delta.to(self._dtype), buffers)
            return losses, buffers.outputs[-1], self._grads

    @torch.no_grad()
    def logits(self, params: Sequence[Tensor], images: Tensor) -> Tensor:
        """images: [B, C, H, W] -> [P, B, K], dropout off."""
        x = self._flat(images)
        last = len(params) // 2 - 1
        for layer in range(last + 1):
            weight, bias = params[2 * layer].to(x.dtype), params[2 * layer + 1].to(x.dtype)
            x = torch.baddbmm(bias.unsqueeze(1), x, weight.transpose(1, 2))
            x = x if layer == last else x.relu_()
        return x

    def _forward(
        self,
        weights: list[Tensor],
        biases: list[Tensor],
        minibatch: AnyMinibatch,
        buffers: _Buffers,
    ) -> list[Tensor]:
        """Fills ``buffers.outputs`` and returns the input [P, B, D] of each Linear layer."""
        x = self._flat(minibatch.images, own=minibatch.labels.dim() == 2)
        inputs = []
        for layer, (weight, bias) in enumerate(zip(weights, biases, strict=True)):
            mask = self._mask(layer, x, minibatch, buffers)
            if mask is not None:
                x = x * mask if layer == 0 else x.mul_(mask)
            inputs.append(x)
            x = torch.baddbmm(bias, x, weight.transpose(1, 2), out=buffers.outputs[layer])
            if layer < len(weights) - 1:
                x.relu_()
        return inputs

    def _mask(
        self, layer: int, x: Tensor, minibatch: AnyMinibatch, buffers: _Buffers
    ) -> Tensor | None:
        """Returns the noise factors of the layer's input, [P, B, D]."""
        noise, mask = self._noise[layer], buffers.masks[layer]
        if not noise or mask is None:
            return None
        draws = minibatch.draw(noise.layer.number, x.shape[1:], noise.layer.kind)
        noise.layer.factor_into(mask, draws, *noise.numbers)
        return mask.to(self._dtype)

    def _backward(
        self, weights: list[Tensor], inputs: list[Tensor], delta: Tensor, buffers: _Buffers
    ) -> None:
        """Fills the gradients. ``delta`` [P, B, K] is the loss's gradient for the logits."""
        for layer in reversed(range(len(weights))):
            x = inputs[layer]
            into_weight, into_bias = self._grads[2 * layer], self._grads[2 * layer + 1]
            _bmm(delta.transpose(1, 2), x, into_weight)
            into_bias.copy_(delta.sum(dim=1))
            if layer == 0:
                return
            delta = torch.bmm(delta, weights[layer], out=buffers.deltas[layer - 1])
            mask = buffers.masks[layer]
            if mask is not None:
                delta.mul_(mask)
                self._restore_sign(layer, x)
            torch.ops.aten.threshold_backward.grad_input(delta, x, 0, grad_input=delta)

    def _restore_sign(self, layer: int, x: Tensor) -> None:
        """Makes the layer's input positive again where ReLU's output was, and the factor not 0."""
        noise = self._noise[layer]
        if noise and not noise.layer.nonnegative:
            x.abs_()

    def _flat(self, images: Tensor, own: bool = False) -> Tensor:
        """images: [B, C, H, W] of all members, or [P, B, C, H, W] -> [P, B, D]."""
        rows = images.flatten(2 if own else 1).to(self._dtype)
        return rows.expand(self._members, *rows.shape[-2:])

    def _buffers(self, batch: int, weights: list[Tensor]) -> _Buffers:
        """Returns the buffers for minibatches of ``batch`` examples."""
        if batch not in self._by_batch:
            rows = (self._members, batch)
            self._by_batch[batch] = _Buffers(
                [w.new_empty(*rows, w.shape[1]) for w in weights],
                [
                    w.new_empty(*rows, w.shape[2], dtype=torch.float32) if noise else None
                    for w, noise in zip(weights, self._noise, strict=True)
                ],
                [w.new_empty(*rows, w.shape[2]) for w in weights[1:]],
            )
        return self._by_batch[batch]


def _bmm(left: Tensor, right: Tensor, out: Tensor) -> None:
    """Batched product into ``out``, which may be of a wider type."""
    if left.dtype == out.dtype:
        torch.bmm(left, right, out=out)
    else:
        out.copy_(torch.bmm(left, right))


def _cross_entropy(
    logits: Tensor, labels: Tensor, smoothing: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Returns mean losses [P] and their gradient [P, B, K].

    Args:
        logits: [P, B, K].
        labels: [B] or [P, B].
        smoothing: [P], the share of a label's probability that is spread over the K classes.
    """
    log_probs = log_softmax(logits.float(), dim=2)
    index = labels.expand(logits.shape[:2]).unsqueeze(2)
    losses = log_probs.gather(2, index).mean(dim=(1, 2)).neg_()
    if smoothing is not None:
        losses = (1 - smoothing) * losses - smoothing * log_probs.mean(dim=(1, 2))
    delta = log_probs.exp_()
    if smoothing is None:
        delta.scatter_add_(2, index, torch.full_like(index, -1, dtype=delta.dtype))
    else:
        delta.scatter_add_(2, index, (smoothing - 1).view(-1, 1, 1).expand(index.shape))
        delta.sub_((smoothing / logits.shape[2]).view(-1, 1, 1))
    return losses, delta.div_(logits.shape[1])

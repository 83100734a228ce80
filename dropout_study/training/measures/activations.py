"""Mean, variance and sparsity of each hidden layer's activations."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import ClassVar

import torch
from torch import Tensor, nn

from dropout_study.errors import UserError, argument_error
from dropout_study.noise.dense import DenseNoise
from dropout_study.training.measures.base import Measure, Snapshot

MODULE = nn.ReLU.__module__
NOT_HIDDEN = (nn.MultiheadAttention, nn.Softmax, nn.Softmin, nn.Softmax2d, nn.LogSoftmax)


class Activations(Measure):
    """The activations of each hidden layer: the outputs of its activation function.

    They are those of ``nn.ReLU`` and its relatives, before a noise layer that follows. Mean and
    variance are taken over examples and units together, ``sparsity`` is the share of exact zeros;
    ``on`` is with noise, as in training, ``off`` is evaluation mode (with noise on weights: the
    mean activations, with which the network computes then). A column ends with the name of the
    layer in the network. *Dive into Deep Learning*, section on dropout, asks for them.

    Args:
        examples: the first of the training examples, so many.
    """

    meaning: ClassVar[str] = "mean, variance and share of zeros of each hidden layer's activations"
    cost: ClassVar[str] = "two passes over 256 examples, without gradients"

    def __init__(self, examples: int = 256) -> None:
        if examples < 1:
            raise argument_error("examples", examples, "must be at least 1")
        self._examples = examples

    def check(self, start: Snapshot) -> None:
        """Raises UserError if the network has no activation layer."""
        if not hidden_layers(start.model):
            raise UserError(
                "it needs hidden layers with an activation of torch.nn (nn.ReLU, say), and the "
                "network has none; write its activations as modules"
            )

    def measure(self, after: Snapshot) -> Mapping[str, float | None]:
        """Returns the numbers of each layer, in both modes."""
        off = self._of_layers(after)
        with after.noise():
            on = self._of_layers(after)
        modes = {"on": on, "off": off}
        return {
            f"{name}_{mode}_{layer}": numbers.get(name)
            for layer in off
            for name in ("mean", "variance", "sparsity")
            for mode, numbers in ((mode, found[layer]) for mode, found in modes.items())
        }

    @torch.no_grad()
    def _of_layers(self, after: Snapshot) -> dict[str, dict[str, float]]:
        with recorded(hidden_layers(after.model)) as outputs:
            after.logits(after.splits.train.images[: self._examples])
        return {layer: _numbers(parts) for layer, parts in outputs.items()}


def hidden_layers(model: nn.Module) -> dict[str, nn.Module]:
    """Returns the modules whose outputs are activations, by the activation functions' names.

    They are these functions, and noise on weights, which calls its function in training only.
    """
    modules = dict(model.named_modules())
    functions = {
        name or "model": module
        for name, module in modules.items()
        if any(kind.__module__ == MODULE for kind in type(module).__mro__)
        and not isinstance(module, NOT_HIDDEN)
    }
    return functions | {
        f"{name}.activation": module
        for name, module in modules.items()
        if isinstance(module, DenseNoise) and module.before_activation and module.activation
    }


@contextmanager
def recorded(layers: Mapping[str, nn.Module]) -> Iterator[dict[str, list[Tensor]]]:
    """Yields, for each layer, copies of the outputs of its calls meanwhile."""
    outputs: dict[str, list[Tensor]] = {name: [] for name in layers}

    def keep(name: str) -> object:
        return lambda _module, _inputs, output: outputs[name].append(
            output.float().flatten().clone()
        )

    hooks = [layer.register_forward_hook(keep(name)) for name, layer in layers.items()]  # type: ignore[arg-type]
    try:
        yield outputs
    finally:
        for hook in hooks:
            hook.remove()


def _numbers(parts: list[Tensor]) -> dict[str, float]:
    """Returns the numbers of a layer; none of one that was not called."""
    if not parts:
        return {}
    values = torch.cat(parts)
    return {
        "mean": values.mean().item(),
        "variance": values.var(correction=0).item(),
        "sparsity": (values == 0).double().mean().item(),
    }

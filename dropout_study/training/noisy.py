"""A network with its noise switched on outside of training: seeded, and nothing else changed."""

from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _NormBase

from dropout_study.noise.attach import ModelNoise
from dropout_study.noise.source import Noise
from dropout_study.randomness import draw_key
from dropout_study.training.generators import kept_generators, seed_generators


class NoisePasses:
    """The draws of a network with its noise on: pass t has the same ones every time.

    Attributes:
        per_example: every noise layer of this project draws for each example of a minibatch; what
            disturbs weights, say, does not.
    """

    def __init__(self, seed: int, noise: Noise, layers: ModelNoise) -> None:
        self._seed = seed
        self._noise = noise
        self.per_example = all(layer.per_example for layer in layers.layers.values())

    def seek(self, number: int) -> None:
        """Moves to pass ``number``, from 0."""
        self._noise.seek(0, number)
        seed_generators(draw_key(self._seed, "other", 0, number))


@contextmanager
def noise_on(model: nn.Module, images: Tensor, seed: int) -> Iterator[NoisePasses]:
    """Switches the noise of ``model`` on; leaves it in evaluation mode.

    The model is in training mode, except for layers that would change their buffers (normalisation
    layers). So all noise that reads ``training`` is on: this project's layers, torch's, the dropout
    of attention and recurrent layers, and functional dropout. The global generators are set back.

    Args:
        model: a network, whatever noise it has.
        images: [B, C, H, W], a few, by which is found out which layers change their buffers.
        seed: of the noise.
    """
    noise = Noise(seed, images.device)
    with (
        ModelNoise(model, noise) as layers,
        kept_generators(images.device),
        _without_fast_path(),
    ):
        _train_but_keep_buffers(model, images)
        try:
            yield NoisePasses(seed, noise, layers)
        finally:
            model.eval()


@torch.no_grad()
def _train_but_keep_buffers(model: nn.Module, images: Tensor) -> None:
    """Puts ``model`` into training mode, except for layers that would change their buffers."""
    trial = deepcopy(model).train()
    before = {name: buffer.clone() for name, buffer in trial.named_buffers()}
    ModelNoise(trial, Noise(0, images.device))
    for module in trial.modules():
        if isinstance(module, _NormBase):
            module.eval()
    trial(images.clone())
    changed = {
        name.rpartition(".")[0]
        for name, buffer in trial.named_buffers()
        if name not in before or not torch.equal(buffer, before[name])
    }
    model.train()
    for name, module in model.named_modules():
        if isinstance(module, _NormBase) or name in changed:
            module.training = False


@contextmanager
def _without_fast_path() -> Iterator[None]:
    """Switches off the fused kernels of attention, which have no dropout."""
    before = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(before)

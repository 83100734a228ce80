"""Class probabilities of images, with noise off or sampled."""

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

ROUNDING = 1e-5
"""Logits count as equal if they differ by no more than this share of the largest (rounding)."""


@torch.no_grad()
def probabilities(model: nn.Module, images: Tensor) -> Tensor:
    """images: [N, C, H, W] in [0, 1] -> [N, K], noise off."""
    model.eval()
    return torch.softmax(model(images).float(), dim=1)


@torch.no_grad()
def sampled_logits(model: nn.Module, images: Tensor, samples: int, seed: int = 0) -> Tensor:
    """images: [N, C, H, W] in [0, 1] -> logits [N, T, K], a row for each of T noisy networks.

    Monte-Carlo dropout (Gal & Ghahramani 2016, "Dropout as a Bayesian Approximation"): the mean of
    the rows' softmax is the predictive probability, their spread the model's uncertainty. The model
    is in training mode, except for layers that would change their buffers (normalisation layers).
    All its draws are seeded. Every image gets the same T networks, whatever other images are given.

    Args:
        model: a network with any noise; it is left in evaluation mode.
        images: the images.
        samples: the number T of networks.
        seed: the seed of the noise.
    """
    noise, device = Noise(seed, images.device), images.device
    rows: list[Tensor] = []
    with ModelNoise(model, noise) as layers, kept_generators(device), _without_fast_path():
        _noise_on(model, images[:1].expand(samples, *images.shape[1:]))
        together = all(layer.per_example for layer in layers.layers.values())
        passes, count = (1, samples) if together else (samples, 1)
        for image in images:
            row = []
            for iteration in range(passes):
                noise.seek(0, iteration)
                seed_generators(draw_key(seed, "other", 0, iteration))
                row.append(model(image.expand(count, *image.shape).clone()).float())
            rows.append(torch.cat(row))
        model.eval()
    return torch.stack(rows)


def sampled_probabilities(model: nn.Module, images: Tensor, samples: int, seed: int = 0) -> Tensor:
    """Returns the softmax of ``sampled_logits``, [N, T, K]."""
    return torch.softmax(sampled_logits(model, images, samples, seed), dim=2)


def are_equal(logits: Tensor) -> bool:
    """Returns whether the T samples of every image are equal up to rounding: logits [N, T, K]."""
    spread = (logits - logits[:, :1]).abs().max()
    return bool(spread <= ROUNDING * logits.abs().max())


def _noise_on(model: nn.Module, images: Tensor) -> None:
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

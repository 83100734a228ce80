"""Class probabilities of images, with noise off or sampled."""

import torch
from torch import Tensor, nn

from dropout_study.training.generators import kept_generators, seed_generators
from dropout_study.training.noisy import noise_on

ROUNDING = 1e-5
"""Logits count as equal if they differ by no more than this share of the largest (rounding)."""


@torch.no_grad()
def probabilities(model: nn.Module, images: Tensor, seed: int = 0) -> Tensor:
    """images: [N, C, H, W] in [0, 1] -> [N, K], noise off.

    Noise that cannot be switched off is drawn from the seeded generators.
    """
    model.eval()
    with kept_generators(images.device):
        seed_generators(seed)
        return torch.softmax(model(images).float(), dim=1)


@torch.no_grad()
def sampled_logits(model: nn.Module, images: Tensor, samples: int, seed: int = 0) -> Tensor:
    """images: [N, C, H, W] in [0, 1] -> logits [N, T, K], a row for each of T noisy networks.

    Monte-Carlo dropout (Gal & Ghahramani 2016, "Dropout as a Bayesian Approximation"): the mean of
    the rows' softmax is the predictive probability, their spread the model's uncertainty. The noise
    is on as ``noise_on`` says. Every image gets the same T networks, whatever other images
    are given.

    Args:
        model: a network with any noise; it is left in evaluation mode.
        images: the images.
        samples: the number T of networks.
        seed: the seed of the noise.
    """
    rows: list[Tensor] = []
    with noise_on(model, images[:1].expand(samples, *images.shape[1:]), seed) as passes:
        times, count = (1, samples) if passes.per_example else (samples, 1)
        for image in images:
            row = []
            for number in range(times):
                passes.seek(number)
                row.append(model(image.expand(count, *image.shape).clone()).float())
            rows.append(torch.cat(row))
    return torch.stack(rows)


def sampled_probabilities(model: nn.Module, images: Tensor, samples: int, seed: int = 0) -> Tensor:
    """Returns the softmax of ``sampled_logits``, [N, T, K]."""
    return torch.softmax(sampled_logits(model, images, samples, seed), dim=2)


def are_equal(logits: Tensor) -> bool:
    """Returns whether the T samples of every image are equal up to rounding: logits [N, T, K]."""
    spread = (logits - logits[:, :1]).abs().max()
    return bool(spread <= ROUNDING * logits.abs().max())

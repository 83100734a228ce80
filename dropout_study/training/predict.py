"""Class probabilities of images, with dropout off or sampled."""

import torch
from torch import Tensor, nn

from dropout_study.noise.attach import ModelNoise
from dropout_study.noise.source import Noise


@torch.no_grad()
def probabilities(model: nn.Module, images: Tensor) -> Tensor:
    """images: [N, C, H, W] in [0, 1] -> [N, K], dropout off."""
    model.eval()
    return torch.softmax(model(images).float(), dim=1)


@torch.no_grad()
def sampled_probabilities(model: nn.Module, images: Tensor, samples: int, seed: int = 0) -> Tensor:
    """images: [N, C, H, W] in [0, 1] -> [N, T, K], a row for each of T networks thinned by dropout.

    Monte-Carlo dropout (Gal & Ghahramani 2016, "Dropout as a Bayesian Approximation"): the mean of
    the rows is the predictive probability, their spread the model's uncertainty. Everything but
    dropout is in evaluation mode. Every image sees the same T networks, whatever its neighbours.

    Args:
        model: a network; its ``nn.Dropout`` layers are replaced by ones with seeded noise.
        images: the images.
        samples: T.
        seed: of the noise.
    """
    noise = Noise(seed, images.device)
    model.eval()
    thinned: list[Tensor] = []
    with ModelNoise(model, noise) as attached:
        for layer in attached.layers.values():
            layer.train()
        for image in images:
            noise.seek(0, 0)
            logits = model(image.expand(samples, *image.shape))
            thinned.append(torch.softmax(logits.float(), dim=1))
    return torch.stack(thinned)

"""Loss and accuracy of a network on whole examples, dropout off."""

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from dropout_study.data.splits import Examples

EVALUATION_BATCH = 2048
"""Images a forward pass; the result does not depend on it, only memory and time do."""


def scaled(images: Tensor) -> Tensor:
    """Returns uint8 images as float32 in [0, 1], like torchvision's ToTensor; others as given."""
    return images.to(torch.float32).div_(255) if images.dtype == torch.uint8 else images


@torch.no_grad()
def evaluate(model: nn.Module, examples: Examples) -> tuple[float, float]:
    """Returns the mean cross entropy (nats) and the accuracy (in [0, 1]) on ``examples``."""
    model.eval()
    loss = torch.zeros((), device=examples.labels.device)
    correct = torch.zeros((), device=examples.labels.device)
    for images, labels in examples.minibatches(EVALUATION_BATCH):
        logits = model(scaled(images)).float()
        loss += cross_entropy(logits, labels, reduction="sum")
        correct += (logits.argmax(dim=1) == labels).sum()
    return loss.item() / len(examples), correct.item() / len(examples)

"""The least time of a trial-epoch, from the device's measured speed of products and of memory.

The operations and bytes of a trial-epoch are counted from ``DenseNetwork``. Products and passes
over memory follow one another, so the least time is the sum of both.
"""

from collections.abc import Callable
from itertools import pairwise

import torch
from floor import BATCH, SIZES, TEST, TRAIN, seconds

ACTIVATION_PASSES = 16
"""Passes over each hidden layer's activations [P, B, H] an iteration, masks and gradients too."""

WEIGHT_PASSES = 6
"""Passes over the weights: forward, backward, gradient (2), update (2)."""


def ceilings(dtype: torch.dtype, device: torch.device) -> tuple[float, float]:
    """Returns operations a second of a large product, and bytes a second of a large copy."""
    size, count = (8192, 2**28) if device.type == "cuda" else (2048, 2**24)
    left = torch.rand(size, size, device=device, dtype=dtype)
    source = torch.rand(count, device=device)
    target = torch.empty_like(source)
    product = best(lambda: left @ left, device)
    copy = best(lambda: target.copy_(source), device)
    return 2 * size**3 / product, 2 * source.nbytes / copy


def best(run: Callable[[], object], device: torch.device) -> float:
    return min(seconds(run, device) for _ in range(10))


def least_seconds(dtype: torch.dtype, device: torch.device) -> float:
    """Returns the seconds of a trial-epoch at the device's full speed."""
    layers = [d * h for d, h in pairwise(SIZES)]
    forward = 2 * sum(layers)
    operations = TRAIN * (3 * forward - 2 * layers[0]) + TEST * forward
    width = torch.finfo(dtype).bits // 8
    iterations = TRAIN / BATCH
    weights = WEIGHT_PASSES * 4 * sum(layers)
    activations = ACTIVATION_PASSES * width * BATCH * sum(SIZES[1:-1])
    per_second, bytes_per_second = ceilings(dtype, device)
    return operations / per_second + iterations * (weights + activations) / bytes_per_second

"""Shared by the benchmarks: the floor (the matrix products of the book's network), data, timing.

"The book" is *Dive into Deep Learning*.
"""

import platform
import statistics
from collections.abc import Callable
from itertools import pairwise
from time import perf_counter

import torch

from dropout_study.data import Examples, Splits

TRAIN, TEST, BATCH = 60_000, 10_000, 256
SIZES = (784, 256, 256, 10)


def random_splits(share: float, device: torch.device) -> Splits:
    """Returns uint8 images of Fashion-MNIST's shape, ``share`` of its number."""

    def examples(count: int) -> Examples:
        images = torch.randint(0, 256, (count, 1, 28, 28), dtype=torch.uint8)
        return Examples(images, torch.randint(0, 10, (count,)))

    return Splits(examples(int(TRAIN * share)), None, examples(int(TEST * share)), 10).to(device)


@torch.no_grad()
def products(count: int, share: float, dtype: torch.dtype, device: torch.device) -> None:
    """Computes only the matrix products of an epoch of ``count`` stacked networks."""
    shapes = list(pairwise(SIZES))
    weights = [torch.rand(count, d, h, device=device, dtype=dtype) for d, h in shapes]
    xs = [torch.rand(count, BATCH, d, device=device, dtype=dtype) for d in SIZES]
    for _ in range(round(TRAIN * share / BATCH)):
        for layer, weight in enumerate(weights):
            torch.bmm(xs[layer], weight, out=xs[layer + 1])
        for layer in reversed(range(len(weights))):
            torch.bmm(xs[layer].transpose(1, 2), xs[layer + 1])
            if layer:
                torch.bmm(xs[layer + 1], weights[layer].transpose(1, 2))
    for _ in range(round(TEST * share / BATCH)):
        for layer, weight in enumerate(weights):
            torch.bmm(xs[layer], weight, out=xs[layer + 1])


def synchronize(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def seconds(run: Callable[[], object], device: torch.device) -> float:
    synchronize(device)
    started = perf_counter()
    run()
    synchronize(device)
    return perf_counter() - started


def summary(values: list[float]) -> dict[str, float]:
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def cell(value: object) -> str:
    """Returns a summary as "median (range)", any other value as it is."""
    if isinstance(value, dict):
        return f"{value['median']:.3g} ({value['min']:.3g}-{value['max']:.3g})"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def ratio_row(
    head: tuple[str, str, str], name: str, taken: list[float], base: list[float]
) -> dict[str, object]:
    """Returns a row: the name, the times, and their ratios to those of ``base`` by repeat."""
    ratios = [one / other for one, other in zip(taken, base, strict=True)]
    return dict(zip(head, (name, summary(taken), summary(ratios)), strict=True))


def ratio_table(rows: list[dict[str, object]]) -> str:
    """Returns rows with the same columns as Markdown."""
    head = list(rows[0])
    lines = [head, ["---"] * len(head), *([cell(value) for value in one.values()] for one in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def device_name(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{platform.machine()} CPU, {torch.get_num_threads()} threads"

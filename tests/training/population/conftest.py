"""Small data, and what "the same curve" means; no network, no files."""

from collections.abc import Callable, Iterator

import pytest
import torch
from population_recipes import Recipe

from dropout_study.data import Examples, Splits, make_splits
from dropout_study.trial import Metrics


def _examples(count: int, seed: int) -> Examples:
    """Four classes that a network can nearly tell apart: a bright quarter under noise."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(count) % 4
    images = torch.randint(0, 200, (count, 1, 12, 12), generator=generator)
    for label in range(4):
        row, column = divmod(label, 2)
        part = images[labels == label]
        part[:, :, 6 * row : 6 * row + 6, 6 * column : 6 * column + 6] += 40
        images[labels == label] = part
    return Examples(images.clamp(max=255).to(torch.uint8), labels)


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> Iterator[None]:
    """Tensors this small are done sooner on one thread; plans make their own."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def splits() -> Splits:
    """700 training (a last, smaller minibatch), 300 validation and 1,000 test images."""
    return make_splits(_examples(1000, 0), _examples(1000, 1), classes=4, val_size=300)


@pytest.fixture(scope="session")
def recipe() -> type[Recipe]:
    return Recipe


def _assert_same_curve(got: list[Metrics], want: list[Metrics]) -> None:
    assert [row["epoch"] for row in got] == [row["epoch"] for row in want]
    for row, alone in zip(got, want, strict=True):
        for part in ("train", "val", "test"):
            loss, accuracy = row[f"{part}_loss"], row[f"{part}_accuracy"]
            assert loss == pytest.approx(alone[f"{part}_loss"], rel=1e-4)
            assert abs(accuracy - alone[f"{part}_accuracy"]) <= 2.001 / 1000


@pytest.fixture(scope="session")
def assert_same_curve() -> Callable[[list[Metrics], list[Metrics]], None]:
    """Loss to 1e-4 relative, accuracy within 2 images of 1,000, at every epoch."""
    return _assert_same_curve

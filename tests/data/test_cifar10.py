import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch

from dropout_study.data import cifar10


class FakeCIFAR10:
    """Stands in for torchvision's class: 30 + 20 images, found anywhere but in ``nowhere``."""

    def __init__(self, root: str, *, train: bool, download: bool) -> None:
        if Path(root).name == "nowhere":
            raise RuntimeError("Dataset not found or corrupted.\nYou can use download=True")
        count = 30 if train else 20
        self.data = np.zeros((count, 32, 32, 3), dtype=np.uint8)
        self.data[..., 1] = np.arange(count)[:, None, None]  # green is the image's index
        self.data[:, 0, :, 2] = 7  # blue in the first row
        self.targets = [n % 10 for n in range(count)]


@pytest.fixture
def torchvision(monkeypatch: pytest.MonkeyPatch) -> None:
    datasets = ModuleType("torchvision.datasets")
    datasets.CIFAR10 = FakeCIFAR10
    monkeypatch.setitem(sys.modules, "torchvision", ModuleType("torchvision"))
    monkeypatch.setitem(sys.modules, "torchvision.datasets", datasets)


@pytest.mark.usefixtures("torchvision")
def test_images_are_channels_first_and_keep_their_labels(tmp_path):
    splits = cifar10(str(tmp_path), val_size=10)
    assert splits.in_shape == (3, 32, 32)
    assert (len(splits.train), len(splits.val), len(splits.test)) == (20, 10, 20)
    assert torch.equal(splits.train.images[:, 1, 5, 5] % 10, splits.train.labels)
    assert splits.test.images[0, 2, 0].tolist() == [7] * 32
    assert splits.test.images[0, 2, 1:].sum() == 0


@pytest.mark.usefixtures("torchvision")
def test_later_starts_need_no_torchvision(monkeypatch, cache_dir):
    first = cifar10()
    assert (cache_dir / "cifar10.pt").is_file()
    monkeypatch.setitem(sys.modules, "torchvision.datasets", None)
    assert torch.equal(cifar10().train.images, first.train.images)


@pytest.mark.usefixtures("torchvision")
def test_missing_data_names_the_place_and_the_ways_out(tmp_path, told):
    message = told(cifar10, str(tmp_path / "nowhere"))
    for part in (str(tmp_path / "nowhere"), "not found or corrupted", "`data.root=DIR`"):
        assert part in message


def test_a_truncated_file_is_noticed_by_torchvision_itself(tmp_path, told):
    batches = tmp_path / "cifar-10-batches-py"
    batches.mkdir()
    (batches / "data_batch_1").write_bytes(b"half a batch")
    message = told(cifar10, str(tmp_path))
    assert str(tmp_path) in message
    assert "not found or corrupted" in message

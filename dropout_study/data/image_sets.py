"""Fashion-MNIST, MNIST and KMNIST: 60,000 + 10,000 grey images of 28x28 pixels, ten classes."""

from pathlib import Path
from typing import Unpack

from dropout_study.data.cut import Cut, make_splits
from dropout_study.data.idx import idx_examples
from dropout_study.data.sources import IdxSource
from dropout_study.data.splits import Splits

FASHION_MNIST = IdxSource(
    name="fashion_mnist",
    torchvision_class="FashionMNIST",
    md5={
        "train-images-idx3-ubyte": "f4a8712d7a061bf5bd6d2ca38dc4d50a",
        "train-labels-idx1-ubyte": "9018921c3c673c538a1fc5bad174d6f9",
        "t10k-images-idx3-ubyte": "8181f5470baa50b63fa0f6fddb340f0a",
        "t10k-labels-idx1-ubyte": "15d484375f8d13e6eb1aabb0c3f46965",
    },
    system_dir=Path("/usr/share/datasets/fashion-mnist"),
    system_package="dataset-fashion-mnist",
)
MNIST = IdxSource(
    name="mnist",
    torchvision_class="MNIST",
    md5={
        "train-images-idx3-ubyte": "6bbc9ace898e44ae57da46a324031adb",
        "train-labels-idx1-ubyte": "a25bea736e30d166cdddb491f175f624",
        "t10k-images-idx3-ubyte": "2646ac647ad5339dbf082846283269ea",
        "t10k-labels-idx1-ubyte": "27ae3e4e09519cfbb04c329615203637",
    },
)
# Checksums of KMNIST's uncompressed files are not published; torchvision checks its download.
KMNIST = IdxSource(name="kmnist", torchvision_class="KMNIST", md5={})

FASHION_NAMES = (
    *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"),
    *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
)
KMNIST_NAMES = ("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo")


def fashion_mnist(root: str | None = None, **cut: Unpack[Cut]) -> Splits:
    """Returns Fashion-MNIST (Xiao, Rasul & Vollgraf 2017).

    Args:
        root: the directory of the four files; None to search the places of ``IdxSource.load``.
        cut: the sizes of the splits, see ``make_splits``.
    """
    return _load(FASHION_MNIST, root, cut, FASHION_NAMES)


def mnist(root: str | None = None, **cut: Unpack[Cut]) -> Splits:
    """Returns MNIST (LeCun, Cortes & Burges); arguments as ``fashion_mnist``."""
    return _load(MNIST, root, cut, tuple("0123456789"))


def kmnist(root: str | None = None, **cut: Unpack[Cut]) -> Splits:
    """Returns Kuzushiji-MNIST (Clanuwat et al. 2018); arguments as ``fashion_mnist``."""
    return _load(KMNIST, root, cut, KMNIST_NAMES)


def _load(source: IdxSource, root: str | None, cut: Cut, names: tuple[str, ...]) -> Splits:
    train, test = idx_examples(source.load(root))
    return make_splits(train, test, classes=10, class_names=names, **cut)

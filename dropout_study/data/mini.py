"""The embedded part of Fashion-MNIST: 6,000 training and 1,000 test images, no download."""

import io
import tarfile
from pathlib import Path
from typing import Unpack

from torch import Tensor

from dropout_study.data.cut import Cut, make_splits
from dropout_study.data.idx import decode_idx, idx_examples
from dropout_study.data.image_sets import FASHION_NAMES
from dropout_study.data.splits import Splits

MINI_FILE = Path(__file__).parent / "files" / "fashion_mnist_mini.tar.xz"


def fashion_mnist_mini(**cut: Unpack[Cut]) -> Splits:
    """Returns the embedded images; ``cut`` as in ``make_splits``."""
    train, test = idx_examples(read_mini(MINI_FILE.read_bytes()))
    return make_splits(train, test, classes=10, class_names=FASHION_NAMES, **cut)


def read_mini(packed: bytes) -> dict[str, Tensor]:
    """Returns the four tensors from an archive that ``make_mini.pack_mini`` made."""
    parts: dict[str, Tensor] = {}
    with tarfile.open(fileobj=io.BytesIO(packed), mode="r:xz") as archive:
        for entry in archive:
            member = archive.extractfile(entry)
            if member is not None:
                parts[entry.name] = decode_idx(member.read(), entry.name)
    return parts

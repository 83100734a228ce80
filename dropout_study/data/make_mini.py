"""Makes the embedded data set from the four original files. The result is always the same bytes.

python -m dropout_study.data.make_mini /usr/share/datasets/fashion-mnist OUT
"""

import io
import lzma
import sys
import tarfile
from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

from dropout_study.data.cut import stratified_order
from dropout_study.data.idx import IDX_FILES, encode_idx, find_idx_files, read_idx_files
from dropout_study.data.image_sets import FASHION_MNIST

TRAIN_SIZE, TEST_SIZE, SELECTION_SEED = 6_000, 1_000, 0


def select_mini(originals: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Returns a subset of the four original tensors, stratified by class."""
    subset: dict[str, Tensor] = {}
    for images, labels, size in (
        (IDX_FILES[0], IDX_FILES[1], TRAIN_SIZE),
        (IDX_FILES[2], IDX_FILES[3], TEST_SIZE),
    ):
        chosen = stratified_order(originals[labels].long(), SELECTION_SEED)[:size]
        subset[images] = originals[images][chosen]
        subset[labels] = originals[labels][chosen]
    return subset


def pack_mini(parts: Mapping[str, Tensor]) -> bytes:
    """Returns a compressed archive of the four tensors as IDX files, always the same bytes."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name in IDX_FILES:
            content = encode_idx(parts[name])
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return lzma.compress(packed.getvalue(), preset=9 | lzma.PRESET_EXTREME)


def main(directory: str, out: str) -> None:
    """Makes the file ``out`` from the originals in ``directory``."""
    files = find_idx_files(Path(directory))
    if files is None:
        sys.exit(f"{directory} must hold {', '.join(IDX_FILES)}, plain or .gz")
    packed = pack_mini(select_mini(read_idx_files(files, FASHION_MNIST.md5)))
    Path(out).write_bytes(packed)
    print(f"{out}: {len(packed):,} bytes")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])

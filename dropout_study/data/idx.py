"""The IDX format of MNIST and similar data sets: reads, checks and writes the four files.

Format: http://yann.lecun.com/exdb/mnist (a 4-byte magic number, the sizes, then the bytes).
"""

import gzip
import hashlib
import math
import struct
import zlib
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from dropout_study.data.splits import Examples
from dropout_study.errors import UserError

IDX_FILES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)


def decode_idx(content: bytes, origin: str) -> Tensor:
    """Returns the tensor of an uncompressed IDX file: uint8, [N, H, W] or [N].

    Raises:
        UserError: ``content`` is not an IDX file of bytes, or is truncated. The message contains
            ``origin``.
    """
    if len(content) < 4 or content[:3] != b"\0\0\x08" or not 1 <= content[3] <= 3:
        raise UserError(f"{origin} is not an IDX file of unsigned bytes; get it again")
    header = 4 + 4 * content[3]
    sizes = struct.unpack(f">{content[3]}I", content[4:header].ljust(header - 4, b"\xff"))
    if len(content) != header + math.prod(sizes):
        raise UserError(
            f"{origin} has {len(content)} bytes, its header says {header + math.prod(sizes)}: "
            "truncated or corrupted; get it again"
        )
    return torch.frombuffer(bytearray(content), dtype=torch.uint8)[header:].reshape(sizes)


def encode_idx(tensor: Tensor) -> bytes:
    """Returns the uncompressed IDX file of a uint8 tensor of one to three dimensions."""
    header = struct.pack(f">HBB{tensor.ndim}I", 0, 8, tensor.ndim, *tensor.shape)
    return header + tensor.contiguous().numpy().tobytes()


def find_idx_files(directory: Path) -> dict[str, Path] | None:
    """Returns the four files in ``directory``, plain or ``.gz``, or None if one is missing."""
    found: dict[str, Path] = {}
    for name in IDX_FILES:
        candidates = (directory / name, directory / f"{name}.gz")
        path = next((path for path in candidates if path.is_file()), None)
        if path is None:
            return None
        found[name] = path
    return found


def read_idx_files(files: Mapping[str, Path], md5: Mapping[str, str]) -> dict[str, Tensor]:
    """Reads the four files and checks their uncompressed content.

    Args:
        files: the path of each of ``IDX_FILES``, plain or ``.gz``.
        md5: the checksums of the uncompressed files. A file without a checksum is not compared.

    Raises:
        UserError: a file cannot be read, is truncated or corrupted, or has another content.
    """
    parts = {n: decode_idx(_read(path, md5.get(n)), str(path)) for n, path in files.items()}
    for images, labels in (IDX_FILES[:2], IDX_FILES[2:]):
        shapes = tuple(parts[images].shape), tuple(parts[labels].shape)
        if (len(shapes[0]), len(shapes[1])) != (3, 1) or shapes[0][0] != shapes[1][0]:
            raise UserError(
                f"{files[images]} has shape {shapes[0]} and {files[labels]} {shapes[1]}: they must "
                "be [N, H, W] and [N]; one file has a wrong name; get the files again"
            )
    return parts


def _read(path: Path, md5: str | None) -> bytes:
    try:
        content = path.read_bytes()
        if path.suffix == ".gz":
            content = gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        raise UserError(f"{path} cannot be read: {error}; get it again") from error
    if md5 is not None and checksum(content) != md5:
        raise UserError(
            f"{path} is not the original file: MD5 of its uncompressed content is "
            f"{checksum(content)}, the original's is {md5}; get it again"
        )
    return content


def checksum(content: bytes) -> str:
    """Returns the MD5 of ``content``, as published by the data sets' authors; not for security."""
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def idx_examples(parts: Mapping[str, Tensor]) -> tuple[Examples, Examples]:
    """Returns the training and the test examples from the four tensors of ``IDX_FILES``."""
    train_images, train_labels, test_images, test_labels = (parts[name] for name in IDX_FILES)
    return (
        Examples(train_images.unsqueeze(1), train_labels.long()),
        Examples(test_images.unsqueeze(1), test_labels.long()),
    )

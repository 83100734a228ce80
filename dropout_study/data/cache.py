"""The cache of tensor files. With it, later starts neither unpack files nor import torchvision."""

import logging
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from dropout_study.data.idx import checksum, encode_idx
from dropout_study.files import atomic_write
from dropout_study.paths import cache_dir

log = logging.getLogger(__name__)


def cached_file(name: str) -> Path:
    """Returns the path of the cached tensors of the data set ``name``."""
    return cache_dir() / f"{name}.pt"


def read_cache(name: str, md5: Mapping[str, str]) -> dict[str, Tensor] | None:
    """Returns the cached tensors, memory-mapped, or None if there are none or they are damaged.

    Args:
        name: the data set.
        md5: the checksum that each tensor must have as an IDX file. A tensor that is not listed
            here is compared with the checksum that was stored when the cache was written.
    """
    path = cached_file(name)
    if not path.is_file():
        return None
    try:
        kept = torch.load(path, weights_only=True, mmap=True)
        parts: dict[str, Tensor] = kept["parts"]
        for part, expected in {**kept["md5"], **md5}.items():
            if checksum(encode_idx(parts[part])) != expected:
                raise ValueError(f"{part} differs from the original")
    except Exception as error:
        log.warning("%s: %s is damaged and is made again (%s)", name, path, error)
        return None
    log.info("%s: found in the cache, %s", name, path)
    return parts


def write_cache(name: str, parts: dict[str, Tensor]) -> dict[str, Tensor]:
    """Writes ``parts`` to the cache and returns them. A failed write only slows the next start."""
    md5 = {part: checksum(encode_idx(tensor)) for part, tensor in parts.items()}
    try:
        with atomic_write(cached_file(name)) as temporary:
            torch.save({"parts": parts, "md5": md5}, temporary)
    except (OSError, RuntimeError) as error:
        log.warning("%s: cannot be written to the cache (%s)", name, error)
    return parts

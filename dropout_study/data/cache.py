"""The tensor files kept in the cache: later starts neither unpack nor import torchvision."""

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
    """Returns where the tensors of data set ``name`` are kept."""
    return cache_dir() / f"{name}.pt"


def read_cache(name: str, md5: Mapping[str, str]) -> dict[str, Tensor] | None:
    """Returns the kept tensors, memory-mapped, or None if there are none or they are damaged.

    Args:
        name: the data set.
        md5: checksums the tensors must have, as IDX files; those not named here are compared with
            the ones taken when the file was written.
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
        log.warning("%s: %s is damaged, making it again (%s)", name, path, error)
        return None
    log.info("%s: found in the cache, %s", name, path)
    return parts


def write_cache(name: str, parts: dict[str, Tensor]) -> dict[str, Tensor]:
    """Keeps ``parts`` and returns them; if that fails, only the next start is slower."""
    md5 = {part: checksum(encode_idx(tensor)) for part, tensor in parts.items()}
    try:
        with atomic_write(cached_file(name)) as temporary:
            torch.save({"parts": parts, "md5": md5}, temporary)
    except (OSError, RuntimeError) as error:
        log.warning("%s: not kept in the cache (%s)", name, error)
    return parts

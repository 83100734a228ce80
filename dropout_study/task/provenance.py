"""Records what a trial was trained with: versions, commit, device, threads, rates, data.

These are needed to repeat its numbers. The size of the test set gives the uncertainty of an
accuracy.
"""

import hashlib
import platform
import subprocess
import sys
from dataclasses import asdict
from functools import cache, lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch
from torch import nn

from dropout_study.data import Examples, Splits
from dropout_study.data.pixels import PixelFacts
from dropout_study.paths import JobPaths
from dropout_study.task.job_files import JobFiles
from dropout_study.task.rates import noise_rates
from dropout_study.trial import VAL_ACCURACY, Objective

PACKAGES = ("dropout-study", "torch", "hydra-core", "omegaconf", "optuna", "numpy")


def write_provenance(
    paths: JobPaths, splits: Splits, model: nn.Module, objective: Objective = VAL_ACCURACY
) -> None:
    """Writes ``provenance.json``, whole or not at all.

    Args:
        paths: the job's paths.
        splits: its data.
        model: its network, before training.
        objective: of the trial.
    """
    facts = {
        "python": sys.version.split()[0],
        "platform": platform.platform(),
        "packages": package_versions(),
        "commit": source_commit(),
        "device": device_name(splits.train.labels.device),
        "threads": torch.get_num_threads(),
        "rates": noise_rates(model, splits.in_shape),
        "objective": asdict(objective),
        "data": data_facts(splits),
    }
    JobFiles(paths).write_provenance(facts)


@cache
def package_versions() -> dict[str, str]:
    """Returns the versions of this package and of the packages that its numbers depend on."""
    found: dict[str, str] = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:  # it runs from a checkout and is not installed
            continue
    return found


@cache
def source_commit() -> str | None:
    """Returns the commit of the checkout that this package runs from, with "-dirty" if edited.

    None if the package is installed from a wheel; then its version is enough.
    """
    root = Path(__file__).parents[2]
    if not (root / ".git").exists():
        return None
    command = ["git", "-C", str(root), "describe", "--always", "--dirty", "--abbrev=40"]
    try:
        told = subprocess.run(command, capture_output=True, text=True, check=True, timeout=10)
    except (OSError, subprocess.SubprocessError):
        return None
    return told.stdout.strip() or None


def device_name(device: torch.device) -> str:
    """Returns the device in words, e.g. "cpu, 2 threads" or "NVIDIA H100"."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    threads = torch.get_num_threads()
    return f"{device.type}, {threads} thread{'s' if threads > 1 else ''}"


@lru_cache(maxsize=1)  # the trials of a process share their data
def data_facts(splits: Splits) -> dict[str, Any]:
    """Returns sizes and shapes of the splits, and a SHA-256 of their images and labels in order."""
    checksum = hashlib.sha256()
    for part in (splits.train, splits.val, splits.test):
        if part is not None:
            _update(checksum, part)
    return {
        "train": len(splits.train),
        "val": len(splits.val) if splits.val else 0,
        "test": len(splits.test),
        "classes": splits.classes,
        "in_shape": list(splits.in_shape),
        "class_names": splits.class_names and list(splits.class_names),
        "pixels": PixelFacts.of(splits).as_dict(),
        "sha256": checksum.hexdigest(),
    }


def _update(checksum: "hashlib._Hash", part: Examples) -> None:
    for tensor in (part.images, part.labels):
        checksum.update(tensor.contiguous().view(torch.uint8).cpu().numpy().data)

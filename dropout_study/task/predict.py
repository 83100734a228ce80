"""``dropout-study-predict``: the classes of images, by the weights that a trial has kept."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from math import nan
from pathlib import Path

import numpy as np
import torch
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from PIL import Image, UnidentifiedImageError
from torch import Tensor
from yaml import YAMLError

from dropout_study.checks import check_at_least
from dropout_study.errors import UserError
from dropout_study.paths import JobPaths
from dropout_study.task.checkpoint import load_checkpoint
from dropout_study.task.task import build_model
from dropout_study.training.predict import probabilities, sampled_probabilities


@dataclass(frozen=True)
class RecordedFacts:
    """What a network must know of its data: the shape (C, H, W) and the number of classes."""

    in_shape: tuple[int, ...]
    classes: int


@dataclass(frozen=True)
class Guess:
    """One class of one image: its probability, and the spread of that over thinned networks."""

    label: int
    probability: float
    sd: float


def predict(
    job_dir: Path, images: Sequence[Path], *, samples: int = 0, seed: int = 0
) -> list[list[Guess]]:
    """Returns the classes of each image, the most probable first.

    The network is built from the configuration in ``job_dir``, whose classes it imports; its
    weights are read as safetensors and run nothing.

    Args:
        job_dir: a job directory with ``checkpoint.safetensors``.
        images: image files. They are made grey where the network wants one channel, and resized;
            they must look like the training images (Fashion-MNIST: light on black).
        samples: networks thinned by dropout, for mean and spread; 0 for dropout off, no spread.
        seed: of the dropout noise.

    Raises:
        UserError: a file is missing or damaged.
    """
    check_at_least("samples", samples, low=0)
    paths = JobPaths(job_dir)
    config, facts = _read_job(paths)
    model = build_model(config, facts)
    load_checkpoint(paths, model)
    pixels = torch.stack([read_image(path, facts.in_shape) for path in images])
    if samples:
        drawn = sampled_probabilities(model, pixels, samples, seed)
        spread = drawn.std(dim=1) if samples > 1 else torch.full_like(drawn[:, 0], nan)
        return _guesses(drawn.mean(dim=1), spread)
    shares = probabilities(model, pixels)
    return _guesses(shares, torch.full_like(shares, nan))


def _guesses(shares: Tensor, spread: Tensor) -> list[list[Guess]]:
    """shares, spread: [N, K]."""
    return [
        [Guess(k, float(row[k]), float(sds[k])) for k in row.argsort(descending=True).tolist()]
        for row, sds in zip(shares, spread, strict=True)
    ]


def _read_job(paths: JobPaths) -> tuple[DictConfig, RecordedFacts]:
    try:
        config = OmegaConf.load(paths.config_yaml)
        data = json.loads(paths.provenance_json.read_text(encoding="utf-8"))["data"]
        facts = RecordedFacts(tuple(int(n) for n in data["in_shape"]), int(data["classes"]))
    except (OSError, ValueError, KeyError, TypeError, YAMLError, OmegaConfBaseException) as error:
        told = " ".join(str(error).split())
        raise UserError(
            f"{paths.root} must be the directory of a run or trial, with .hydra/config.yaml and "
            f"provenance.json: {told}"
        ) from error
    if not isinstance(config, DictConfig) or not {"model", "trainer"} <= set(config):
        raise UserError(f"{paths.config_yaml} is no configuration of a trial")
    return config, facts


def read_image(path: Path, in_shape: tuple[int, ...]) -> Tensor:
    """Returns an image file as [C, H, W] in [0, 1], grey or RGB, resized where need be.

    Raises:
        UserError: there is no image at ``path``, or the network's are neither grey nor RGB.
    """
    channels, height, width = in_shape
    if channels not in (1, 3):
        raise UserError(f"the network takes images of {channels} channels; files have 1 or 3")
    try:
        with Image.open(path) as opened:
            image = opened.convert("L" if channels == 1 else "RGB")
    except (OSError, UnidentifiedImageError) as error:
        raise UserError(f"{path} is no image that can be read: {error}") from error
    if image.size != (width, height):
        image = image.resize((width, height), Image.Resampling.BILINEAR)
    pixels = torch.from_numpy(np.array(image, dtype=np.float32) / 255)
    return pixels.reshape(height, width, channels).permute(2, 0, 1)

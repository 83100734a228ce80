"""``dropout-study-predict``: predicts the classes of images with a trial's saved weights."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from math import nan
from pathlib import Path

import torch
from omegaconf import DictConfig
from torch import Tensor, nn

from dropout_study.checks import check_at_least
from dropout_study.config.check import check_config
from dropout_study.data.pixels import PixelFacts
from dropout_study.errors import UserError
from dropout_study.noise.attach import begin_epoch, own_rates
from dropout_study.paths import JobPaths
from dropout_study.task.build import build_model, build_schedule
from dropout_study.task.checkpoint import load_checkpoint
from dropout_study.task.images import read_image
from dropout_study.task.job_files import DataFacts, JobFileError, JobFiles
from dropout_study.task.recorded import recorded_config
from dropout_study.training.predict import are_equal, probabilities, sampled_logits

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Guess:
    """One class of one image.

    Attributes:
        label: the number of the class.
        probability: the probability of the class.
        sd: its standard deviation over thinned networks; NaN without such networks.
        name: the name of the class, if the data has names.
    """

    label: int
    probability: float
    sd: float
    name: str | None = None


def predict(
    job_dir: Path, images: Sequence[Path], *, samples: int = 0, seed: int = 0
) -> list[list[Guess]]:
    """Returns the classes of each image, the most probable first.

    The network is built from the configuration in ``job_dir``, see ``recorded_config``. The weights
    are read as safetensors, which runs no code.

    Args:
        job_dir: a job directory with ``checkpoint.safetensors``.
        images: image files, read by ``read_image``; they must look like the training images
            (Fashion-MNIST: light on black).
        samples: number of networks thinned by dropout, for mean and spread; 0 for dropout off.
        seed: the seed of the dropout noise.

    Raises:
        UserError: a file is missing or damaged, or the configuration is not trusted.
    """
    check_at_least("samples", samples, low=0)
    model, _, facts = trained_network(job_dir)
    scale = _pixels(job_dir, facts)
    pixels = torch.stack([read_image(path, facts.in_shape, scale) for path in images])
    if samples:
        logits = sampled_logits(model, pixels, samples, seed)
        drawn = torch.softmax(logits, dim=2)
        spread = drawn.std(dim=1) if samples > 1 else torch.full_like(drawn[:, 0], nan)
        if samples > 1 and are_equal(logits):
            log.warning(
                "all %d samples are equal: the network has no noise that can be switched on, so no "
                "spread is given",
                samples,
            )
            spread = torch.full_like(spread, nan)
        return _guesses(drawn.mean(dim=1), spread, facts.class_names)
    shares = probabilities(model, pixels)
    return _guesses(shares, torch.full_like(shares, nan), facts.class_names)


def _guesses(shares: Tensor, spread: Tensor, names: tuple[str, ...] | None) -> list[list[Guess]]:
    """shares, spread: [N, K]."""
    named = dict(enumerate(names or ()))
    return [
        [
            Guess(k, float(row[k]), float(sds[k]), named.get(k))
            for k in row.argsort(descending=True).tolist()
        ]
        for row, sds in zip(shares, spread, strict=True)
    ]


def trained_network(job_dir: Path) -> tuple[nn.Module, DictConfig, DataFacts]:
    """Returns the network of a job with its weights, its configuration and its data's facts.

    A schedule's rates are those of the epoch whose weights are saved.

    Raises:
        UserError: a file is missing or damaged.
    """
    paths = JobPaths(job_dir)
    files = JobFiles(paths)
    try:
        config, data = recorded_config(files), files.data()
    except JobFileError as error:
        raise UserError(
            f"{job_dir} must be the directory of a run or trial, with .hydra/config.yaml and "
            f"provenance.json: {error}"
        ) from error
    try:
        check_config(config)
    except UserError as error:
        raise UserError(f"{paths.config_yaml}: {error}") from error
    model = build_model(config, data)
    if (epoch := load_checkpoint(paths, model)) is not None:
        epochs, schedule = config.trainer.epochs, build_schedule(config)
        begin_epoch(model, own_rates(model), epoch, epochs, schedule)
    return model, config, data


def _pixels(job_dir: Path, data: DataFacts) -> PixelFacts:
    if data.pixels is None:
        raise UserError("the trial was recorded without the scale of its images; train it again")
    try:
        return PixelFacts.from_dict(data.pixels)
    except (KeyError, TypeError) as error:
        raise UserError(f"{JobPaths(job_dir).provenance_json} is damaged: {error}") from error

"""``dropout-study-predict JOBDIR --split test``: ways to predict, compared on a labelled split."""

import csv
import logging
from collections.abc import Collection, Sequence
from numbers import Integral, Real
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf
from torch import nn

from dropout_study.checks import check_list, check_one_of, check_whole
from dropout_study.data import Splits
from dropout_study.errors import UserError, argument_error
from dropout_study.files import atomic_write
from dropout_study.noise.known import at_rate
from dropout_study.paths import JobPaths
from dropout_study.task.build import load_splits
from dropout_study.task.job_files import JobFiles
from dropout_study.task.predict import trained_network
from dropout_study.task.provenance import data_facts
from dropout_study.task.rates import OTHER
from dropout_study.training import resolve_device
from dropout_study.training.device import autocast
from dropout_study.training.inference import METRICS, Inference, compare_inference
from dropout_study.trial import SPLITS

log = logging.getLogger(__name__)

SAMPLES = 50
"""Passes where their number is not given."""
COLUMNS = [
    *("way", "samples", "rate", "examples"),
    *METRICS,
    *(f"{name}_sd" for name in METRICS),
]
"""The columns of ``inference_<split>.csv``."""


def infer(
    job_dir: Path,
    *,
    split: str,
    samples: Sequence[int] = (SAMPLES,),
    rates: Sequence[float] = (),
    layers: Collection[str] | None = None,
    seed: int = 0,
) -> Inference:
    """Compares ways to predict on a split, writes ``inference_<split>.csv`` and returns them.

    Args:
        job_dir: a job directory with ``checkpoint.safetensors``.
        split: train, val or test.
        samples: numbers of passes with the noise on, the largest at least 2.
        rates: that the noise layers get for the evaluation instead of their own; none for their
            own.
        layers: the names of the layers that get these rates; None for those that have noise.
        seed: of the noise.

    Raises:
        UserError: a value cannot be used, or a file is missing or damaged.
    """
    check_inference(split, samples, rates)
    model, config, facts = trained_network(job_dir)
    at_rates = _at_rates(model, job_dir, rates, layers)
    device = resolve_device("auto")
    splits = load_splits(OmegaConf.to_yaml(config.data, resolve=True), device)
    examples = getattr(splits, split)
    if examples is None:
        raise UserError("the run has no validation data; use --split test or --split train")
    _warn_of_other_data(splits, facts.sha256)
    moved = {rate: network.to(device) for rate, network in at_rates.items()}
    with autocast(device, config.trainer.precision == "bfloat16"):
        found = compare_inference(model.to(device), examples, samples, seed, moved)
    _write(JobPaths(job_dir).inference_csv(split), found)
    return found


def check_inference(split: str, samples: Sequence[int], rates: Sequence[float]) -> None:
    """Raises UserError if a value cannot be used for any network."""
    check_one_of("split", split, options=SPLITS)
    for count in check_list("samples", samples, (Integral,), "whole numbers"):
        check_whole("samples", count, low=1)
    if max(samples, default=0) < 2:
        raise argument_error("samples", list(samples), "must have a whole number >= 2")
    for rate in check_list("rates", rates, (Real,), "numbers"):
        if not 0 <= rate <= 1:
            raise argument_error("rates", rate, "must be in [0, 1]", "0 is without noise")


def noisy_layers(job_dir: Path) -> set[str]:
    """Returns the names of a run's layers that have noise, as recorded when it was trained.

    Raises:
        UserError: they are not known, or not all noise is that of layers with a rate.
    """
    rates = JobFiles(JobPaths(job_dir)).rates()
    if rates is None:
        raise UserError(f"{job_dir} has no record of its noise layers; train it again")
    if unknown := [name for name, rate in rates.items() if rate is None]:
        where = "outside of its noise layers" if OTHER in unknown else f"in layer {unknown[0]}"
        raise UserError(
            f"the network has noise {where} whose rate cannot be set; leave out `rates`, or use "
            "noise layers with a rate (nn.Dropout instead of torch.nn.functional.dropout)"
        )
    return {name for name, rate in rates.items() if rate}


def _at_rates(
    model: nn.Module, job_dir: Path, rates: Sequence[float], layers: Collection[str] | None
) -> dict[float, nn.Module]:
    """Returns the network with other rates, by rate."""
    if not rates:
        return {}
    noisy = noisy_layers(job_dir) if layers is None else layers
    own = [name for name, _ in model.named_modules() if name in noisy]
    if not own:
        raise UserError(
            "`rates` needs a layer that had noise in training, and the network has none; leave "
            "it out, or give the directory of a study in which other trials had noise"
        )
    return {rate: at_rate(model, own, rate) for rate in rates}


def _warn_of_other_data(splits: Splits, recorded: str) -> None:
    if recorded and data_facts(splits)["sha256"] != recorded:
        log.warning("the data are not those that the run was trained with: their SHA-256 differs")


def inference_rows(found: Inference) -> list[dict[str, Any]]:
    """Returns a row for each way, with the columns of ``COLUMNS``; None for a missing number."""
    return [
        {
            **dict.fromkeys(COLUMNS),
            **{"way": way.name, "samples": way.samples, "rate": way.rate},
            **{"examples": found.examples, **way.numbers},
            **{f"{name}_sd": sd for name, sd in way.sd.items()},
        }
        for way in found.ways
    ]


def _write(path: Path, found: Inference) -> None:
    with (
        atomic_write(path, durable=False) as temporary,
        temporary.open("w", newline="", encoding="utf-8") as stream,
    ):
        writer = csv.DictWriter(stream, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(inference_rows(found))

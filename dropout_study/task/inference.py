"""``dropout-study-predict JOBDIR split=test``: ways to predict, compared on a labelled split."""

import csv
import logging
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from dropout_study.checks import check_at_least, check_one_of
from dropout_study.data import Splits
from dropout_study.errors import UserError
from dropout_study.files import atomic_write
from dropout_study.paths import JobPaths
from dropout_study.task.build import load_splits
from dropout_study.task.predict import trained_network
from dropout_study.task.provenance import data_facts
from dropout_study.training import resolve_device
from dropout_study.training.device import autocast
from dropout_study.training.inference import METRICS, Inference, compare_inference
from dropout_study.trial import SPLITS

log = logging.getLogger(__name__)

SAMPLES = 50
"""Passes where their number is not given."""


def infer(job_dir: Path, *, split: str, samples: int = SAMPLES, seed: int = 0) -> Inference:
    """Compares ways to predict on a split, writes ``inference_<split>.csv`` and returns them.

    Args:
        job_dir: a job directory with ``checkpoint.safetensors``.
        split: train, val or test.
        samples: passes with the noise on, at least 2.
        seed: of the noise.

    Raises:
        UserError: a value cannot be used, or a file is missing or damaged.
    """
    check_one_of("split", split, options=SPLITS)
    check_at_least("samples", samples, low=2)
    model, config, facts = trained_network(job_dir)
    device = resolve_device("auto")
    splits = load_splits(OmegaConf.to_yaml(config.data, resolve=True), device)
    examples = getattr(splits, split)
    if examples is None:
        raise UserError("the run has no validation data; use split=test or split=train")
    _warn_of_other_data(splits, facts.sha256)
    with autocast(device, config.trainer.precision == "bfloat16"):
        found = compare_inference(model.to(device), examples, samples, seed)
    _write(JobPaths(job_dir).inference_csv(split), found, samples, len(examples))
    return found


def _warn_of_other_data(splits: Splits, recorded: str) -> None:
    if recorded and data_facts(splits)["sha256"] != recorded:
        log.warning("the data are not those that the run was trained with: their SHA-256 differs")


def _write(path: Path, found: Inference, samples: int, examples: int) -> None:
    """Writes a row a way; a cell that a way has no number for is empty."""
    columns = ["way", "samples", "examples", *METRICS, *(f"{name}_sd" for name in METRICS)]
    with (
        atomic_write(path, durable=False) as temporary,
        temporary.open("w", newline="", encoding="utf-8") as stream,
    ):
        writer = csv.DictWriter(stream, columns, lineterminator="\n")
        writer.writeheader()
        for way in found.ways:
            own: dict[str, Any] = {"way": way.name, "examples": examples}
            own["samples"] = 1 if way.name == "weight_scaling" else samples
            spread = {f"{name}_sd": sd for name, sd in way.sd.items()}
            writer.writerow({**own, **way.numbers, **spread})

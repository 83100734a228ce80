"""One prepared trial: ``open_trial``. Every command trains trials through it."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from functools import lru_cache, partial
from pathlib import Path

import torch
from omegaconf import DictConfig, OmegaConf
from torch import nn

from dropout_study.config.check import check_config, check_validation
from dropout_study.data import Splits
from dropout_study.errors import TrialPruned, UserError
from dropout_study.paths import JobPaths
from dropout_study.sweeper.current import RunningTrial
from dropout_study.task.build import (
    build_model,
    build_optimizer,
    load_splits,
    metric_types,
    train_settings,
)
from dropout_study.task.checkpoint import CheckpointFile
from dropout_study.task.early_stopping import EarlyStopping
from dropout_study.task.first_logits import check_first_logits
from dropout_study.task.fits import check_settings
from dropout_study.task.history import HistoryFile
from dropout_study.task.provenance import write_provenance
from dropout_study.task.resume import kept, resumed
from dropout_study.task.tracker import tracking
from dropout_study.training import TrainSettings, allow_tf32, resolve_device, train_single
from dropout_study.training.measures import Measuring
from dropout_study.training.metrics import MetricTypes
from dropout_study.trial import VAL_ACCURACY, Metrics, Objective, OnEpoch, Summary, trial_metrics

log = logging.getLogger(__name__)


@dataclass(eq=False)
class Trial:
    """A trial that is ready to be trained.

    Attributes:
        model: maps images [B, C, H, W] to logits [B, K]; on the device of ``splits``.
        optimizer: the optimizer of the model's parameters.
        splits: the data.
        settings: epochs, batch size, precision, seed, schedules.
        metrics: the metrics of each split.
        summary: from which epochs the trial's numbers are taken.
        objective: the trial's objective.
        early_stopping: ends the training when the objective no longer improves; None to train on.
        listeners: called after every epoch: its files and trackers.
        earlier: the epochs that an earlier process has trained; they are told again, in order.
        history: its epochs so far.
        measuring: its measures, which know the network from before its first epoch.
    """

    model: nn.Module
    optimizer: torch.optim.Optimizer
    splits: Splits
    settings: TrainSettings
    metrics: MetricTypes
    summary: Summary
    objective: Objective
    early_stopping: EarlyStopping | None = None
    listeners: list[OnEpoch] = field(default_factory=list)
    earlier: list[Metrics] = field(default_factory=list)
    history: list[Metrics] = field(default_factory=list)
    measuring: Measuring = field(init=False)

    def __post_init__(self) -> None:
        self.measuring = Measuring(self.model, self.settings)
        if self.early_stopping is not None:
            self.listeners.append(self.early_stopping)

    def has_ended(self, epochs_run: int) -> bool:
        """Returns whether the training is complete: it has all its epochs, or stopped early."""
        stopped = self.early_stopping is not None and self.early_stopping.stopped
        return stopped or epochs_run == self.settings.epochs

    def on_epoch(self, row: Metrics) -> bool:
        """Adds an epoch and calls every listener with it; returns whether all of them go on."""
        self.history.append(row)
        goes_on = [listener(row) for listener in self.listeners]
        return all(goes_on)

    def numbers(self, history: Sequence[Metrics]) -> Metrics:
        """Returns the trial's numbers after the epochs of ``history`` (at least one)."""
        numbers = trial_metrics(
            history, objective=self.objective, summary=self.summary, seed=self.settings.seed
        )
        return {**numbers, "images": len(history) * len(self.splits.train)}

    def train(self, *on_epoch: OnEpoch) -> Metrics:
        """Trains and returns the trial's numbers.

        Args:
            on_epoch: also called after every epoch; training goes on while all return True.

        Raises:
            DivergedError: a loss is not finite.
        """
        self.listeners += on_epoch
        if all(self.on_epoch(row) for row in self.earlier):
            train_single(
                self.model,
                self.optimizer,
                self.splits,
                self.settings,
                self.on_epoch,
                self.metrics,
                history=self.earlier,
                measuring=self.measuring,
            )
        return self.numbers(self.history)

    def train_for(self, running: RunningTrial) -> Metrics:
        """Trains as ``train`` does and reports the objective after every epoch.

        The reported value is the one that the trial would have if it ended there. Epochs of an
        earlier process are reported again: the study may not know the last one.

        Raises:
            DivergedError: a loss is not finite.
            TrialPruned: the pruner has ended the trial before its last epoch.
        """

        def report(row: Metrics) -> bool:
            value = self.summary.of(self.history, self.objective).get(self.objective.name)
            if value is not None:
                running.report(value, row["epoch"])
            return self.has_ended(row["epoch"]) or not running.should_prune()

        numbers = self.train(report)
        if not self.has_ended(numbers["epochs_run"]):
            raise TrialPruned(numbers, running.may_continue)
        return numbers


@contextmanager
def open_trial(
    config: DictConfig,
    job_dir: Path | None,
    *,
    objective: Objective = VAL_ACCURACY,
    all_examples: bool = False,
) -> Iterator[Trial]:
    """Yields the trial of ``config``, ready to be trained; closes it at the end.

    Args:
        config: with the groups model, data, optimizer and trainer.
        job_dir: the directory of its files: ``provenance.json`` is written now, the others during
            training; None for no files and no trackers. If it has the state of this trial from an
            earlier process, the trial continues from there.
        objective: the trial's objective.
        all_examples: whether to train on the validation examples too, as in a confirmation; then
            no weights are saved.

    Raises:
        UserError: a value cannot be used or the data cannot be read.
    """
    build = partial(_build, config, objective, all_examples)
    if job_dir is None:
        yield build()
        return
    paths, trial = JobPaths(job_dir), build()
    write_provenance(paths, trial.splits, trial.model, objective)
    trial, resume = resumed(trial, build, config, paths, all_examples=all_examples)
    with tracking(config, str(job_dir)) as trackers, kept(resume):
        trial.listeners.append(HistoryFile(paths.history_csv))
        checkpoint = config.trainer.get("checkpoint", "none")
        if checkpoint != "none" and not all_examples:
            earlier = len(trial.earlier)
            saved = CheckpointFile(paths, trial.model, checkpoint, objective, earlier=earlier)
            trial.listeners.append(saved)
        trial.listeners += trackers
        if resume is not None:
            trial.listeners.append(resume)  # last: what is in the file has been told to all
        yield trial


def _build(config: DictConfig, objective: Objective, all_examples: bool) -> Trial:
    check_config(config)
    device = resolve_device(config.trainer.device)
    allow_tf32(config.trainer.precision == "tf32")
    splits = load_splits(OmegaConf.to_yaml(config.data, resolve=True), device)
    if splits.val is None:
        check_validation(config)
    whole, splits = splits, _merged(splits) if all_examples else splits
    model = build_model(config, splits).to(device)
    check_first_logits(model, splits, config.trainer.batch_size)
    optimizer = build_optimizer(config, model)
    settings = train_settings(config)
    check_settings(model, whole, settings)
    if settings.lr_schedule is not None:
        settings.lr_schedule(deepcopy(optimizer))  # an invalid schedule is refused here
    summary = Summary.parse("trainer.objective", config.trainer.get("objective", "last"))
    early = _early_stopping(config, objective, all_examples)
    metrics = metric_types(config)
    return Trial(model, optimizer, splits, settings, metrics, summary, objective, early)


def _early_stopping(
    config: DictConfig, objective: Objective, all_examples: bool
) -> EarlyStopping | None:
    patience = config.trainer.get("patience")
    if patience is None:
        return None
    if all_examples:
        raise UserError(
            f"`trainer.patience={patience}` needs validation data, and this run would be trained "
            "on it; use --merge 0"
        )
    return EarlyStopping(objective, patience)


@lru_cache(maxsize=1)  # the runs of a confirmation share their data
def _merged(splits: Splits) -> Splits:
    merged = splits.merged()
    if splits.val is not None:
        log.info(
            "training on %d examples: %d of the training split and %d of validation",
            *(len(merged.train), len(splits.train), len(splits.val)),
        )
    return merged

"""The reference loop: trains one network, as a reader of the book would write it.

Every draw is a function of (seed, purpose, epoch, iteration, layer). So a trial gives the same
numbers in every process, alone or in a population.
"""

from collections.abc import Sequence
from time import perf_counter

import torch
from torch import nn

from dropout_study.data.splits import Examples, Splits
from dropout_study.noise.attach import ModelNoise, log_noise
from dropout_study.noise.known import rates_of
from dropout_study.noise.source import Noise
from dropout_study.randomness import draw_key
from dropout_study.training.device import autocast
from dropout_study.training.evaluate import evaluate
from dropout_study.training.generators import kept_generators, seed_generators
from dropout_study.training.images import scaled
from dropout_study.training.lr import LearningRate
from dropout_study.training.measures.measuring import Measuring
from dropout_study.training.metrics import (
    DEFAULT_METRICS,
    Meter,
    MetricTypes,
    check_finite,
    epoch_row,
)
from dropout_study.training.order import epoch_order
from dropout_study.training.settings import TrainSettings
from dropout_study.training.update import train_minibatch
from dropout_study.trial import Metrics, OnEpoch


def train_single(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    splits: Splits,
    settings: TrainSettings,
    on_epoch: OnEpoch = lambda _: True,
    metrics: MetricTypes = DEFAULT_METRICS,
    *,
    history: Sequence[Metrics] = (),
    measuring: Measuring | None = None,
) -> list[Metrics]:
    """Trains ``model`` in place and returns the numbers of every epoch.

    Args:
        model: maps images [B, C, H, W] to logits [B, K]; on the same device as ``splits``.
        optimizer: the optimizer of the model's parameters.
        splits: the data; ``splits.val`` and ``splits.test`` are only evaluated.
        settings: epochs, batch size, precision and seed.
        on_epoch: called with each epoch's numbers; training stops early when it returns False.
        metrics: the metrics of each split.
        history: the epochs that ``model`` and ``optimizer`` have already been trained for; the
            training goes on after them.
        measuring: the measures, which know the network from before its first epoch; None to make
            them now.

    Raises:
        DivergedError: the loss of an epoch on a split is not finite.
    """
    device = splits.train.labels.device
    noise = Noise(settings.seed, device)
    history = list(history)
    lr = LearningRate(optimizer, settings.lr_schedule, epochs=len(history))
    measuring = measuring or Measuring(model, settings)
    log_noise(model)
    with (
        ModelNoise(model, noise) as layers,
        kept_generators(device),
    ):
        for epoch in range(len(history), settings.epochs):
            started = perf_counter()
            layers.begin_epoch(epoch + 1, settings.epochs, settings.schedule)
            train = _train_epoch(model, optimizer, splits.train, settings, noise, epoch, metrics)
            with autocast(device, settings.bfloat16):
                val = evaluate(model, splits.val, metrics) if splits.val else None
                test = evaluate(model, splits.test, metrics)
            seconds = perf_counter() - started
            row = epoch_row(epoch + 1, train, val, test, lr.value, rates_of(model), seconds)
            check_finite(row)
            row |= measuring.after(splits, epoch + 1)
            row["seconds"] = perf_counter() - started
            lr.step()
            history.append(row)
            if not on_epoch(row):
                break
    return history


def _train_epoch(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    train: Examples,
    settings: TrainSettings,
    noise: Noise,
    epoch: int,
    metrics: MetricTypes,
) -> dict[str, float]:
    """Returns the metrics of the epoch's minibatches, in training mode."""
    model.train()
    order = epoch_order(len(train), settings.seed, epoch).to(train.labels.device)
    meter = Meter(metrics, 1, train.labels.device)
    for iteration, index in enumerate(torch.split(order, settings.batch_size)):
        batch = train.take(index)
        noise.seek(epoch, iteration)
        seed_generators(draw_key(settings.seed, "other", epoch, iteration))
        images = scaled(batch.images)
        loss, logits = train_minibatch(model, optimizer, images, batch.labels, settings, len(train))
        meter.update(logits.unsqueeze(0), batch.labels, loss.unsqueeze(0))
    return meter.compute()[0]

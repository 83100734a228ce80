"""Estimates the cost of a sweep of this project's task: a timed epoch times the trials' epochs."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import islice

from omegaconf import DictConfig

from dropout_study.sweeper.settings import SweepSettings

AVERAGED = 200  # random points, whose mean number of epochs is that of a trial


def cost_of_training(
    config: DictConfig,
    settings: SweepSettings,
    first: Sequence[DictConfig],
    more: Iterator[DictConfig],
) -> str:
    """Returns a text on the cost of a sweep, from one epoch that is trained here.

    Args:
        config: a trial's configuration, without the searched values.
        settings: the sweeper's settings.
        first: the configurations of the enqueued trials.
        more: an endless iterator of configurations of random trials.

    Raises:
        UserError: the trial cannot be built.
    """
    seconds = seconds_per_epoch(config)
    trials = settings.n_trials * settings.replicates
    epochs = mean_epochs(settings.n_trials, first, more)
    planned = trials * epochs
    total = timedelta(seconds=round(seconds * min(planned, settings.budget or planned)))
    told = (
        f"An epoch takes {seconds:.3g} s here and a trial {epochs:.3g} epochs on average: "
        f"{total} (h:mm:ss) of training, one run after another and none pruned"
    )
    if settings.budget is not None and settings.budget < planned:
        told += f", for {settings.budget} of {planned:.0f} epochs (hydra.sweeper.budget)"
    return f"{told}."


def seconds_per_epoch(config: DictConfig) -> float:
    """Returns the seconds of a trial's second epoch, evaluation included; it writes no file.

    The first epoch takes longer: it loads libraries and allocates memory.
    """
    from dropout_study.task.trial import open_trial
    from dropout_study.training import train_single

    with open_trial(config, None) as trial:
        settings = replace(trial.settings, epochs=2)
        history = train_single(
            trial.model, trial.optimizer, trial.splits, settings, metrics=trial.metrics
        )
    return float(history[-1]["seconds"])


def mean_epochs(n_trials: int, first: Sequence[DictConfig], more: Iterator[DictConfig]) -> float:
    """Returns the mean number of epochs of ``n_trials`` trials, the first ones and random ones."""
    known = [config.trainer.epochs for config in first[:n_trials]]
    if len(known) == n_trials:
        return float(sum(known)) / n_trials
    drawn = [config.trainer.epochs for config in islice(more, AVERAGED)]
    rest = (n_trials - len(known)) * sum(drawn) / len(drawn)
    return float(sum(known) + rest) / n_trials

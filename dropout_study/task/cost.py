"""Estimates the cost of a sweep of this project's task: a timed epoch times the trials' epochs."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import islice

from omegaconf import DictConfig
from optuna.samplers import RandomSampler

from dropout_study.search.asktell import Suggest
from dropout_study.search.space import Params
from dropout_study.sweep.display.dry_run import first_points
from dropout_study.sweep.settings import SweepSettings

AVERAGED = 200  # random points, whose mean number of epochs is that of a trial


def cost_of_training(
    config: DictConfig, settings: SweepSettings, points: Sequence[Params], suggest: Suggest
) -> str:
    """Returns a text on the cost of a sweep, from one epoch that is trained here.

    Args:
        config: a trial's configuration, without the searched values.
        settings: the sweeper's settings.
        points: the enqueued points.
        suggest: suggests the parameters of a trial.

    Raises:
        UserError: the trial cannot be built.
    """
    seconds = seconds_per_epoch(config)
    trials = settings.n_trials * settings.replicates
    epochs = mean_epochs(config.trainer.epochs, settings.n_trials, points, suggest)
    total = timedelta(seconds=round(seconds * trials * epochs))
    return (
        f"An epoch takes {seconds:.3g} s here and a trial {epochs:.3g} epochs on average: "
        f"{total} (h:mm:ss) of training, one run after another and none pruned."
    )


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


def mean_epochs(
    default: int,
    n_trials: int,
    points: Sequence[Params],
    suggest: Suggest,
    key: str = "trainer.epochs",
) -> float:
    """Returns the mean number of epochs of ``n_trials`` trials: the points, then random points."""
    given = first_points(points, suggest, RandomSampler(seed=0))
    known = [point.get(key, default) for point in islice(given, min(len(points), n_trials))]
    drawn = [point.get(key, default) for point in islice(given, AVERAGED)]
    rest = (n_trials - len(known)) * sum(drawn) / len(drawn)
    return float(sum(known) + rest) / n_trials

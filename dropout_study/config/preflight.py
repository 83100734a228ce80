"""Checks before a run or a sweep starts and writes anything."""

from typing import Any

from hydra.experimental.callback import Callback
from omegaconf import DictConfig, OmegaConf

from dropout_study.config.check import check_config, check_validation
from dropout_study.config.directories import claim_directory
from dropout_study.config.explain import unwritable
from dropout_study.errors import UserError


class Preflight(Callback):
    """Ends the program with one line if a value is out of range or a directory is in use."""

    def on_run_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Checks a single run."""
        _or_exit(config, sweep=False)

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Checks the configuration that the trials of a sweep share."""
        _or_exit(config, sweep=True)


def _or_exit(config: DictConfig, *, sweep: bool) -> None:
    """Exits if a check fails. Hydra turns a callback's exceptions into warnings."""
    try:
        (check_trial if sweep else check_config)(config)
        if OmegaConf.select(config, "data.val_size") == 0:
            check_validation(config)
        if not sweep and config.trainer.device not in ("auto", "cpu"):
            from dropout_study.training.device import resolve_device

            resolve_device(config.trainer.device)  # the jobs of a sweep may run on another machine
        claim_directory(config)
    except OSError as error:
        raise SystemExit(f"dropout-study: {unwritable(error)}") from error
    except UserError as error:
        raise SystemExit(f"dropout-study: {error}") from error


def check_trial(config: DictConfig) -> None:
    """Checks the configuration of a sweep's trial, or the one that its trials share.

    Raises:
        UserError: a value is out of its range, or there is no validation data.
    """
    check_config(config)
    if OmegaConf.select(config, "data.val_size") == 0:
        raise UserError(
            "`data.val_size` must be > 0 in a sweep, got 0: trials are chosen by validation "
            "accuracy, never by the test set; use data.val_size=5000 or a single run"
        )

"""Checks before a run or a sweep starts and writes anything."""

from collections.abc import Callable
from typing import Any

from hydra.experimental.callback import Callback
from hydra.utils import get_method
from omegaconf import DictConfig, OmegaConf

from dropout_study.config.check import check_config, check_validation
from dropout_study.config.directories import claim_directory
from dropout_study.config.explain import unwritable
from dropout_study.config.instantiate import check_targets
from dropout_study.config.mode import check_no_sweep, check_sweep
from dropout_study.errors import UserError


class Preflight(Callback):
    """Ends the program with one line if a value is out of range or a directory is in use.

    Args:
        check: dotted path of a function that also checks the configuration of a single run, and
            raises ``UserError``. (For a sweep, a mark of its task names such a function.)
    """

    def __init__(self, check: str | None = None) -> None:
        self._check = check

    def on_run_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Checks a single run."""
        _or_exit(config, self._check_run)

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Checks the configuration that the trials of a sweep share."""
        _or_exit(config, _check_sweep)

    def _check_run(self, config: DictConfig) -> None:
        check_no_sweep(config)
        check_config(config)
        check_targets(config)
        if OmegaConf.select(config, "data.val_size") == 0:
            check_validation(config)
        if config.trainer.device not in ("auto", "cpu"):
            from dropout_study.training.device import resolve_device

            resolve_device(config.trainer.device)  # the jobs of a sweep may run on another machine
        if self._check is not None:
            get_method(self._check)(config)


def _check_sweep(config: DictConfig) -> None:
    check_sweep(config)
    check_trial(config, shared=True)


def _or_exit(config: DictConfig, check: Callable[[DictConfig], None]) -> None:
    """Exits if a check fails. Hydra turns a callback's exceptions into warnings."""
    try:
        check(config)
        claim_directory(config)
    except OSError as error:
        raise SystemExit(f"dropout-study: {unwritable(error)}") from error
    except UserError as error:
        raise SystemExit(f"dropout-study: {error}") from error


def check_trial(config: DictConfig, *, shared: bool = False) -> None:
    """Checks the configuration of a sweep's trial, or the one that its trials share (``shared``).

    Raises:
        UserError: a value is out of its range, or there is no validation data.
    """
    check_config(config, shared=shared)
    check_targets(config)
    if OmegaConf.select(config, "data.val_size") == 0:
        raise UserError(
            "`data.val_size` must be > 0 in a sweep, got 0: trials are chosen by validation "
            "accuracy, never by the test set; use data.val_size=5000 or a single run"
        )

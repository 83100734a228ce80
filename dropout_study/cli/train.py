"""``dropout-study``: trains one run or sweeps."""

import os
import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException

from dropout_study.cli.argv import options_first
from dropout_study.cli.options import PROGRAM, version_line
from dropout_study.config.explain import explain, while_composing
from dropout_study.config.hydra_main import HYDRA_MAIN
from dropout_study.config.shared_store import share_config_store
from dropout_study.errors import UserError
from dropout_study.launch import population_form
from dropout_study.paths import JobPaths, conf_dir
from dropout_study.sweeper.ending import INTERRUPTED
from dropout_study.sweeper.marks import (
    checks,
    counts,
    counts_epochs,
    estimates_cost,
    offers_objectives,
    places,
    preloads,
)

FULL_ERROR = "HYDRA_FULL_ERROR"
PREFIX = f"{PROGRAM}: "
"""The beginning of an error line."""

MISTAKES = (UserError, HydraException, OmegaConfBaseException, OSError)


APPLICATION = hydra.main(config_path=str(conf_dir()), config_name="config", **HYDRA_MAIN)
"""Makes a Hydra application of a task function."""


@APPLICATION
@population_form("dropout_study.launch.trial_form.TrialForm")
@preloads("dropout_study.task.build.preload")
@checks("dropout_study.task.fits.check_trial")
@estimates_cost("dropout_study.task.cost.cost_of_training")
@counts("images")
@counts_epochs("trainer.epochs", "dropout_study.task.shared_epochs.SharedEpochs")
@places("dropout_study.launch.placing.place")
@offers_objectives("dropout_study.task.objectives.offered_objectives")
def task(config: DictConfig) -> dict[str, Any]:
    """Trains one trial and returns its metrics; ``value`` is the objective."""
    from dropout_study.report.callback import draw_curves
    from dropout_study.sweeper.current import current_trial
    from dropout_study.sweeper.ending import resume_command, stopped_by_sigterm
    from dropout_study.sweeper.source import StudyStopping
    from dropout_study.task.objectives import current_objective
    from dropout_study.task.progress import RunProgress
    from dropout_study.task.trial import open_trial

    hydra_config = HydraConfig.get()
    job_dir = Path(hydra_config.runtime.output_dir)
    opened = open_trial(config, job_dir, objective=current_objective())
    if hydra_config.mode == RunMode.MULTIRUN:
        with opened as trial:
            return trial.train_for(current_trial())
    try:
        with (
            stopped_by_sigterm() as leave,
            opened as trial,
            RunProgress(
                trial.settings.epochs, len(trial.splits.train), len(trial.earlier)
            ) as progress,
        ):
            return trial.train(progress, leave)
    except (KeyboardInterrupt, StudyStopping):
        told = "interrupted"
        if JobPaths(job_dir).resume.is_file():
            given = any("hydra.run.dir=" in word for word in sys.argv)
            where = "" if given else f" {shlex.quote(f'hydra.run.dir={job_dir}')}"
            told += f"; continue with: {resume_command()}{where}"
        print(told, file=sys.stderr)
        draw_curves(hydra_config)  # of the epochs that were trained
        raise SystemExit(INTERRUPTED) from None
    except MISTAKES as error:
        raise SystemExit(f"{PREFIX}{explain(error)}") from error


def run(words: Sequence[str], application: Callable[[], Any] = task) -> None:
    """Does what the command line ``dropout-study`` with these words says.

    Args:
        words: options and settings. They become those of this process, as in its messages.
        application: the task, as a Hydra application.

    Raises:
        Exception: one of ``MISTAKES`` where the user has made one.
        SystemExit: with one line where a check has failed; 130 after an interrupt.
    """
    share_config_store()
    given = os.environ.get(FULL_ERROR, "0")
    os.environ[FULL_ERROR] = "1"  # Hydra then raises its errors instead of printing them
    try:
        sys.argv[1:] = options_first(words)
        application()
    finally:
        os.environ[FULL_ERROR] = given


@contextmanager
def raising_user_errors() -> Iterator[None]:
    """Raises what ``run`` raises as exceptions for a caller in Python.

    Raises:
        UserError: with the line that the command would print.
        KeyboardInterrupt: after an interrupt.
    """
    try:
        yield
    except SystemExit as end:
        if end.code == INTERRUPTED:
            raise KeyboardInterrupt from None
        raise UserError(str(end.code).removeprefix(PREFIX)) from end.__cause__
    except Exception as error:
        if isinstance(error, UserError) or not _is_mistake(error):
            raise
        raise UserError(explain(error)) from error


def _is_mistake(error: Exception) -> bool:
    """Returns whether an error is the user's, and none of the user's own code."""
    return isinstance(error, MISTAKES) or while_composing(error)


def main() -> None:
    """``dropout-study``: a user error ends the program with one line and exit code 1.

    ``HYDRA_FULL_ERROR=1`` also shows the traceback.
    """
    if "--version" in sys.argv[1:]:
        print(version_line())
        return
    traceback = os.environ.get(FULL_ERROR) == "1"
    try:
        run(sys.argv[1:])
    except SystemExit as refusal:
        if traceback and refusal.__cause__ is not None:
            raise refusal.__cause__ from None
        raise
    except Exception as error:
        if traceback or not _is_mistake(error):
            raise
        sys.exit(f"{PREFIX}{explain(error)}")
    except KeyboardInterrupt:  # before the first epoch, or before the first trial
        print("interrupted", file=sys.stderr)
        sys.exit(INTERRUPTED)

"""``dropout-study``: trains one run or sweeps."""

import os
import shlex
import sys
from pathlib import Path
from typing import Any

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException

from dropout_study.cli.argv import options_first
from dropout_study.cli.options import version_line
from dropout_study.config.explain import explain, while_composing
from dropout_study.config.hydra_main import HYDRA_MAIN
from dropout_study.config.shared_store import share_config_store
from dropout_study.errors import UserError
from dropout_study.launch import population_form
from dropout_study.paths import JobPaths, conf_dir
from dropout_study.sweep.marks import (
    checks,
    counts,
    counts_epochs,
    estimates_cost,
    offers_objectives,
    places,
    preloads,
)

FULL_ERROR = "HYDRA_FULL_ERROR"

MISTAKES = (UserError, HydraException, OmegaConfBaseException, OSError)


@hydra.main(config_path=str(conf_dir()), config_name="config", **HYDRA_MAIN)
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
    from dropout_study.sweep.current import current_trial
    from dropout_study.sweep.ending import INTERRUPTED, resume_command, stopped_by_sigterm
    from dropout_study.sweep.source import StudyStopping
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
        raise SystemExit(f"dropout-study: {explain(error)}") from error


def main() -> None:
    """``dropout-study``: a user error ends the program with one line and exit code 1.

    ``HYDRA_FULL_ERROR=1`` also shows the traceback.
    """
    if "--version" in sys.argv[1:]:
        print(version_line())
        return
    share_config_store()
    given = os.environ.get(FULL_ERROR, "0")
    os.environ[FULL_ERROR] = "1"  # Hydra then raises its errors instead of printing them
    try:
        sys.argv[1:] = options_first(sys.argv[1:])
        task()
    except SystemExit as refusal:
        if given == "1" and refusal.__cause__ is not None:
            raise refusal.__cause__ from None
        raise
    except Exception as error:
        mistake = isinstance(error, MISTAKES) or while_composing(error)
        if given == "1" or not mistake:
            raise  # the user asked for the traceback, or the error is in the user's own code
        sys.exit(f"dropout-study: {explain(error)}")
    except KeyboardInterrupt:  # before the first epoch, or before the first trial
        print("interrupted", file=sys.stderr)
        sys.exit(130)
    finally:
        os.environ[FULL_ERROR] = given

"""Checks of a study's directory: it belongs to one study, and the study's name is a valid one."""

import optuna
from omegaconf import DictConfig, OmegaConf

from dropout_study.checks import check_directory_name
from dropout_study.errors import UserError
from dropout_study.paths import StudyPaths


def check_study_name(name: str | None, config: DictConfig) -> None:
    """Checks the study's name if the sweep directory is named by it.

    Raises:
        UserError: the sweep directory would be outside of the directory of all studies, or that
            directory itself.
    """
    sweep = OmegaConf.to_container(config.hydra.sweep, resolve=False)
    written = str(sweep.get("dir") if isinstance(sweep, dict) else "")
    if name == "" or (name is not None and "study_name" in written):
        check_directory_name("hydra.sweeper.study_name", name)


def check_owner(study: optuna.Study, paths: StudyPaths) -> None:
    """Refuses a directory that holds the trials of another sweep.

    Raises:
        UserError: the study has no trial yet, but its directory holds trials.
    """
    there = paths.numbers()  # before the trials: a trial is recorded before it has a directory
    if there and not study.get_trials(deepcopy=False):
        raise UserError(
            f"{paths.root} holds {len(there)} trials that are not of study `{study.study_name}`; "
            "a directory belongs to one study: give this one a directory of its own with "
            "hydra.sweep.dir=DIR"
        )

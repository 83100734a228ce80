"""Checks of a study's directory: it belongs to one study, and the study's name is a valid one."""

import optuna
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from dropout_study.checks import check_directory_name
from dropout_study.config.keys import is_ours
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
    """Refuses a directory of another sweep, one that runs at the same time included.

    Raises:
        UserError: the study has no trial yet, but its directory holds trials; or another study
            was begun there.
    """
    owner = owner_of(paths)
    if owner is not None and owner != study.study_name:
        raise UserError(
            f"{paths.root} belongs to study `{owner}`, not `{study.study_name}`; a directory "
            "belongs to one study: give this one a directory of its own with hydra.sweep.dir=DIR"
        )
    there = paths.numbers()  # before the trials: a trial is recorded before it has a directory
    if there and not study.get_trials(deepcopy=False):
        raise UserError(
            f"{paths.root} holds {len(there)} trials that are not of study `{study.study_name}`; "
            "a directory belongs to one study: give this one a directory of its own with "
            "hydra.sweep.dir=DIR"
        )


def owner_of(paths: StudyPaths) -> str | None:
    """Returns the name of the study that was begun in a directory; None if it is not known."""
    try:
        config = OmegaConf.load(paths.multirun_yaml)
        sweeper = OmegaConf.select(config, "hydra.sweeper")
        return (sweeper.study_name or paths.root.name) if is_ours(sweeper) else None
    except (OSError, YAMLError, OmegaConfBaseException):  # there is none, or it is damaged
        return None

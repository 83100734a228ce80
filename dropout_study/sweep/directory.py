"""The directory of a study: it belongs to that study alone, and its name is a plain one."""

import optuna
from omegaconf import DictConfig, OmegaConf

from dropout_study.checks import check_directory_name
from dropout_study.errors import UserError
from dropout_study.paths import StudyPaths


def check_study_name(name: str | None, config: DictConfig) -> None:
    """Checks a study's name where it names the sweep directory as well.

    Raises:
        UserError: it would leave the directory of the studies, or fill it itself.
    """
    sweep = OmegaConf.to_container(config.hydra.sweep, resolve=False)
    written = str(sweep.get("dir") if isinstance(sweep, dict) else "")
    if name == "" or (name is not None and "study_name" in written):
        check_directory_name("hydra.sweeper.study_name", name)


def check_owner(study: optuna.Study, paths: StudyPaths) -> None:
    """Refuses a directory in which another sweep has left its trials.

    Raises:
        UserError: the study has no trial yet, and its directory has.
    """
    there = paths.numbers()  # before the trials: a trial is recorded before it has a directory
    if there and not study.get_trials(deepcopy=False):
        raise UserError(
            f"{paths.root} holds {len(there)} trials that are not of study `{study.study_name}`; "
            "a directory belongs to one study: give this one a directory of its own with "
            "hydra.sweep.dir=DIR"
        )

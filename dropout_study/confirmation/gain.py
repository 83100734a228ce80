"""What does dropout buy? Two searches with equal budgets, whose best trials can be compared."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from omegaconf import DictConfig, OmegaConf

from dropout_study.config.hydra_main import compose_sweep
from dropout_study.config.overrides import to_override
from dropout_study.confirmation.plan import best_of, image_facts, trial_config
from dropout_study.confirmation.settable import rate_settings
from dropout_study.errors import UserError
from dropout_study.report.view import StudyView
from dropout_study.results.study import load_study

NAME = "search_space.study_name"
SUFFIX = "_no_dropout"
OWNED = ("hydra.sweep.dir", "hydra.sweeper.study_name")
"""Settings that a caller cannot give, because the two studies need one of their own each."""


def search_with_and_without(
    overrides: Sequence[str], config: DictConfig, config_dir: Path | None = None
) -> tuple[Path, Path]:
    """Searches with dropout and without; returns the directories of the two studies.

    Both studies have the same settings, the same number of trials and the same given points. In the
    second one the dropout rates are 0 and not searched. A study that exists is continued.

    Args:
        overrides: of both sweeps, as after ``dropout-study --multirun``.
        config: what they are composed to, see ``sweep_config``.
        config_dir: a directory of the user's own configurations.

    Raises:
        UserError: a sweep fails, or the network has no dropout rate that could be searched.
    """
    flags = [] if config_dir is None else ["--config-dir", str(config_dir)]
    study, name = Path(config.hydra.sweep.dir), str(config.search_space.study_name)
    _sweep([*flags, *overrides])
    rates = _rates(study)
    _sweep(
        [
            *flags,
            *overrides,
            to_override(NAME, name + SUFFIX),
            to_override("search_space.enqueue", _without(config, rates)),
            *(f"{key}=0.0" for key in rates),
        ]
    )
    return study, study.with_name(study.name + SUFFIX)


def sweep_config(overrides: Sequence[str], config_dir: Path | None) -> DictConfig:
    """Returns the configuration of the sweep."""
    for override in overrides:
        if override.lstrip("+").partition("=")[0] in OWNED:
            raise UserError(f"`{override}` cannot be given here; use {NAME}=NAME")
    return compose_sweep(overrides, config_dir)


def _sweep(overrides: Sequence[str]) -> None:
    """Runs ``dropout-study --multirun`` as a program of its own."""
    command = [sys.executable, "-m", "dropout_study", "--multirun", *overrides]
    if subprocess.run(command, check=False).returncode != 0:
        raise UserError("the sweep has failed; its message is above")


def _rates(study: Path) -> list[str]:
    """Returns the settings that are dropout rates of the study's best trial."""
    view = StudyView(load_study(study))
    number = best_of(view).number
    facts = image_facts(view, number)
    config = trial_config(view, number)
    keys = view.rates.keys or (rate_settings(config, facts) if facts else [])
    if not keys:
        raise UserError(
            f"no setting of {study} is known to be a dropout rate; name them with "
            "'hydra.callbacks.report.rates=[KEY]'"
        )
    return list(keys)


def _without(config: DictConfig, rates: Sequence[str]) -> list[dict[str, object]]:
    """Returns the given points of the search without their rates, each once."""
    points = OmegaConf.to_container(config.search_space.get("enqueue") or OmegaConf.create([]))
    assert isinstance(points, list)
    found: list[dict[str, object]] = []
    for point in points:
        rest = {str(key): value for key, value in dict(point).items() if key not in rates}
        if rest and rest not in found:
            found.append(rest)
    return found

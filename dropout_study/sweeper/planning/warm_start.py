"""Reads the complete trials of earlier studies as points of the present search space."""

import logging
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import optuna
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from optuna.samplers import RandomSampler
from optuna.trial import FrozenTrial, TrialState
from yaml import YAMLError

from dropout_study.config.keys import is_ours
from dropout_study.errors import UserError
from dropout_study.paths import StudyPaths
from dropout_study.randomness import draw_key
from dropout_study.search.conditions import holds, search_order
from dropout_study.search.earlier import EarlierTrial
from dropout_study.search.identity import IDENTITY_ATTR, MOST_TOLD, Identity
from dropout_study.search.storage.open import closing_storage, open_storage
from dropout_study.search.storage.urls import absolute_url, file_of
from dropout_study.sweeper.planning.parameters import Parameter
from dropout_study.sweeper.planning.prepare import Prepared
from dropout_study.sweeper.settings import SweepSettings

log = logging.getLogger(__name__)

SETTING = "hydra.sweeper.warm_start"
OBJECTIVES = "hydra.sweeper.objectives."
"""The beginning of an objective's name among the facts of a study."""
UNKNOWN = object()


@dataclass(frozen=True)
class Source:
    """An earlier study.

    Attributes:
        given: its directory, as the user wrote it.
        trials: its complete trials.
        directions: the directions of its objectives.
        facts: what all its trials shared, by name, with the chosen options of groups.
    """

    given: str
    trials: list[FrozenTrial]
    directions: list[str]
    facts: Mapping[str, Any]

    @property
    def objectives(self) -> list[str]:
        """The names of its objectives."""
        return [n.removeprefix(OBJECTIVES) for n in self.facts if n.startswith(OBJECTIVES)]


def earlier_trials(ready: Prepared, root: Path) -> list[EarlierTrial]:
    """Returns the complete trials of the studies in ``hydra.sweeper.warm_start``.

    A parameter that is not searched now is left out. One that is searched now and was not then has
    the value that its study gave all trials; if that is not known, a random value of its range. A
    trial with a value outside of the present space is left out.

    Args:
        ready: the sweep, planned and checked.
        root: the directory of the sweep's own study.

    Raises:
        UserError: a directory is no study or this one, or its study has another objective, no
            common parameter or no trial in the present space.
    """
    found: list[EarlierTrial] = []
    for given in ready.settings.warm_start:
        if Path(given).resolve() == root.resolve():
            raise UserError(f"`{SETTING}`: {given} is the directory of this study itself")
        source = read_source(given)
        _check(source, ready)
        mine = [each for trial in source.trials if (each := _converted(trial, source, ready))]
        if not mine:
            raise UserError(
                f"`{SETTING}`: none of the {len(source.trials)} complete trials of {given} lies in "
                "the present search space"
            )
        _tell(source, ready, len(mine))
        found += mine
    return found


def read_source(given: str) -> Source:
    """Returns the study of a directory.

    Raises:
        UserError: there is no study of this sweeper, or it cannot be read.
    """
    paths = StudyPaths(Path(given))
    try:
        config = OmegaConf.load(paths.multirun_yaml)
        sweeper = OmegaConf.select(config, "hydra.sweeper")
        ours = is_ours(sweeper)
    except (OSError, YAMLError, OmegaConfBaseException):
        ours = False
    if not ours or not isinstance(config, DictConfig):
        raise UserError(f"`{SETTING}`: {given} is no directory of a study of this sweeper")
    try:
        url = sweeper.storage and absolute_url(sweeper.storage, Path(config.hydra.runtime.cwd))
        file = file_of(url) if url else paths.journal
        if file is not None and not file.is_file():  # to open it would make a new one
            raise UserError(f"`{SETTING}`: {given} has lost its {file.name}")
        storage = open_storage(url, paths.journal, wait_s=SweepSettings.storage_timeout)
        known = optuna.get_all_study_names(storage)
        name = sweeper.study_name or paths.root.resolve().name
        if name not in known and len(known) == 1:  # the directory may have been renamed
            name = known[0]
        study = optuna.load_study(storage=storage, study_name=name)
    except (KeyError, OSError, OmegaConfBaseException) as error:
        told = " ".join(str(error).split())
        raise UserError(f"`{SETTING}`: the study in {given} cannot be read: {told}") from error
    with closing_storage(study):
        identity = study.user_attrs.get(IDENTITY_ATTR, {})
        choices = OmegaConf.select(config, "hydra.runtime.choices") or {}
        return Source(
            given=given,
            trials=study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)),
            directions=[each.name.lower() for each in study.directions],
            facts={**{str(k): v for k, v in choices.items()}, **identity.get("facts", {})},
        )


def _check(source: Source, ready: Prepared) -> None:
    settings = ready.settings
    now = dict(zip(settings.objectives, settings.directions, strict=True))
    names = source.objectives or list(now)
    then = dict(zip(names, source.directions, strict=False))
    if list(then.items()) != list(now.items()):
        was, is_now = (
            ", ".join(f"{direction} {name}" for name, direction in each.items())
            for each in (then, now)
        )
        raise UserError(
            f"`{SETTING}`: the study in {source.given} has another objective: {was}, this one: "
            f"{is_now}"
        )
    searched = {name for trial in source.trials for name in trial.params}
    if not source.trials:
        raise UserError(f"`{SETTING}`: the study in {source.given} has no complete trial")
    if not searched & set(ready.plan.space):
        raise UserError(
            f"`{SETTING}`: the study in {source.given} has no parameter in common with this one; "
            f"it searched {', '.join(sorted(searched))}"
        )


def _converted(trial: FrozenTrial, source: Source, ready: Prepared) -> EarlierTrial | None:
    """Returns a trial as a point of the present space; None if it lies outside."""
    plan = ready.plan
    params: dict[str, Any] = {}
    for name in search_order(plan.space, plan.conditions):
        if not holds(plan.conditions.get(name, {}), plan.space, params, ready.fixed):
            continue
        known = trial.params.get(name, source.facts.get(name, UNKNOWN))
        if known is UNKNOWN:
            params[name] = _random(ready, name, f"{source.given}/{trial.number}")
        elif stored := _stored(plan.parameters[name], known):
            params[name] = stored[0]
        else:
            return None
    return EarlierTrial(f"{source.given}/{trial.number}", params, list(trial.values))


def _stored(parameter: Parameter, value: Any) -> list[Any]:
    """Returns a value of an earlier study as the present one stores it; [] if it has no such."""
    same = [choice for choice in parameter.choices if repr(choice) == repr(value)]
    with suppress(KeyError, TypeError):  # a zip has no value of one key
        return same or parameter.stored({parameter.name: value})
    return []


def _random(ready: Prepared, name: str, source: str) -> Any:
    sampler = RandomSampler(seed=draw_key(0, f"{SETTING} {source} {name}") % 2**32)
    space: Any = ready.plan.space[name]
    unused: Any = None  # a random sampler looks at neither a study nor a trial
    return sampler.sample_independent(unused, unused, name, space)


def _tell(source: Source, ready: Prepared, used: int) -> None:
    """Logs what is taken over from an earlier study."""
    log.info(
        "warm start: the sampler knows %d of the %d complete trials of %s",
        used,
        len(source.trials),
        source.given,
    )
    names = {name for trial in source.trials for name in trial.params}
    if unknown := [n for n in ready.plan.space if n not in names and n not in source.facts]:
        log.info("not known of them, so random: %s", ", ".join(unknown))
    told = _differences(source, ready.identity().facts, {*names, *ready.plan.space})
    if told:
        more = f"; and {len(told) - MOST_TOLD} more" if len(told) > MOST_TOLD else ""
        lines = "; ".join(told[:MOST_TOLD]) + more
        log.warning("the trials of %s had other settings: %s", source.given, lines)


def _differences(source: Source, now: Mapping[str, Any], searched: Collection[str]) -> list[str]:
    """Returns the settings that the trials of two studies do not share, searched ones left out."""
    shared = [
        name
        for name in sorted(source.facts.keys() & now.keys())
        if name not in searched and not name.startswith("hydra.sweeper.")
    ]
    before, after = (Identity({}, {n: side[n] for n in shared}) for side in (source.facts, now))
    return [f"`{name}` {old}, here {new}" for name, old, new in after.changes(before)]

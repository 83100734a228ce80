"""The plan of a confirmation: which configurations are trained, and with which seeds."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count, islice

from omegaconf import DictConfig, OmegaConf, open_dict

from dropout_study.confirmation.settable import ImageFacts, with_book_rates, without_dropout
from dropout_study.errors import UserError
from dropout_study.paths import StudyPaths
from dropout_study.report.objective import NotEnoughError
from dropout_study.report.predicted import predicted_best
from dropout_study.report.view import Arm, StudyView, short
from dropout_study.task.job_files import JobFileError, JobFiles, recorded_data, trial_files
from dropout_study.task.recorded import recorded_config

log = logging.getLogger(__name__)

NULL = "null_check"


@dataclass(frozen=True)
class Configuration:
    """One configuration of the confirmation.

    Attributes:
        name: its name in the table and of its directory: "trial_8", "book", "no_dropout",
            "null_check".
        description: what it is, for a reader.
        config: the configuration of a trial; each run sets its own seed.
        seeds: the seeds of the runs.
        twin: for the null check, the name of the configuration that it repeats.
        baseline: the configuration with which this one is compared, if it is not the plan's.
    """

    name: str
    description: str
    config: DictConfig
    seeds: tuple[int, ...]
    twin: str = ""
    baseline: str = ""


@dataclass(frozen=True)
class Plan:
    """The configurations, the best first, and the references that they are compared with."""

    configurations: list[Configuration]
    references: Mapping[str, str] = field(default_factory=dict)  # "book" -> a configuration's name


def plan_confirmation(view: StudyView, top: int, seeds: int) -> Plan:
    """Returns the ``top`` configurations by the objective, the references and the null check.

    The configuration of the best predicted mean is added to the ``top``, see ``predicted_best``.
    The references are the best trial with the book's rates and the best trial without dropout, both
    of the best trial's network. If no trial has these rates, the reference is the best trial with
    its rates replaced, if they can be set. All are trained with the same ``seeds`` fresh seeds. The
    null check trains the first reference again with as many other seeds. Its true difference is
    zero, so its interval shows which differences the procedure cannot detect.

    Raises:
        UserError: no trial is complete, the study has several objectives, or the configuration of
            a trial is lost.
    """
    best = best_of(view)
    fresh, other = fresh_seeds([view], seeds)
    found: dict[str, Configuration] = {}
    for rank, arm in enumerate(view.top(top), start=1):
        found[_name(arm)] = _of_trial(
            view, arm, f"{_ordinal(rank)} by {view.objective.label}", fresh
        )
    found |= _likely_best(view, found, fresh)
    references: dict[str, str] = {}
    for reference, tried in (("book", view.book), ("no_dropout", view.no_dropout)):
        configuration = _of_reference(view, best, reference, tried, fresh)
        if configuration is None:
            told = _words(reference)
            log.info("not compared with %s: no trial has that, and no known setting sets it", told)
            continue
        before = found.get(configuration.name)
        if before is not None:
            words = f"{before.description}, {_words(reference)}"
            configuration = replace(configuration, description=words)
        found[configuration.name] = configuration
        references[reference] = configuration.name
    if not references:
        references["best"] = _name(best)
    return with_null_check(list(found.values()), references, other)


def _likely_best(
    view: StudyView, found: Mapping[str, Configuration], seeds: tuple[int, ...]
) -> dict[str, Configuration]:
    """Returns the configuration of the best predicted mean, by its name; {} without one."""
    try:
        arm = predicted_best(view).arm
    except NotEnoughError as reason:
        log.info("no configuration is predicted to be the best: the prediction %s", reason)
        return {}
    name, role = _name(arm), f"best predicted {view.objective.label}"
    if name in found:
        return {name: replace(found[name], description=f"{found[name].description}, {role}")}
    return {name: _of_trial(view, arm, role, seeds)}


def best_of(view: StudyView) -> Arm:
    """Returns the best configuration of a study.

    Raises:
        UserError: no trial is complete, or the study has several objectives.
    """
    if view.objective.front:
        raise UserError(
            f"the study has several objectives ({', '.join(view.objective.names)}), so none of its "
            "configurations is the best; only a study with one objective can be confirmed"
        )
    if view.best is None:
        raise UserError("no trial of the study is complete, so there is nothing to confirm")
    return view.best


def with_null_check(
    configurations: list[Configuration], references: Mapping[str, str], seeds: tuple[int, ...]
) -> Plan:
    """Returns a plan whose last configuration is the first reference again, with other seeds."""
    twin = next(c for c in configurations if c.name == next(iter(references.values())))
    null = Configuration(NULL, f"{twin.name} again, other seeds", twin.config, seeds, twin.name)
    return Plan([*configurations, null], references)


def _of_reference(
    view: StudyView, best: Arm, reference: str, tried: Arm | None, seeds: tuple[int, ...]
) -> Configuration | None:
    """Returns the reference: a tried trial, or the best trial with changed rates, or None."""
    if tried is not None:
        others = tuple(short(name) for name in view.differing(best, tried))
        role = _words(reference) + (f" (its own {', '.join(others)})" if others else "")
        return _of_trial(view, tried, role, seeds)
    facts = image_facts(view, best.number)
    change = with_book_rates if reference == "book" else without_dropout
    config = facts and change(trial_config(view, best.number), facts, view.rates.keys)
    if not config:
        return None
    return Configuration(reference, f"trial {best.number} with {_words(reference)}", config, seeds)


def image_facts(view: StudyView, number: int) -> ImageFacts | None:
    """Returns image shape and classes as recorded by a trial, or None if they are lost."""
    runs = recorded_data(StudyPaths(view.tables.root), [number])
    return next((ImageFacts(data.in_shape, data.classes) for _, data in runs), None)


def fresh_seeds(views: Sequence[StudyView], n: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Returns two sets of ``n`` seeds that no trial has used. A larger ``n`` keeps the first."""
    used = set().union(*(view.seeds for view in views))
    fresh = list(islice((seed for seed in count() if seed not in used), 2 * n))
    return tuple(fresh[::2]), tuple(fresh[1::2])


def _of_trial(view: StudyView, arm: Arm, role: str, seeds: tuple[int, ...]) -> Configuration:
    return Configuration(_name(arm), role, trial_config(view, arm.number), seeds)


def trial_config(view: StudyView, number: int) -> DictConfig:
    """Returns the configuration of a trial as Hydra recorded it.

    Raises:
        UserError: the file is lost or damaged.
    """
    study = StudyPaths(view.tables.root)
    runs = [run for run in trial_files(study, number) if run.paths.config_yaml.is_file()]
    files = next(iter(runs), JobFiles(study.job(number)))
    try:
        config = recorded_config(files)
    except JobFileError as error:
        raise UserError(f"the configuration of trial {number} cannot be read: {error}") from error
    if not OmegaConf.is_dict(config.get("trainer")):
        path = files.paths.config_yaml
        raise UserError(f"{path} is not the configuration of a trial: it has no `trainer`")
    with open_dict(config):
        config.pop("search_space", None)
    return config


def _name(arm: Arm) -> str:
    return f"trial_{arm.number}"


def _words(reference: str) -> str:
    return "the book's rates" if reference == "book" else "no dropout"


def _ordinal(rank: int) -> str:
    return {1: "best", 2: "second", 3: "third"}.get(rank, f"{rank}th")

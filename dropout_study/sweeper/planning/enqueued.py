"""The enqueued points of a sweep, fitted into its space."""

import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from omegaconf import DictConfig

from dropout_study.config.compose import Composer
from dropout_study.config.keys import normal_key
from dropout_study.config.overrides import override_key
from dropout_study.search.space import Params
from dropout_study.sweeper.planning.candidates import check_known
from dropout_study.sweeper.planning.plan import SweepPlan, config_keys

log = logging.getLogger(__name__)


def first_points(
    points: Sequence[Mapping[str, Any]],
    plan: SweepPlan,
    known: Collection[str],
    config: DictConfig,
    composer: Composer,
) -> list[Params]:
    """Returns the enqueued points, each fitted into the space, and logs what was moved.

    A point of another option of a group (``model.width`` where the model has none) is left out. So
    points that stand in a configuration do not have to be taken away where an option is changed.

    Args:
        points: the values of each, by key.
        plan: the plan of the sweep.
        known: what is searched, and the keys of the configurations.
        config: a job's configuration.
        composer: composes the configurations of other options.

    Raises:
        UserError: a key is of no configuration.
    """
    pinned = {override_key(each) for each in OverridesParser.create().parse_overrides(plan.fixed)}
    found: list[Params] = []
    for point in points:
        if (where := _elsewhere(point, known, config, composer)) is not None:
            log.info("the enqueued point %s is left out: %s", point, where)
            continue
        params, moved = plan.fit(point)
        moved += [
            f"{key} is not searched"
            for key in map(normal_key, point)
            if key not in plan.owners and key not in pinned
        ]
        if moved:
            log.info("the enqueued point %s was fitted into the space: %s", point, "; ".join(moved))
        if params and params not in found:
            found.append(params)
    return found


def _elsewhere(
    point: Mapping[str, Any], known: Collection[str], config: DictConfig, composer: Composer
) -> str | None:
    """Returns which key of a point is one of an option that is not chosen; None if none is."""
    absent = {normal_key(key): key for key in point if normal_key(key) not in known}
    options = {key: _option_with(key, config, composer) for key in absent}
    check_known("is enqueued", {k: absent[k] for k in absent if options[k] is None}, known)
    told = (f"`{key}` is a key of {option}, which is not chosen" for key, option in options.items())
    return next(told, None)


def _option_with(key: str, config: DictConfig, composer: Composer) -> str | None:
    """Returns the first option of a chosen group that has a key, as ``group=option``, or None."""
    for group in map(str, config.hydra.runtime.choices):
        if key.startswith(f"{group.replace('/', '.')}."):
            for option, keys in _options(group, composer):
                if key in keys:
                    return option
    return None


def _options(group: str, composer: Composer) -> Iterator[tuple[str, list[str]]]:
    for name in composer.options(group):
        try:
            config = composer.job_config([f"{group}={name}"], 0)
        except HydraException:  # it needs what is not given here
            continue
        yield f"{group}={name}", config_keys(config)

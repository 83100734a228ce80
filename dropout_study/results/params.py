"""Which columns of a study's table are parameters, as the study's directory records it."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException

from dropout_study.config.keys import normal_key
from dropout_study.config.overrides import override_key
from dropout_study.paths import StudyPaths
from dropout_study.results.record import GROUPS, param_columns
from dropout_study.task.job_files import JobFiles

OF_THE_SWEEP = ("search_space", "report")
"""Groups whose settings are a sweep's and no trial's, unless they were searched."""


def parameter_columns(columns: Iterable[str], recorded: Iterable[str] = ()) -> list[str]:
    """Returns those of a table's columns that are parameters: keys and groups.

    Args:
        columns: of the table.
        recorded: what ``recorded_params`` returns. Without it a key of any application is known by
            its dot, and a group by being one of this project's.
    """
    recorded = frozenset(recorded)
    return [
        name
        for name in columns
        if name in recorded
        or (("." in name or name in GROUPS) and name.partition(".")[0] not in OF_THE_SWEEP)
    ]


def recorded_params(paths: StudyPaths, config: Mapping[str, Any]) -> frozenset[str]:
    """Returns the columns of the keys and groups that a sweep has searched or its jobs were given.

    They are in the sweep's configuration, whatever its sweeper, and in the overrides of the first
    and of the last trial: another sweep of the same study may have searched other keys.

    Args:
        paths: the paths of the study.
        config: the sweep's configuration, as plain data.
    """
    of_sweep = list(given_overrides(config))
    searched = {override_key(each) for each in of_sweep if each.is_sweep_override()}
    for path in (("hydra", "sweeper", "params"), ("search_space", "params")):
        space = _at(config, *path)
        searched |= {normal_key(str(key)) for key in space} if isinstance(space, Mapping) else set()
    jobs = paths.jobs() if paths.root.is_dir() else []
    ends = [JobFiles(job).overrides(default=[]) for _, job in (*jobs[:1], *jobs[1:][-1:])]
    given = {override_key(each) for told in ends for each in _parsed(told)}
    given = {key for key in given if key.partition(".")[0] not in OF_THE_SWEEP}
    return frozenset(param_columns(dict.fromkeys(searched | given)))


def given_overrides(config: Mapping[str, Any]) -> Iterator[Override]:
    """Yields the overrides on a sweep's command line, from its configuration as plain data."""
    return _parsed(_at(config, "hydra", "overrides", "task"))


def _at(config: Any, *path: str) -> Any:
    for key in path:
        config = config.get(key) if isinstance(config, Mapping) else None
    return config


def _parsed(overrides: Any) -> Iterator[Override]:
    """Yields the overrides that can be read."""
    parser = OverridesParser.create()
    for text in overrides if isinstance(overrides, list) else []:
        try:
            yield parser.parse_override(str(text))
        except HydraException:
            continue

"""The settings in which studies differ, as overrides."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from dropout_study.config.keys import normal_key
from dropout_study.config.overrides import override_key, to_text
from dropout_study.results.params import given_overrides

NOT_COMPARED = {
    *("hydra", "report", "tracker", "experiment"),
    *("search_space.study_name", "search_space.params"),
    *("hydra.sweeper.params", "hydra.sweeper.study_name", "hydra.sweeper.storage"),
    *("hydra.sweeper.n_jobs", "hydra.sweeper.callbacks", "hydra.sweeper.dry_run"),
    *("hydra.sweeper.on_change", "hydra.sweeper.may_change", "hydra.sweeper.max_retries"),
}
"""Nodes of the configuration that say where and how a study was run, and not what."""
CHOICES = ("hydra/sweeper", "hydra/sweeper/sampler", "hydra/sweeper/pruner", "hydra/launcher")
"""Hydra's own groups that are compared, beside those of the application."""
CODE = ("_target_", "_partial_", "_recursive_", "_convert_", "_args_")


def differing_settings(configs: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
    """Returns the values of each setting in which studies differ, one for each study.

    A value is written as in an override. It is "" where a study does not have the setting. A
    setting that some studies do not have counts only if a command line has given it or a search
    space names it: other groups, and other versions of a program, have other settings.

    Args:
        configs: the configuration of each sweep, as plain data with interpolations as text. One
            without Hydra's own settings is not a sweep's, and nothing is known of its study.
    """
    studies = [_settings(config) for config in configs]
    known = [study for study in studies if study]
    named = {key for config in configs for key in _named(config)}
    found: dict[str, list[str]] = {}
    for key in dict.fromkeys(key for study in known for key in study):
        whole = all(key in study for study in known)
        if len({study.get(key) for study in known}) > 1 and (whole or key in named):
            found[key] = [study.get(key, "") for study in studies]
    return {key: values for key, values in found.items() if not _is_told(key, found)}


def _is_told(key: str, found: Mapping[str, Any]) -> bool:
    """Returns whether a class is told by the group that chooses it."""
    node, _, name = key.rpartition(".")
    return name in CODE and (node in found or node.replace(".", "/") in found)


def _settings(config: Mapping[str, Any]) -> dict[str, str]:
    """Returns the settings of a study: groups, then values; a searched key has a distribution."""
    hydra = _node(config, "hydra")
    if not hydra:
        return {}
    choices = _node(hydra, "runtime", "choices")
    groups = {
        str(group): "null" if option is None else str(option)
        for group, option in choices.items()
        if _is_compared_group(str(group))
    }
    values = {**dict(_values(config, "")), **dict(_values(_node(hydra, "sweeper"), SWEEPER))}
    return {**groups, **values, **_space(config)}


SWEEPER = "hydra.sweeper."


def _is_compared_group(group: str) -> bool:
    if group.startswith("hydra/"):
        return group in CHOICES
    return group not in NOT_COMPARED and group != "search_space"


def _values(node: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, str]]:
    """Yields the values below a node by their dotted keys; interpolations are left out."""
    for name, value in node.items():
        key = f"{prefix}{name}"
        if key in NOT_COMPARED or (prefix == SWEEPER and name in CODE):
            continue
        if isinstance(value, Mapping) and value:
            yield from _values(value, f"{key}.")
        elif not (isinstance(value, str) and "${" in value):
            yield key, _text(value)


def _text(value: Any) -> str:
    try:
        return to_text(value)
    except (TypeError, ValueError):  # a damaged file may hold anything
        return str(value)


def _space(config: Mapping[str, Any]) -> dict[str, str]:
    """Returns the searched keys with their distributions, as an override would search them."""
    sweeper = _node(config, "hydra", "sweeper", "params")
    space = sweeper or _node(config, "search_space", "params")
    given = {normal_key(str(key)): str(value) for key, value in space.items()}
    for override in given_overrides(config):
        key = override_key(override)
        given.pop(key, None)  # a value that is given is not searched
        if override.is_sweep_override():
            given[key] = (override.input_line or "").partition("=")[2]
    return given


def _named(config: Mapping[str, Any]) -> Iterator[str]:
    """Yields the keys that a study's command line gives or its search space names."""
    yield from _space(config)
    for override in given_overrides(config):
        yield override_key(override)


def _node(config: Any, *path: str) -> Mapping[str, Any]:
    for key in path:
        config = config.get(key) if isinstance(config, Mapping) else None
    return config if isinstance(config, Mapping) else {}

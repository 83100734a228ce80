"""Checks that the settings suit what runs: a single run, a grid, or a search."""

from collections.abc import Iterator

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from omegaconf import DictConfig, OmegaConf

from dropout_study.config.compose import as_given
from dropout_study.config.keys import is_ours, normal_key
from dropout_study.config.options import config_loader, option_config
from dropout_study.config.overrides import override_key
from dropout_study.errors import UserError

SPACE = "search_space"
OF_A_SWEEP = (SPACE, "hydra.sweeper", "hydra.sweep", "hydra.launcher")
"""The settings that a single run does not read, with all keys below them."""
BASIC = "BasicSweeper"
PARAMS = "hydra.sweeper.params"


def check_no_sweep(config: DictConfig) -> None:
    """Refuses settings that only a sweep reads, in a single run.

    Raises:
        UserError: there is one.
    """
    for override in _given(config):
        place = override_key(override).replace("/", ".")
        if any(f"{place}.".startswith(f"{each}.") for each in OF_A_SWEEP):
            raise UserError(
                f"`{override.input_line}` is for a sweep, and this is a single run; add --multirun"
            )


def check_sweep(config: DictConfig) -> None:
    """Refuses distributions that the sweeper does not know, and a space of another model.

    Raises:
        UserError: the sweep could not begin.
    """
    if str(OmegaConf.select(config, "hydra.sweeper._target_")).endswith(BASIC):
        for override in _given(config):
            if override.is_interval_sweep():
                raise UserError(
                    f"`{override.input_line}` is continuous, and hydra/sweeper=basic tries every "
                    "value of a grid; use choice(...) or range(...), or leave out "
                    "hydra/sweeper=basic for a search"
                )
    elif is_ours(config.hydra.sweeper) and not config.hydra.sweeper.points:
        _check_space(config)


def _given(config: DictConfig) -> Iterator[Override]:
    """Yields the overrides of the command line."""
    node = OmegaConf.select(config, "hydra.overrides")  # none if Hydra does not run the program
    texts = [] if node is None else [*as_given(node.task), *as_given(node.hydra)]
    yield from OverridesParser.create().parse_overrides(texts)


def _check_space(config: DictConfig) -> None:
    """Refuses a search space with keys of an option that is not chosen: those of another model."""
    space = config.get(SPACE)
    chosen = config.hydra.runtime.choices.get(SPACE)
    given = list(_given(config))
    replaced = {override_key(each) for each in given}
    if not isinstance(space, DictConfig) or chosen is None or PARAMS in replaced:
        return
    searched = {normal_key(str(key)) for key in space.get("params") or {}}
    searched |= {override_key(each) for each in given if each.is_sweep_override()}
    for key in _keys(space, config):
        group = key.partition(".")[0]
        if key in replaced or group in searched or group not in config:
            continue
        option = config.hydra.runtime.choices.get(group)
        raise UserError(
            f"search_space={chosen} searches `{key}`, which {group}={option} does not have; "
            f"{_others(config)}"
        )


def _keys(space: DictConfig, config: DictConfig) -> Iterator[str]:
    """Yields the keys that a space searches without a condition and the configuration lacks."""
    for written, searched in (space.get("params") or {}).items():
        key = normal_key(str(written))
        conditional = isinstance(searched, DictConfig)
        if not conditional and "." in key and not str(written).startswith("+"):
            parent, _, name = key.rpartition(".")
            node = OmegaConf.select(config, parent)
            if not isinstance(node, DictConfig) or name not in node:
                yield key


def _others(config: DictConfig) -> str:
    """Returns the way out: the spaces whose keys the configuration has."""
    with config_loader() as loader:
        options = loader.get_group_options(SPACE)
    spaces = {name: option_config(SPACE, name) for name in options}
    suited = [name for name, space in spaces.items() if not list(_keys(space, config))]
    return f"use {' or '.join(f'search_space={name}' for name in suited)}"

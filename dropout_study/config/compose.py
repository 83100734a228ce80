"""The configurations of many jobs that differ in values alone: composed once, then filled in.

Composing a configuration takes tens of milliseconds, copying one and setting a few values a tenth,
and reading one from a pickle, as every launcher of other processes does, a fifth of copying it.
"""

import pickle
from collections.abc import Callable, Sequence
from copy import deepcopy
from functools import partial

from hydra.core.config_loader import ConfigLoader
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, OverrideType
from omegaconf import DictConfig, OmegaConf, open_dict


class Composer:
    """Returns what ``load_sweep_config`` would, but composes each kind of job only once.

    Jobs are of a kind if their overrides are the same but for the scalars that plain overrides of
    values (``optimizer.lr=0.1``, ``+x=1``) set: those change nothing else in a composition.
    Everything else (config groups, ``~key``, lists) is part of the kind.

    Args:
        loader: Hydra's.
        config: of the sweep.
    """

    def __init__(self, loader: ConfigLoader, config: DictConfig) -> None:
        self._loader = loader
        self._config = config
        self._parser = OverridesParser.create(config_loader=loader)
        self._kinds: dict[tuple[str, ...], Callable[[], DictConfig]] = {}
        self._groups: dict[str, bool] = {}

    def job_config(self, overrides: Sequence[str], number: int) -> DictConfig:
        """Returns the configuration of job ``number``.

        Raises:
            HydraException: an override is not in the grammar or does not fit the configuration.
        """
        parsed = self._parser.parse_overrides(list(overrides))
        scalars = [override for override in parsed if self._sets_a_scalar(override)]
        kind = tuple(_kind(override, override in scalars) for override in parsed)
        if kind not in self._kinds:
            composed = self._loader.load_sweep_config(self._config, list(overrides))
            self._kinds[kind] = _copies(composed)
        config = self._kinds[kind]()
        OmegaConf.copy_cache(from_config=self._config, to_config=config)
        for override in scalars:
            OmegaConf.update(config, override.key_or_group, override.value(), merge=True)
        with open_dict(config):
            own = [str(each.input_line) for each in parsed if each.is_hydra_override()]
            config.hydra.overrides.hydra = [*self._config.hydra.overrides.hydra, *own]
            _name(config, [override for override in parsed if not override.is_hydra_override()])
            config.hydra.job.id = config.hydra.job.num = number
        return config

    def _sets_a_scalar(self, override: Override) -> bool:
        """Returns whether ``override`` sets a value that is neither list, dict nor a group."""
        return (
            override.type in (OverrideType.CHANGE, OverrideType.ADD)
            and override.package is None
            and not override.is_sweep_override()
            and not isinstance(override.value(), list | dict)
            and not self._is_group(override.key_or_group)
        )

    def _is_group(self, key: str) -> bool:
        """Returns whether ``key`` names a config group."""
        if key not in self._groups:
            self._groups[key] = bool(self._loader.get_group_options(key))
        return self._groups[key]


def _copies(config: DictConfig) -> Callable[[], DictConfig]:
    """Returns a function that returns a copy of ``config``."""
    try:
        return partial(pickle.loads, pickle.dumps(config))
    except (pickle.PicklingError, AttributeError, TypeError):  # its schema is a local class, say
        return partial(deepcopy, config)


def _kind(override: Override, sets_a_scalar: bool) -> str:
    """Returns what of an override decides how a job is composed."""
    return override.get_key_element() if sets_a_scalar else str(override.input_line)


def _name(config: DictConfig, overrides: Sequence[Override]) -> None:
    """Records the job's own overrides where Hydra does, and names it by them."""
    lines = [str(override.input_line) for override in overrides]
    config.hydra.overrides.task = lines
    rule = config.hydra.job.config.override_dirname
    named = sorted(
        line
        for line, override in zip(lines, overrides, strict=True)
        if override.key_or_group not in rule.exclude_keys
    )
    config.hydra.job.override_dirname = rule.item_sep.join(named).replace("=", rule.kv_sep)

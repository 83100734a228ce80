"""Finds which settings of a trial are its dropout rates, by building its network."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from omegaconf import DictConfig, ListConfig, OmegaConf

from dropout_study.results.rates import Rates
from dropout_study.results.reference_rates import has_book_rates, is_without_dropout
from dropout_study.task.build import build_model
from dropout_study.task.rates import noise_rates

BOOK = {"dropout1": 0.2, "dropout2": 0.5}
"""The book's rates, by the names of the arguments of this project's models. Other rates are 0."""
PROBE = 0.1719
"""A rate that a network is unlikely to have by chance; thrice as much is still one."""
OTHER_GROUPS = (
    *("data", "optimizer", "lr_schedule", "trainer", "search_space", "hydra", "tracker"),
    *("noise", "schedule"),
)


@dataclass(frozen=True)
class ImageFacts:
    """The shape of an image (C, H, W) and the number of classes, as recorded by a trial."""

    in_shape: tuple[int, ...]
    classes: int


def without_dropout(
    config: DictConfig, facts: ImageFacts, named: Sequence[str] = ()
) -> DictConfig | None:
    """Returns ``config`` with every rate 0, or None if its settings cannot give that.

    Args:
        config: the configuration of a trial.
        facts: the facts of its data.
        named: settings that the user has named as the rates; they are not checked.
    """
    keys = _named(config, named) or rate_settings(config, facts)
    changed = _with(config, dict.fromkeys(keys, 0.0))
    sure = bool(_named(config, named)) or is_without_dropout(_built(changed, facts) or UNKNOWN)
    return changed if keys and sure else None


def with_book_rates(
    config: DictConfig, facts: ImageFacts, named: Sequence[str] = ()
) -> DictConfig | None:
    """Returns ``config`` with the book's rates, or None if its network lacks one of the two."""
    keys = _named(config, named) or rate_settings(config, facts)
    names = {key.rpartition(".")[2]: key for key in keys}
    if not set(BOOK) <= set(names):
        return None
    changed = _with(config, {key: BOOK.get(name, 0.0) for name, key in names.items()})
    sure = bool(_named(config, named)) or has_book_rates(_built(changed, facts) or UNKNOWN)
    return changed if sure else None


UNKNOWN: Rates = {"": None}


def rate_settings(config: DictConfig, facts: ImageFacts) -> list[str]:
    """Returns the keys of ``config`` that set the rate of a layer.

    Each number in [0, 1) is changed on its own, a network is built, and its rates are read.
    """
    before = _built(config, facts)
    if not before:
        return []
    candidates = [key for key, value in _leaves(config) if 0 <= value < 1]
    tried = {key: _built(_with(config, {key: PROBE}), facts) for key in candidates}
    return [key for key, rates in tried.items() if rates is not None and rates != before]


def _built(config: DictConfig, facts: ImageFacts) -> Rates | None:
    try:
        return noise_rates(build_model(config, facts), facts.in_shape)
    except Exception:  # the network may refuse the changed value of a setting
        return None


def _with(config: DictConfig, values: Mapping[str, float]) -> DictConfig:
    changed = config.copy()
    for key, value in values.items():
        OmegaConf.update(changed, key, value)
    return changed


def _named(config: DictConfig, named: Sequence[str]) -> list[str]:
    """Returns the named keys that this trial has. Another network may have other keys."""
    return [key for key in named if OmegaConf.select(config, key) is not None]


def _leaves(config: DictConfig) -> Iterator[tuple[str, float]]:
    """Yields the numbers of the configuration with their keys, without interpolations."""
    for group in config:
        if group not in OTHER_GROUPS:
            yield from _numbers(config, str(group), str(group))


def _numbers(parent: DictConfig | ListConfig, key: Any, path: str) -> Iterator[tuple[str, float]]:
    if OmegaConf.is_missing(parent, key) or OmegaConf.is_interpolation(parent, key):
        return
    node = parent[key]
    if isinstance(node, DictConfig):
        for name in node:
            yield from _numbers(node, name, f"{path}.{name!s}")
    elif isinstance(node, ListConfig):
        for index in range(len(node)):
            yield from _numbers(node, index, f"{path}.{index}")
    elif isinstance(node, int | float) and not isinstance(node, bool):
        yield path, float(node)

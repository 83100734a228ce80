"""The options of the config groups, and the keys that each of them has."""

from collections.abc import Iterator
from contextlib import contextmanager

from hydra.core.config_loader import ConfigLoader
from hydra.core.global_hydra import GlobalHydra
from omegaconf import DictConfig

from dropout_study.config.hydra_main import with_own_conf


@contextmanager
def config_loader() -> Iterator[ConfigLoader]:
    """Yields the loader of the Hydra application that runs, else that of this project's."""
    running = GlobalHydra.instance().hydra
    if running is not None:
        yield running.config_loader
        return
    with with_own_conf():
        mine = GlobalHydra.instance().hydra
        assert mine is not None
        yield mine.config_loader


def options_with(key: str) -> list[str]:
    """Returns the options, as ``model=mlp_deep``, whose file has a dotted key such as ``model.x``.

    What an option takes over from other options by its defaults list is not looked at.
    """
    dotted, _, name = key.rpartition(".")
    group = dotted.replace(".", "/")
    if not group:
        return []
    with config_loader() as loader:
        options = loader.get_group_options(group)
        return [f"{group}={each}" for each in options if name in _option(loader, group, each)]


def option_config(group: str, option: str) -> DictConfig:
    """Returns the content of an option's file, without what its defaults list adds."""
    with config_loader() as loader:
        return _option(loader, group, option)


def _option(loader: ConfigLoader, group: str, option: str) -> DictConfig:
    path = f"{group}/{option}"
    for source in loader.get_sources():
        if source.available() and source.is_config(path):
            config = source.load_config(path).config
            if isinstance(config, DictConfig):
                return config
    return DictConfig({})

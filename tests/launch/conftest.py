"""Launchers as a sweeper holds them, on data that trains in milliseconds."""

from collections.abc import Callable

import pytest
from hydra.core.plugins import Plugins
from hydra.plugins.launcher import Launcher
from hydra.types import TaskFunction

from dropout_study.cli.train import task as app_task

MakeLauncher = Callable[..., Launcher]


@pytest.fixture
def launcher(loaded) -> MakeLauncher:
    """Makes the launcher called ``name``, for this project's task or another."""

    def make(name: str, *overrides: str, task: TaskFunction = app_task.__wrapped__) -> Launcher:
        config, context = loaded(f"hydra/launcher={name}", *overrides)
        return Plugins.instance().instantiate_launcher(
            config=config, hydra_context=context, task_function=task
        )

    return make

"""Hydra's own suites of tests for launchers: a task without a population form runs alone."""

import pytest
from hydra.core.plugins import Plugins
from hydra.plugins.launcher import Launcher
from hydra.test_utils.launcher_common_tests import IntegrationTestSuite, LauncherTestSuite

CHDIR = "hydra.job.chdir=True"
"""The suites look for a job's files in its working directory."""


def test_hydra_discovers_it():
    names = [plugin.__name__ for plugin in Plugins.instance().discover(Launcher)]
    assert "PopulationLauncher" in names


@pytest.mark.parametrize(("launcher_name", "overrides"), [("population", [CHDIR])])
class TestPopulationLauncher(LauncherTestSuite):
    pass


@pytest.mark.parametrize(
    ("task_launcher_cfg", "extra_flags"), [({}, ["-m", "hydra/launcher=population"])]
)
class TestPopulationLauncherIntegration(IntegrationTestSuite):
    pass

"""Every config is a page for a reader and a test case."""

import re
import shlex
from dataclasses import fields
from itertools import takewhile
from pathlib import Path

import pytest
import yaml
from hydra.core.plugins import Plugins
from omegaconf import OmegaConf

from dropout_study.config.check import check_config
from dropout_study.config.schema import GROUPS, TARGETS
from dropout_study.paths import conf_dir
from dropout_study.sweeper.confs.sweeper import OptunaStudyConf

FILES = sorted(conf_dir().rglob("*.yaml"))
OPTIONS = [path for path in FILES if path.parent != conf_dir()]
KEYLESS = {"experiment", "report", "confirmation", "tracker"}  # groups without a schema
GROUPED = [path for path in OPTIONS if path.parent.parent == conf_dir()]  # not Hydra's own
TYPED = [
    p for p in GROUPED if p.parent.name not in KEYLESS and p.stem not in ("custom", "constant")
]
WITHOUT_COMMENT = {"_target_", "defaults", "hydra"}  # Hydra's own keys, which its manual explains


def name(path: Path) -> str:
    return str(path.relative_to(conf_dir()))


every_file = pytest.mark.parametrize("path", FILES, ids=name)
every_option = pytest.mark.parametrize("path", OPTIONS, ids=name)


def override(path: Path) -> str:
    """``conf/model/mlp.yaml`` is chosen by ``model=mlp``."""
    return f"{path.parent.relative_to(conf_dir())}={path.stem}"


def head(path: Path) -> list[str]:
    """The comment lines that begin a file, less Hydra's own."""
    lines = path.read_text(encoding="utf-8").splitlines()
    comments = takewhile(lambda line: line.startswith("#"), lines)
    return [line.removeprefix("# ") for line in comments if not line.startswith("# @package")]


@every_option
def test_every_option_composes(path, compose_config):
    config = compose_config(override(path))
    assert config
    if path.stem != "custom":
        check_config(config)


@every_file
def test_every_file_begins_with_a_command_that_uses_it(path, compose_config):
    assert head(path)[0].startswith("dropout-study")
    for line in head(path):
        if line.startswith("dropout-study "):
            command = re.split(r"\s{2,}", line)[0]  # a gap separates it from its purpose
            arguments = [a for a in shlex.split(command)[1:] if a != "--multirun"]
            choices = compose_config(*arguments, hydra=True).hydra.runtime.choices
            assert (
                path not in OPTIONS
                or choices[str(path.parent.relative_to(conf_dir()))] == path.stem
            )


def undocumented(node: yaml.Node, lines: list[str]) -> list[str]:
    """The keys of a mapping without a comment beside, above, or on one of their parents."""
    if not isinstance(node, yaml.MappingNode):
        return []
    bare: list[str] = []
    for key, value in node.value:
        line = key.start_mark.line
        explained = " # " in lines[line] or lines[line - 1].strip().startswith("#")
        if not explained and key.value not in WITHOUT_COMMENT:
            inner = undocumented(value, lines)
            documented = isinstance(value, yaml.MappingNode) and not inner
            bare += [] if documented else inner or [key.value]
    return bare


@every_file
def test_every_key_has_a_comment(path):
    text = path.read_text(encoding="utf-8")
    assert undocumented(yaml.compose(text), text.splitlines()) == []


def test_a_key_without_a_comment_is_noticed():
    text = "# a\n\nlr: 1   # rate\nbeta: 2\nnested:\n  # above\n  c: 1\n  d: 2\n"
    assert undocumented(yaml.compose(text), text.splitlines()) == ["beta", "d"]


@pytest.mark.parametrize("path", TYPED, ids=name)
def test_every_key_is_typed(path, compose_config):
    """The schema of an option has its keys, no more and no fewer."""
    group = path.parent.name
    node = compose_config(override(path))[group]
    schema = GROUPS.get(group) or TARGETS[node["_target_"]]
    assert {str(key) for key in node} == {key.name for key in fields(schema)}


def test_every_schema_has_its_config():
    texts = (path.read_text(encoding="utf-8") for path in TYPED)
    targets = {yaml.safe_load(text).get("_target_") for text in texts}
    assert set(TARGETS) <= targets


def test_the_default_is_the_books_run_with_a_validation_split(compose_config):
    config = compose_config()
    model, trainer = config.model, config.trainer
    assert (model.hidden1, model.hidden2, model.dropout1, model.dropout2) == (256, 256, 0.2, 0.5)
    assert (trainer.epochs, trainer.batch_size, config.optimizer.lr) == (10, 256, 0.5)
    assert (config.optimizer.momentum, config.data.val_size) == (0.0, 5000)
    book = compose_config("experiment=book")
    assert book.data.val_size == 0
    book.data.val_size = 5000
    assert book == config


def test_a_sweep_begins_with_the_books_configuration(compose_config):
    config = compose_config(hydra=True)
    sweeper = config.hydra.sweeper
    assert sweeper._target_ == OptunaStudyConf._target_
    assert (sweeper.objective, sweeper.direction) == ("val_accuracy", "maximize")
    assert (sweeper.params, sweeper.n_trials) == (
        config.search_space.params,
        config.search_space.n_trials,
    )
    first = sweeper.enqueue[0]
    assert set(first) == set(sweeper.params)
    assert all(OmegaConf.select(config, key) == value for key, value in first.items())


@pytest.mark.parametrize("sampler", ["tpe", "random"])
def test_the_samplers_compose(compose_config, sampler):
    config = compose_config(f"hydra/sweeper/sampler={sampler}", hydra=True)
    assert config.hydra.sweeper.sampler._target_.startswith("optuna.samplers.")


def test_hydras_own_sweeper_composes_too(compose_config):
    config = compose_config("hydra/sweeper=basic", hydra=True)
    assert config.hydra.sweeper._target_.endswith("BasicSweeper")


def test_the_sweeper_is_a_plugin_that_hydra_discovers():
    assert "OptunaStudySweeper" in {plugin.__name__ for plugin in Plugins.instance().discover()}

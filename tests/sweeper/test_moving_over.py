"""Settings that were written for Hydra's own Optuna plugin mean the same, or are refused."""

import enum
import logging
from pathlib import Path

import pytest
from hydra.core.config_store import ConfigStore
from omegaconf import OmegaConf

from dropout_study.sweeper.confs.moving_over import left_aside, moved_over, with_own_sampler
from dropout_study.sweeper.samplers import build_sampler
from dropout_study.sweeper.settings import SweepSettings

TARGET = "hydra_plugins.hydra_optuna_sweeper.optuna_sweeper.OptunaSweeper"


def test_the_defaults_mean_what_they_mean_there(read):
    settings, told = read()
    assert (settings.directions, settings.n_trials) == (["minimize"], 20)
    assert settings.max_failure_rate == 0
    assert settings.sampler["_target_"] == "optuna.samplers.TPESampler"
    assert not told


def test_the_sweeper_of_a_template_is_read(read):
    settings, told = read(
        sweeper={
            "_target_": TARGET,
            **{"storage": None, "study_name": None, "n_jobs": 1, "direction": "maximize"},
            "n_trials": 20,
            "sampler": {"_target_": "optuna.samplers.TPESampler", "seed": 1234},
            "params": {"x": "interval(0.0001, 0.1)"},
        }
    )
    assert told == []
    assert settings.directions == ["maximize"]
    assert settings.sampler["seed"] == 1234
    assert settings.params == {"x": "interval(0.0001, 0.1)"}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"type": "float", "low": 0, "high": 0.5}, "interval(0, 0.5)"),
        ({"type": "float", "low": 0.1, "high": 1.0, "log": True}, "tag(log, interval(0.1, 1.0))"),
        ({"type": "float", "low": 0.0, "high": 0.9, "step": 0.3}, "range(0.0, 1.05, 0.3)"),
        ({"type": "float", "low": 0.0, "high": 1.0, "step": 0.3}, "range(0.0, 1.05, 0.3)"),
        ({"type": "int", "low": 1, "high": 5}, "int(interval(1, 5))"),
        ({"type": "int", "low": 1, "high": 5, "step": 2}, "range(1, 7, 2)"),
        ({"type": "int", "low": 1, "high": 64, "log": True}, "tag(log, int(interval(1, 64)))"),
        ({"type": "categorical", "choices": [1, "b c", 0.5]}, "choice(1, 'b c', 0.5)"),
    ],
)
def test_an_old_search_space_becomes_params(old, new, read):
    settings, told = read(sweeper={"search_space": {"x": old}})
    assert settings.params == {"x": new}
    assert told == [f"write `hydra.sweeper.params: {{x: {new}}}` for `hydra.sweeper.search_space`"]


def test_an_old_search_space_that_is_null_says_nothing(read):
    settings, told = read(sweeper={"search_space": None, "params": None})
    assert (settings.params, told) == ({}, [])


def test_params_win_over_an_old_search_space(read):
    old = {"x": {"type": "int", "low": 1, "high": 5}}
    settings, told = read(sweeper={"search_space": old, "params": {"x": "choice(1,2)"}})
    assert settings.params == {"x": "choice(1,2)"}
    assert "leave out `hydra.sweeper.search_space`" in told[0]


@pytest.mark.parametrize(
    ("storage", "url"),
    [
        ({"_target_": "optuna.storages.RDBStorage", "url": "sqlite:///a.db"}, "sqlite:///a.db"),
        (
            {
                "_target_": "optuna.storages.JournalStorage",
                "log_storage": {
                    "_target_": "optuna.storages.JournalFileStorage",
                    "file_path": "a.log",
                },
            },
            "journal://a.log",
        ),
        ({"_target_": "optuna.storages.InMemoryStorage"}, None),
    ],
)
def test_a_storage_by_target_is_read_as_its_url(storage, url, read):
    settings, told = read(sweeper={"storage": storage})
    assert settings.storage == url
    assert len(told) == 1


@pytest.mark.parametrize(
    ("sweeper", "words"),
    [
        ({"direction": None}, "`hydra.sweeper.direction` must be a text, or a list of texts"),
        ({"direction": []}, "`hydra.sweeper.direction` must be a text, or a list of texts"),
        ({"direction": "min"}, "must be one of minimize, maximize, got 'min'"),
        ({"direction": ["minimize", 3]}, "`hydra.sweeper.direction` must be a text"),
        ({"n_trails": 5}, "`hydra.sweeper.n_trails` is no setting of the sweeper; did you mean"),
        ({"n_trials": "many"}, "`hydra.sweeper.n_trials` must be a whole number, got 'many'"),
        ({"n_trials": [1]}, "`hydra.sweeper.n_trials` must be a whole number, got [1]"),
        ({"n_trials": None}, "`hydra.sweeper.n_trials` must be a whole number, got None"),
        ({"timeout": "soon"}, "`hydra.sweeper.timeout` must be a number or null, got 'soon'"),
        ({"params": [1]}, "`hydra.sweeper.params` must be a mapping or null"),
        ({"params": "x"}, "`hydra.sweeper.params` must be a mapping or null"),
        ({"params": "${nowhere}"}, "`hydra.sweeper.params` cannot be read"),
        ({"enqueue": {"x": 1}}, "`hydra.sweeper.enqueue` must be a list"),
        ({"enqueue": [1]}, "must be a list of points"),
        ({"dry_run": "perhaps"}, "`hydra.sweeper.dry_run` must be true or false"),
        ({"duplicates": "skip"}, "`hydra.sweeper.duplicates` must be one of run, reuse"),
        ({"sampler": None}, "`hydra.sweeper.sampler` must be a mapping with the _target_"),
        ({"sampler": "tpe"}, "choose one with hydra/sweeper/sampler=NAME"),
        ({"sampler": {"n_startup_trials": "ten"}}, "must be a whole number, got 'ten'"),
        ({"sampler": {"n_startup": 3}}, "`hydra.sweeper.sampler.n_startup` is no argument of TPE"),
        ({"search_space": [1]}, "write hydra.sweeper.params"),
        ({"search_space": {"x": {"type": "float", "low": 0}}}, "write it in hydra.sweeper.params"),
        ({"search_space": {"x": {"type": "odd"}}}, "must have type int or float with low and high"),
        ({"storage": {"_target_": "optuna.storages.RDBStorage"}}, "must be a URL"),
        (
            {"storage": {"_target_": "optuna.storages.RDBStorage", "url": "a://b:secret@c/d"}},
            "without a password",
        ),
        (
            {
                "params": {"x": "choice(1)"},
                "sampler": {"_target_": "optuna.samplers.GridSampler", "search_space": {"x": [1]}},
            },
            "write the grid in hydra.sweeper.params",
        ),
    ],
)
def test_what_has_no_clear_meaning_is_refused_in_one_line(sweeper, words, read, told):
    line = told(read, sweeper=sweeper)
    assert words in line
    assert "secret" not in line


def test_another_class_leaves_the_fields_of_the_default_behind(read):
    sampler = {"_target_": "optuna.samplers.CmaEsSampler", "popsize": 5}
    settings, _ = read(sweeper={"sampler": sampler})
    assert settings.sampler == {**sampler, "seed": 0}


def test_another_class_is_told_what_it_does_not_take(read, told):
    sampler = {"_target_": "optuna.samplers.CmaEsSampler", "n_ei_candidates": 5}
    line = told(read, sweeper={"sampler": sampler})
    assert "`hydra.sweeper.sampler.n_ei_candidates` is no argument of CmaEsSampler" in line


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("optuna.samplers.MOTPESampler", "TPESampler"),
        ("hydra_plugins.hydra_optuna_sweeper.config.raise_motpe_removed", "TPESampler"),
        ("hydra_plugins.hydra_optuna_sweeper._impl.create_nsgaii_sampler", "NSGAIISampler"),
    ],
)
def test_a_sampler_by_an_old_name_is_the_one_of_today(old, new, read):
    settings, _ = read(sweeper={"sampler": {"_target_": old}})
    assert settings.sampler["_target_"] == f"optuna.samplers.{new}"


def test_motpe_is_tpe_and_says_so(read):
    settings, told = read("hydra/sweeper/sampler=motpe")
    assert settings.sampler == {"_target_": "optuna.samplers.TPESampler", "seed": 0}
    assert "write hydra/sweeper/sampler=tpe" in told[0]


def test_a_grid_that_its_sampler_was_given_becomes_params(read):
    sampler = {"_target_": "optuna.samplers.GridSampler", "_partial_": True}
    settings, told = read(sweeper={"sampler": {**sampler, "search_space": {"x": [1, 2]}}})
    assert settings.params == {"x": "choice(1, 2)"}
    assert settings.sampler == {"_target_": "optuna.samplers.GridSampler", "seed": 0}
    assert len(told) == 1


def test_deprecated_arguments_are_taken_and_told_once(read, caplog):
    settings, _ = read(sweeper={"sampler": {"prior_weight": 2.0, "consider_prior": None}})
    assert "consider_prior" not in settings.sampler
    with caplog.at_level(logging.WARNING):
        for number in range(3):
            build_sampler(settings.sampler, number, {})
    lines = [record.message for record in caplog.records]
    assert lines == ["leave out `hydra.sweeper.sampler.prior_weight`: deprecated in Optuna"]


def test_a_direction_of_their_enumeration_is_its_name(compose):
    direction = enum.Enum("Direction", ["minimize", "maximize"])
    config, _ = compose()
    OmegaConf.update(config, "hydra.sweeper.direction", direction.maximize, force_add=True)
    assert SweepSettings.from_config(moved_over(config)[0]).directions == ["maximize"]


def test_hydras_own_configuration_stays_as_it_was_composed(compose):
    config, loader = compose(sweeper={"_target_": TARGET, "search_space": None})
    before = OmegaConf.to_yaml(config)
    moved_over(with_own_sampler(config, loader))
    assert OmegaConf.to_yaml(config) == before


# Beside the official plugin


@pytest.fixture
def official(monkeypatch):
    """The official plugin's samplers stand in the group, as far as a test needs them."""
    from copy import deepcopy

    store = ConfigStore.instance()
    monkeypatch.setattr(store, "repo", deepcopy(store.repo))
    group = store.repo["hydra"]["sweeper"].setdefault("sampler", {})
    theirs = {
        "tpe": {"_target_": "optuna.samplers.TPESampler", "seed": None, "consider_prior": True},
        "grid": {"_target_": "optuna.samplers.GridSampler", "_partial_": True, "seed": None},
        "motpe": {"_target_": "hydra_plugins.hydra_optuna_sweeper.config.raise_motpe_removed"},
    }
    for name, node in theirs.items():
        group.pop(f"{name}.yaml", None)
        store.store(group="hydra/sweeper/sampler", name=name, node=node, provider="optuna_sweeper")


@pytest.mark.usefixtures("official")
class TestBesideTheOfficialPlugin:
    """Our names are ours; what theirs are is not changed."""

    @pytest.mark.parametrize("words", [(), ("hydra/sweeper/sampler=tpe",)])
    def test_tpe_is_ours_with_its_seed(self, words, read):
        settings, _ = read(*words)
        assert settings.sampler["seed"] == 0
        assert settings.sampler["constant_liar"] is True
        assert "consider_prior" not in settings.sampler

    def test_what_was_set_counts(self, read):
        words = ("hydra/sweeper/sampler=tpe", "+hydra.sweeper.sampler.group=true")
        settings, _ = read(*words, sweeper={"sampler": {"seed": None, "n_startup_trials": 3}})
        sampler = settings.sampler
        assert (sampler["seed"], sampler["n_startup_trials"], sampler["group"]) == (None, 3, True)

    def test_grid_is_not_deferred(self, read):
        settings, _ = read("hydra/sweeper/sampler=grid")
        assert settings.sampler == {"_target_": "optuna.samplers.GridSampler", "seed": 0}

    def test_motpe_is_seeded_tpe(self, read):
        settings, _ = read("hydra/sweeper/sampler=motpe")
        assert settings.sampler == {"_target_": "optuna.samplers.TPESampler", "seed": 0}

    def test_theirs_stay_theirs(self):
        found = ConfigStore.instance().load("hydra/sweeper/sampler/grid.yaml")
        assert found.provider == "optuna_sweeper"
        assert found.node["_partial_"] is True


def test_a_projects_own_sampler_is_not_replaced(compose, tmp_path):
    own = tmp_path / "conf" / "hydra" / "sweeper" / "sampler" / "mine.yaml"
    own.parent.mkdir(parents=True)
    own.write_text("defaults: [optuna_study_tpe]\nseed: 5\n")
    config, loader = compose("hydra/sweeper/sampler=mine")
    settings = SweepSettings.from_config(moved_over(with_own_sampler(config, loader))[0])
    assert settings.sampler["seed"] == 5


def test_a_projects_own_file_for_the_official_plugin_is_mentioned(compose, tmp_path: Path):
    own = tmp_path / "conf" / "hydra" / "sweeper" / "optuna.yaml"
    own.parent.mkdir(parents=True)
    own.write_text(f"_target_: {TARGET}\nn_trials: 7\n")
    assert "hydra/sweeper=optuna" in left_aside(*compose())[0]
    own.write_text("defaults: [optuna_study, _self_]\nn_trials: 7\n")
    config, loader = compose("hydra/sweeper=optuna")
    assert left_aside(config, loader) == []
    assert SweepSettings.from_config(moved_over(config)[0]).n_trials == 7

"""Filling in a composed configuration gives what Hydra would compose."""

from copy import deepcopy
from dataclasses import dataclass

import pytest
from hydra.core.config_store import ConfigStore
from hydra.errors import HydraException
from omegaconf import OmegaConf, read_write

from dropout_study.config.compose import Composer

FIRST = ["model.dropout1=0.1", "optimizer.lr=0.5", "trainer.epochs=3"]
SAME_KIND = [
    ["model.dropout1=0.7", "optimizer.lr=1e-3", "trainer.epochs=9"],
    ["model.dropout1=0", "optimizer.lr=null", "trainer.epochs='a, text'"],
    ["model.dropout1=${optimizer.lr}", "optimizer.lr=0.2", "trainer.epochs=true"],
]
REPLICATES = [[*FIRST, f"hydra.sweep.subdir=4/replicate_{index}"] for index in range(3)]
OTHER_KINDS = [
    ["model.dropout1=0.7", "optimizer=adam", "optimizer.lr=0.01"],
    ["model=mlp_deep", "model.widths=[8,4]", "+model.note={a:1}"],
    ["model=mlp_deep", "+model.note={a:1}", "model.note.a=2"],
    ["+model.note.a=1", "model.note={a:2}"],
    ["hydra.sweep.subdir=${optimizer.lr}_${hydra.job.num}", "optimizer.lr=0.25"],
    ["optimizer.lr=0.1", "optimizer.lr=0.2"],
    ["~tracker", "++trainer.extra=2", "+hydra.job.env_set.A=b"],
    ["model.init_std=null"],
    [],
]


@pytest.fixture
def composer(loaded):
    """A composer, its Hydra loader and its sweep's configuration."""
    rule = "hydra.job.config.override_dirname"
    config, context = loaded(f"{rule}.kv_sep=_", f"{rule}.exclude_keys=[optimizer.lr]")
    return Composer(context.config_loader, config), context.config_loader, config


def test_it_is_what_hydra_composes(composer):
    ours, loader, sweep = composer
    for number, overrides in enumerate([FIRST, *SAME_KIND, *OTHER_KINDS, *REPLICATES, FIRST]):
        want = loader.load_sweep_config(sweep, overrides)
        OmegaConf.set_struct(want, False)
        want.hydra.job.id, want.hydra.job.num = str(number), number
        got = ours.job_config(overrides, number)
        assert OmegaConf.to_container(got) == OmegaConf.to_container(want), overrides


def test_interpolations_of_the_sweep_are_each_jobs_own(loaded):
    given = (
        "hydra.sweep.subdir=${optimizer.lr}/${hydra.job.num}",
        "hydra.job.name=${optimizer.lr}",
    )
    config, context = loaded(*given)
    composer = Composer(context.config_loader, config)
    for number, lr in ((0, 0.1), (3, 0.2)):
        job = composer.job_config([f"optimizer.lr={lr}"], number)
        assert job.hydra.sweep.subdir == f"{lr}/{number}"
        assert job.hydra.job.name == str(lr)
        recorded = OmegaConf.to_container(job.hydra.overrides.hydra)
        assert isinstance(recorded, list)
        assert set(given) <= set(recorded)


def test_a_value_of_the_wrong_type_is_hydras_error(composer):
    ours, _, _ = composer
    ours.job_config(["hydra.verbose=true", "hydra.job.num=3"], 0)
    with pytest.raises(HydraException, match=r"hydra\.job\.num=abc"):
        ours.job_config(["hydra.verbose=true", "hydra.job.num=abc"], 1)


def test_values_alone_are_composed_once(composer, monkeypatch):
    ours, loader, _ = composer
    composed = []
    load = loader.load_sweep_config
    monkeypatch.setattr(
        loader, "load_sweep_config", lambda *args: composed.append(args[1]) or load(*args)
    )
    for number, overrides in enumerate([FIRST, *SAME_KIND, *OTHER_KINDS, *REPLICATES]):
        ours.job_config(overrides, number)
    assert composed == [FIRST, *OTHER_KINDS, REPLICATES[0]]


def test_a_job_does_not_change_the_next(composer):
    ours, _, _ = composer
    ours.job_config(FIRST, 0).model.dropout2 = 0.99
    assert ours.job_config(FIRST, 1).model.dropout2 == 0.5


def test_an_unknown_key_is_hydras_error(composer):
    ours, _, _ = composer
    with pytest.raises(HydraException, match="dropuot1"):
        ours.job_config(["model.dropuot1=0.1"], 0)


def test_a_schema_of_a_local_class_is_copied_too(composer, monkeypatch):
    @dataclass
    class Local:
        lr: float = 0.5

    store = ConfigStore.instance()
    monkeypatch.setattr(store, "repo", deepcopy(store.repo))
    store.store("local", Local, group="optimizer", package="optimizer")
    ours, _, _ = composer
    jobs = [ours.job_config(["optimizer=local", f"optimizer.lr=0.{n}"], n) for n in (1, 2)]
    assert [OmegaConf.get_type(job, "optimizer") for job in jobs] == [Local, Local]
    assert [job.optimizer.lr for job in jobs] == [0.1, 0.2]


def test_a_jobs_storage_has_its_password_masked(composer):
    _, loader, sweep = composer
    sweep = deepcopy(sweep)
    with read_write(sweep.hydra):
        sweep.hydra.sweeper.storage = "postgresql://me:***@host/db"
    job = Composer(loader, sweep).job_config(FIRST, 0)
    assert job.hydra.sweeper.storage == "postgresql://me:***@host/db"
    assert "storage" not in str(job.hydra.overrides)

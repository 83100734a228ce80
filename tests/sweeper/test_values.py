"""What a job is given is what the same words give it under Hydra's own sweeper."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from runpy import run_path
from typing import Any

import pandas as pd
import pytest
import yaml
from hydra import initialize_config_dir
from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf, open_dict

from dropout_study.config.compose import Composer
from dropout_study.search.grid import grid_values
from dropout_study.sweeper.planning.planned import plan_sweep

APP = Path(__file__).parent / "apps" / "shapes.py"
Run = Callable[..., str]


@pytest.fixture
def run(tmp_path) -> Run:
    """Runs the application in an empty directory; returns what it printed."""

    def run(*words: str, code: int = 0) -> str:
        ended = subprocess.run(
            [sys.executable, str(APP), "--multirun", *words],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == code, ended.stderr + ended.stdout
        return ended.stderr + ended.stdout

    return run


def search(*words: str, sampler: str = "grid") -> list[str]:
    """The words of a sweep that tries every point."""
    return [
        *("hydra/sweeper=optuna_study", f"hydra/sweeper/sampler={sampler}"),
        *("hydra.sweep.dir=ours", "hydra.sweeper.n_jobs=0", *words),
    ]


def seen(root: Path) -> list[dict[str, Any]]:
    """What each job of a sweep was given, sorted."""
    found = [json.loads(path.read_text()) for path in root.glob("**/seen.json")]
    return sorted(found, key=lambda each: json.dumps(each["given"]))


def test_each_job_resolves_the_sweeps_interpolations(run, tmp_path):
    subdir = "hydra.sweep.subdir=x_${x}/${hydra.job.num}"
    run(*search("x=1,2", subdir, "hydra.sweeper.n_trials=2"))
    assert [each["subdir"].split("/")[0] for each in seen(tmp_path / "ours")] == ["x_1", "x_2"]
    for each in seen(tmp_path / "ours"):
        assert (tmp_path / "ours" / each["subdir"] / "seen.json").is_file()
    for name in ("multirun.yaml", "x_1/*/.hydra/hydra.yaml"):
        (written,) = (tmp_path / "ours").glob(name)
        assert subdir in written.read_text()


CHOICES = [
    "+k=[64,64],[128],'[128]',[],[[1],['2',null]]",
    "+k=1,true,1.0,'1','true',null",
    "+k={a:1},{a:'1'},{b:[{c:x}]}",
    "+k='1e3',1e3,007,'007','',' a ',a b",
    "+k=${x},'${x}',a${name},[${x},1]",
    "++new=choice(1,2)",
    "model.layers.0.size=choice(3,4)",
    "search_space.depth=1,2",
    "db@backup=mysql,postgres",
    "db=glob(*)",
    "h=[1,2],[3]",
    "lr=range(0.5,0.1,-0.1)",
    "x=range(10,0,-2)",
    "copy='\\${x}',\"it's\"",
]


@cache
def schema() -> None:
    """Stores the application's schema: once, Hydra 1.4 wants it."""
    run_path(str(APP))


@pytest.fixture
def compose() -> Iterator[Callable[[str], tuple[list[Any], list[Any]]]]:
    """Composes the jobs of a search as Hydra's own sweeper and launcher do, and as ours do."""
    schema()
    with initialize_config_dir(str(APP.with_suffix("")), version_base="1.3", job_name="shapes"):
        hydra = GlobalHydra.instance().hydra
        assert hydra is not None
        loader = hydra.config_loader
        config = hydra.compose_config("config", ["hydra.sweep.dir=x"], RunMode.MULTIRUN)
        composer = Composer(loader, config)

        def both(words: str) -> tuple[list[Any], list[Any]]:
            parsed = OverridesParser.create(config_loader=loader).parse_overrides([words])
            ((*theirs,),) = BasicSweeper.split_arguments(parsed, None)
            plan = plan_sweep({}, [words], loader)
            (name, distribution), *_ = plan.space.items()
            ours = [plan.job_overrides({name: v}) for v in grid_values(name, distribution)]
            return (
                [_given(loader.load_sweep_config(config, overrides)) for overrides in theirs],
                [_given(composer.job_config(overrides, 0)) for overrides in ours],
            )

        yield both


def _given(config: DictConfig) -> str:
    with open_dict(config):
        del config["hydra"]
        del config["cwd"]
    return json.dumps(OmegaConf.to_container(config, resolve=True))


@pytest.mark.parametrize("words", CHOICES)
def test_jobs_are_given_what_hydras_own_sweeper_gives(compose, words):
    theirs, ours = compose(words)
    assert sorted(ours) == sorted(set(theirs))


def table(root: Path) -> pd.DataFrame:
    return pd.read_csv(root / "ours" / "results.csv")


def test_values_stand_in_the_tables_as_they_are(run, tmp_path):
    words = search(
        "h=[64,64],[128]", "+k='1e3',{a:[1]}", "hydra.sweeper.enqueue=[{h:[128],k:'1e3'}]"
    )
    run(*words, "hydra.sweeper.n_trials=3")
    root = tmp_path / "ours"
    records = [json.loads(path.read_text()) for path in sorted(root.glob("*/metrics.json"))]
    jobs = [json.loads(path.read_text())["given"] for path in sorted(root.glob("*/seen.json"))]
    assert [(each["h"], each["k"]) for each in records] == [(j["h"], j["k"]) for j in jobs]
    assert records[0]["h"] == [128]
    assert set(table(tmp_path)["h"]) <= {"[64, 64]", "[128]"}
    best = yaml.safe_load((root / "optimization_results.yaml").read_text())["best_params"]
    assert best["h"] in ([64, 64], [128])
    run(*words, "hydra.sweeper.n_trials=4")
    assert len(table(tmp_path)) == 4, "the study is the same one when it is resumed"
    told = run(*search("h=[64,64],'[128]'", "+k='1e3',{a:[1]}"), code=1)
    assert "was begun with other settings" in told


def test_a_condition_on_an_added_key(run, tmp_path):
    run(
        *search(sampler="random"),
        "hydra.sweeper.params={name: 'choice(a,b)', "
        "+z: {distribution: 'interval(5,6)', when: {+name: a}}}",
        "hydra.sweeper.enqueue=[{name: a, +z: 5.5}, {name: b}, {name: a, ++z: 9}]",
        "hydra.sweeper.n_trials=6",
    )
    rows = table(tmp_path)
    assert rows["name"].tolist()[:3] == ["a", "b", "a"]
    assert rows.loc[[0, 2], "z"].tolist() == [5.5, 6.0]
    assert (rows["z"].notna() == (rows["name"] == "a")).all()


def test_an_enqueued_point_of_an_option_that_is_not_chosen_is_left_out(run, tmp_path):
    enqueued = "hydra.sweeper.enqueue=[{x: 1, db.schema: a}, {x: 2}]"
    said = run(*search("x=1,2", enqueued, "hydra.sweeper.n_trials=1", sampler="random"))
    told = "is left out: `db.schema` is a key of db=postgres, which is not chosen"
    assert f"the enqueued point {{'x': 1, 'db.schema': 'a'}} {told}" in said
    assert table(tmp_path)["x"].tolist() == [2]


def test_keys_that_vary_together(run, tmp_path):
    zipped = (
        "hydra.sweeper.params={pair: {zip: [{x: 1, db: mysql}, {x: 2, db: postgres}]}, "
        "h: '[1],[2]', db.schema: {distribution: 'choice(a,b)', when: {db: postgres}}}"
    )
    run(*search(zipped, sampler="brute_force"))
    rows = table(tmp_path)
    assert len(rows) == 6, "two with mysql, four with postgres"
    assert set(zip(rows["x"], rows["db"], strict=True)) == {(1, "mysql"), (2, "postgres")}
    assert (rows["db.schema"].notna() == (rows["x"] == 2)).all()


def test_a_study_of_given_points(run, tmp_path):
    points = "hydra.sweeper.points=[{x: 1, name: b}, {x: 2, h: [3]}, {db: postgres}]"
    shown = run(
        "hydra/sweeper=optuna_study", "hydra.sweep.dir=ours", points, "hydra.sweeper.dry_run=true"
    )
    assert "The space has 3 points." in shown
    for _ in range(2):  # the second time nothing is left to do
        run("hydra/sweeper=optuna_study", "hydra.sweep.dir=ours", points, "hydra.sweeper.n_jobs=1")
        rows = table(tmp_path)
        assert rows["x"].tolist()[:2] == [1, 2]
        assert rows["h"][1] == "[3]"
        assert rows["db"][2] == "postgres"
        assert len(rows) == 3


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["db=mysql,postgress"], "`db=postgress` is no option of db; did you mean `postgres`?"),
        (["nme=a,b"], "`nme` is no key of the configuration; did you mean `name`?"),
        (["db=mysql,postgres", "db.schema=a,b"], "{distribution: ..., when: {db: OPTION}}"),
        (["x=1,2", "hydra.sweeper.enqueue=[{nmae: b}]"], "`nmae` is enqueued but is no key"),
        (
            ["hydra.sweeper.params={x: {distribution: '1,2', when: {nmae: b}}}"],
            "`nmae` is in a condition (`when`) but is no key",
        ),
        (
            ["x=1,2", "h=[1],[2]", "hydra.sweeper.enqueue=[{h: [1]}]"],
            "an enqueued point must give every parameter, but {'h': [1]} has no `x`",
        ),
        (["hydra.sweeper.custom_search_space=no.where"], "`hydra.sweeper.custom_search_space`: "),
        (["typed.count=interval(1,2)"], "typed.count='int(interval(1, 2))'"),
    ],
)
def test_a_slip_ends_the_sweep_before_it_begins(run, tmp_path, words, told):
    assert told in run(*search(*words), code=1)
    assert not (tmp_path / "ours").exists()

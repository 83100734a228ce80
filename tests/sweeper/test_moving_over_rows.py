"""Each row of the tables in docs/moving-over.md is true: a function here, by its first cell."""

import inspect
import re
import time
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import hydra
import optuna
import pandas as pd
import pytest
import yaml
from command_line import Ended, run_command
from generations import optuna_5
from hydra import initialize
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.utils import get_class
from omegaconf import DictConfig
from optuna.distributions import FloatDistribution, IntDistribution
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from dropout_study import current_trial
from dropout_study.sweeper.confs.samplers import SAMPLERS
from dropout_study.sweeper.planning.planned import plan_sweep
from dropout_study.sweeper.samplers import SeededByTrial, build_sampler
from dropout_study.sweeper.settings import SweepSettings, cores

PAGE = (Path(__file__).parents[2] / "docs" / "moving-over.md").read_text(encoding="utf-8")
PLUGIN = "hydra_plugins.hydra_optuna_sweeper.optuna_sweeper.OptunaSweeper"
CODE = re.compile(r"`([^`]+)`")
Row = list[str]


def rows() -> dict[str, Row]:
    """The cells of every row of every table of the page, by the first cell."""
    lines = re.findall(r"^\| (.*) \|$", PAGE, re.MULTILINE)
    found = [[cell.strip() for cell in line.split(" | ")] for line in lines]
    heads = [i + 1 for i, row in enumerate(found) if set(row[0]) == {"-"}]
    ends = [*(i - 2 for i in heads[1:]), len(found)]
    return {row[0]: row for head, end in zip(heads, ends, strict=True) for row in found[head:end]}


ROWS = rows()
CASES: dict[str, Callable[..., None]] = {}


def case(first_cell: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    def keep(function: Callable[..., None]) -> Callable[..., None]:
        assert first_cell not in CASES
        CASES[first_cell] = function
        return function

    return keep


@pytest.fixture
def at(tmp_path, monkeypatch, capfd, caplog, read, told):
    """What a case works with: its row, settings read or refused, a sweep."""
    monkeypatch.chdir(tmp_path)

    def sweep(*words: str, study: str = "study", code: int = 0) -> Ended:
        ended = run_sweep(tmp_path, study, words, capfd)
        assert ended.code == code, ended.out + ended.err
        return ended

    def refused(**sweeper: Any) -> str:
        return told(read, sweeper=sweeper)

    return SimpleNamespace(read=read, sweep=sweep, refused=refused, caplog=caplog)


def run_sweep(directory: Path, study: str, words: Sequence[str], capture: Any) -> Ended:
    app = hydra.main(version_base="1.3", config_path=str(directory))(task)
    given = ("hydra/sweeper=optuna_study", f"hydra.sweep.dir={study}", "hydra.sweeper.n_jobs=0")
    return run_command(app, ["--multirun", *given, *words], capture)


@pytest.fixture(scope="module")
def moved(tmp_path_factory) -> tuple[Path, str]:
    """A sweep of many settings: its directory, and what it printed."""
    directory, printed = tmp_path_factory.mktemp("moved"), StringIO()
    words = (
        *("+x=interval(0,1)", "+fixed=7", "hydra.sweeper.n_trials=2"),
        *(f"hydra.sweeper._target_={PLUGIN}", "hydra.sweeper.study_name=null"),
        "hydra.sweeper.storage={_target_: optuna.storages.InMemoryStorage}",
    )
    quiet = SimpleNamespace(readouterr=lambda: ("", ""))
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(printed):
        patch.chdir(directory)
        ended = run_sweep(directory, "study", words, quiet)
        assert ended.code == 0, printed.getvalue()
    return directory / "study", printed.getvalue()


@pytest.mark.parametrize("first_cell", ROWS)
def test_a_row_is_true(first_cell: str, at, moved):
    assert first_cell in CASES, f"no case tests the row {ROWS[first_cell]}"
    at.row, (at.study, at.printed) = ROWS[first_cell], moved
    CASES[first_cell](at)


def test_every_case_is_of_a_row():
    assert CASES.keys() == ROWS.keys()
    assert len(re.findall(r"^\| -", PAGE, re.MULTILINE)) == 3


def task(config: DictConfig) -> float:
    if config.get("first_waits") and current_trial().number == 0:
        wait_for_the_third(Path(HydraConfig.get().sweep.dir))
    if "note" in config:
        with Path(config.note, "note").open("a") as stream:
            stream.write("x")
    if config.x == "fails":
        raise ValueError("as wanted")
    return float(config.x)


def wait_for_the_third(study: Path) -> None:
    """Waits until a trial has begun that a batch of two has no room for."""
    deadline = time.monotonic() + 60
    while not (study / "2").exists():
        assert time.monotonic() < deadline, "trials come in batches"
        time.sleep(0.01)


def table(study: Path | str = "study") -> pd.DataFrame:
    return pd.read_csv(Path(study) / "results.csv")


def journal(study: Path | str) -> optuna.Study:
    """The study in the journal of its directory, whatever it is called."""
    storage = JournalStorage(JournalFileBackend(f"{study}/journal.log"))
    return optuna.load_study(study_name=None, storage=storage)


# Old, and read as


@case("`_target_` of the official plugin below `hydra.sweeper`")
def _(at):
    assert len(table(at.study)) == 2, "a table is what our sweeper makes"
    assert "leave out `hydra.sweeper._target_`" in at.printed


@case("`search_space: {key: {type, low, high, step, log, choices}}`")
def _(at):
    old = {"x": {"type": "int", "low": 1, "high": 5, "step": 2}}
    settings, told = at.read(sweeper={"search_space": old})
    assert space(settings.params)["x"].high == 5
    tenths = {"x": {"type": "float", "low": 0, "high": 0.6, "step": 0.3}}
    settings, _ = at.read(sweeper={"search_space": tenths})
    assert space(settings.params)["x"] == FloatDistribution(0, 0.6, step=0.3)
    assert "hydra.sweeper.params" in told[0]
    settings, _ = at.read(sweeper={"search_space": old, "params": {"x": "choice(7)"}})
    assert settings.params == {"x": "choice(7)"}
    names = CODE.findall(at.row[0])[0].split("{")[-1].rstrip("}").split(", ")
    every = {"type": "float", "low": 1, "high": 8, "step": None, "log": True, "choices": None}
    assert names == list(every)
    settings, _ = at.read(sweeper={"search_space": {"x": every}})
    assert space(settings.params)["x"] == FloatDistribution(1, 8, log=True)


RDB = "optuna.storages.RDBStorage"


@case("`storage: {_target_: optuna.storages.RDBStorage, url: ...}`")
def _(at):
    storage = {"_target_": RDB, "url": "sqlite:///a.db"}
    assert at.read(sweeper={"storage": storage})[0].storage == "sqlite:///a.db"
    for more in ({"heartbeat_interval": 60}, {"url": "postgresql://me:secret@host/db"}):
        line = at.refused(storage={**storage, **more})
        assert "`hydra.sweeper.storage` must be a URL" in line
        assert "secret" not in line


@case("`storage: {_target_: optuna.storages.JournalStorage, ...}` on a file")
def _(at):
    backend = "optuna.storages.journal.JournalFileBackend"
    log = {"_target_": backend, "file_path": "a.log"}
    storage = {"_target_": "optuna.storages.JournalStorage", "log_storage": log}
    settings, _ = at.read(sweeper={"storage": storage})
    assert settings.storage == CODE.findall(at.row[1])[0].replace("FILE", "a.log")


@case("`storage: {_target_: optuna.storages.InMemoryStorage}`")
def _(at):
    assert len(journal(at.study).trials) == 2
    assert "leave out `hydra.sweeper.storage`" in at.printed


@case("`hydra/sweeper/sampler=motpe`")
def _(at):
    settings, told = at.read("hydra/sweeper/sampler=motpe", sweeper={"direction": ["minimize"] * 2})
    assert settings.sampler["_target_"] == "optuna.samplers.TPESampler"
    assert settings.directions == ["minimize", "minimize"]
    assert "hydra/sweeper/sampler=tpe" in told[0]


@case("`sampler._target_` of another class")
def _(at):
    sampler = {"_target_": "optuna.samplers.QMCSampler", "scramble": True}
    settings, _ = at.read(sweeper={"sampler": sampler})
    assert settings.sampler == {**sampler, "seed": 0}


@case("`GridSampler` with a `search_space`, or `_partial_: true`")
def _(at):
    for more in ({"search_space": {"x": [1, 2]}}, {"_partial_": True}):
        sampler = {"_target_": "optuna.samplers.GridSampler", **more}
        settings, _ = at.read(sweeper={"sampler": sampler})
        searched = space(settings.params or {"x": "choice(1, 2)"})
        made = build_sampler(settings.sampler, 0, searched)
        study = optuna.create_study(sampler=made)
        study.optimize(lambda trial: trial.suggest_categorical("x", [1, 2]))
        assert sorted(trial.params["x"] for trial in study.trials) == [1, 2]


@case("arguments that Optuna has deprecated")
def _(at):
    given = {"consider_endpoints": True, "consider_prior": None}
    settings, _ = at.read(sweeper={"sampler": given})
    assert "consider_endpoints" in settings.sampler
    assert "consider_prior" not in settings.sampler
    for number in range(3):
        build_sampler(settings.sampler, number, {})
    told = [each for each in at.caplog.messages if "consider_endpoints" in each]
    assert len(told) == 1  # one warning a study, not one a trial


# A setting, there and here


@case("`range(a, b)`")
def _(_at):
    assert space({"x": "range(1, 4)"}) == {"x": IntDistribution(1, 3)}


@case("`n_trials`")
def _(at):
    at.sweep("+x=interval(0,1)", "hydra.sweeper.n_trials=2")
    first = table()
    at.sweep("+x=interval(0,1)", "hydra.sweeper.n_trials=3")
    assert len(table()) == 3
    assert table()["x"].tolist()[:2] == first["x"].tolist()


@case("`n_jobs`")
def _(at):
    settings, _ = at.read()
    assert (settings.n_jobs, settings.jobs_at_once) == ("auto", cores())
    words = ("+x=interval(0,1)", "hydra.sweeper.n_trials=4", "hydra.sweeper.n_jobs=2")
    at.sweep(*words, "+first_waits=true")
    assert table()["state"].tolist() == ["COMPLETE"] * 4
    ended = at.sweep(*words, "hydra/launcher=joblib", "hydra.launcher.n_jobs=1", study="waves")
    assert ended.out.count("launching 2 jobs") == 2
    assert len(table("waves")) == 4


@case("`max_failure_rate`")
def _(at):
    assert at.read()[0].max_failure_rate == 0
    words = ("+x=choice(1,fails,2,3)", "hydra/sweeper/sampler=grid")
    at.sweep(*words, "hydra.sweeper.max_failure_rate=0.25")
    assert sorted(table()["state"]) == ["COMPLETE"] * 3 + ["FAIL"]
    at.sweep(*words, study="strict", code=1)


@case("`storage: null`")
def _(at):
    assert at.read(sweeper={"storage": None})[0].storage is None
    at.sweep("+x=choice(1)", "hydra.sweeper.n_trials=1")
    assert len(journal("study").trials) == 1


@case("`study_name: null`")
def _(at):
    assert journal(at.study).study_name == at.study.name


@case("`seed: null` of a sampler")
def _(at):
    def first(**sampler: Any) -> list[float]:
        settings, _ = at.read("hydra/sweeper/sampler=random", sweeper={"sampler": sampler})
        study = optuna.create_study(sampler=SeededByTrial(settings.sampler, {}))
        return [study.ask().suggest_float("x", 0, 1) for _ in range(2)]

    assert first() == first() == first(seed=0)
    assert first(seed=None) != first(seed=None)


@case("the samplers' other defaults")
def _(at):
    if optuna_5.args[0]:
        pytest.skip("the options have the defaults of Optuna 5")
    for name, conf in SAMPLERS.items():
        settings, _ = at.read(f"hydra/sweeper/sampler={name}")
        kind = get_class(conf()._target_)
        there = {key: each.default for key, each in inspect.signature(kind).parameters.items()}
        for key, value in settings.sampler.items():
            if key not in ("_target_", "seed", "independent_sampler"):
                assert value == there[key], f"{name}.{key}"


@case("a fixed value")
def _(at):
    given = yaml.safe_load((at.study / "0" / ".hydra" / "overrides.yaml").read_text())
    assert "+fixed=7" in given
    assert journal(at.study).trials[0].user_attrs.keys().isdisjoint({"fixed", "+fixed"})


@case("an added key")
def _(at):
    assert list(journal(at.study).trials[0].params) == ["x"]
    assert "x" in table(at.study)
    best = yaml.safe_load((at.study / "optimization_results.yaml").read_text())
    assert list(best["best_params"]) == ["x"]


@case("a point that is drawn again")
def _(at):
    words = ("+x=choice(1)", "hydra.sweeper.n_trials=2")
    for duplicates, runs in (("run", 2), ("reuse", 1)):
        at.sweep(
            *words,
            f"+note={duplicates}",
            f"hydra.sweeper.duplicates={duplicates}",
            study=duplicates,
        )
        assert table(duplicates)["value"].tolist() == [1, 1]
        assert len(Path(duplicates, "note").read_text()) == runs
    assert at.read()[0].duplicates == "run"


@case("a grid")
def _(at):
    at.sweep("+x=choice(3,1,2)", "hydra/sweeper/sampler=grid", "hydra.sweeper.n_trials=20")
    assert sorted(table()["x"]) == [1, 2, 3]


# A script, and the configuration


def space(params: dict[str, Any]) -> dict[str, optuna.distributions.BaseDistribution]:
    """What ``params`` of an application without any keys search."""
    with initialize(None, version_base="1.3"):
        loader = GlobalHydra.instance().config_loader()
        return plan_sweep({f"+{key}": text for key, text in params.items()}, [], loader).space


def suggests(at) -> None:
    """The call in the first cell asks for what the second one searches."""
    trial = optuna.create_study().ask()
    eval(CODE.findall(at.row[0])[0], {"trial": trial})
    assert space(yaml.safe_load(CODE.findall(at.row[1])[0])) == trial.distributions


for written in (
    '`trial.suggest_float("lr", 1e-4, 1e-1, log=True)`',
    '`trial.suggest_int("layers", 1, 4)`',
    '`trial.suggest_categorical("act", ["relu", "tanh"])`',
):
    case(written)(suggests)


@case('`create_study(direction="maximize", sampler=..., pruner=...)`')
def _(at):
    direction, sampler, pruner = CODE.findall(at.row[1])
    settings, _ = at.read(
        f"hydra.sweeper.{direction}=maximize", f"{sampler}=qmc", f"{pruner}=median"
    )
    assert settings.directions == ["maximize"]
    assert settings.sampler["_target_"] == "optuna.samplers.QMCSampler"
    assert settings.pruner is not None
    assert settings.pruner["_target_"] == "optuna.pruners.MedianPruner"


@case("`study.optimize(objective, n_trials=50, n_jobs=4, timeout=600)`")
def _(at):
    given = dict(re.findall(r"(\w+)=(\d+)", at.row[0]))
    assert CODE.findall(at.row[1]) == list(given)
    settings, _ = at.read(sweeper={name: int(number) for name, number in given.items()})
    assert {name: str(int(getattr(settings, name))) for name in given} == given
    assert given.keys() <= inspect.signature(optuna.Study.optimize).parameters.keys()


@case("`trial.report(value, step)`, `trial.should_prune()`")
def _(_at):
    trial = optuna.create_study().ask()
    for name in ("report", "should_prune"):
        ours = inspect.signature(getattr(current_trial(), name)).parameters
        assert list(ours) == list(inspect.signature(getattr(trial, name)).parameters)


def test_the_settings_that_the_page_names_are_there():
    sentence = re.search(r"The settings (.*?) are there", PAGE, re.DOTALL)
    assert sentence
    named = re.findall(r"\w+", " ".join(CODE.findall(sentence[1])))
    assert len(named) == 9
    assert set(named) <= SweepSettings.__dataclass_fields__.keys()

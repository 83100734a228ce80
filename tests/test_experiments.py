"""Of every comparison in ``conf/experiment``: the size of its grid, and one trial, trained."""

from collections.abc import Callable
from math import prod
from pathlib import Path
from typing import cast

import pandas as pd
import pytest
from command_line import run_command
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import ChoiceSweep
from omegaconf import DictConfig, OmegaConf

from dropout_study.cli.predict import predict
from dropout_study.cli.train import main
from dropout_study.paths import conf_dir

COMPARISONS = sorted(
    path.stem
    for path in (conf_dir() / "experiment").glob("*.yaml")
    if "compare" in (OmegaConf.load(path).get("defaults") or [])
)
TINY = (
    *("trainer.epochs=6", "data.train_size=200", "data.val_size=100", "trainer.device=cpu"),
    *("search_space.n_trials=1", "~hydra.callbacks.confirmation", "hydra.sweep.dir=study"),
)


QUICK = {"depth_profiles", "label_noise", "noises", "when"}
"""Of each kind one: a network, data, a group and several groups are compared."""


def test_there_are_experiments() -> None:
    assert {"rates", "depth_profiles", "noises"} <= set(COMPARISONS)


def values(searched: object) -> int:
    """Returns how many values a choice, or a zip, has."""
    if isinstance(searched, str):
        override = OverridesParser.create().parse_override(f"x={searched}")
        return len(cast(ChoiceSweep, override.value()).list)
    return len(cast(DictConfig, searched).zip)


@pytest.mark.parametrize("name", [*COMPARISONS, "evaluation_rates"])
def test_n_trials_is_the_whole_grid(name: str, compose_config: Callable[..., DictConfig]) -> None:
    space = compose_config(f"experiment={name}").search_space

    assert space.n_trials == prod(values(searched) for searched in space.params.values())


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=[] if n in QUICK else pytest.mark.slow) for n in COMPARISONS]
)
def test_a_trial_of_it_is_trained(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)

    ended = run_command(main, ["--multirun", f"experiment={name}", *TINY], capfd)

    assert ended.code == 0, ended.err
    table = pd.read_csv("study/results.csv")
    assert table["state"].tolist() == ["COMPLETE"], table["error"].tolist()
    by = OmegaConf.load(conf_dir() / "experiment" / f"{name}.yaml").hydra.callbacks.confirmation.by
    assert set(by) <= set(table.columns)


def test_the_map_of_evaluation_rates_is_of_its_own_trials(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    words = [word for word in TINY if not word.startswith("~")]
    words += ["trainer.epochs=1", "search_space.n_trials=2", "trainer.seed=0", "report=none"]

    ended = run_command(main, ["--multirun", "experiment=evaluation_rates", *words], capfd)
    assert ended.code == 0, ended.err
    ended = run_command(predict, ["study", "split=val", "samples=2", "rates=0,0.5"], capfd)
    assert ended.code == 0, ended.err

    table = pd.read_csv("study/inference_val.csv")
    assert set(table["trial"]) == {0, 1}
    assert table["rate"].dropna().unique().tolist() == [0.0, 0.5]

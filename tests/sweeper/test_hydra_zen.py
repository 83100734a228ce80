"""The sweeper in an application that is configured by hydra-zen."""

import subprocess
import sys

import pandas as pd
import pytest

pytest.importorskip("hydra_zen")

APP = """
from hydra_zen import builds, make_config, store, zen


def model(width: int = 3, dropout: float = 0.5):
    return width, dropout


def task(model, lr: float, layers):
    width, dropout = model
    return {"value": width + dropout + lr, "n_layers": len(layers)}


store(builds(model, populate_full_signature=True), group="model", name="small")
store(builds(model, width=9, populate_full_signature=True), group="model", name="large")
config = make_config(hydra_defaults=["_self_", {"model": "small"}], model=None, lr=0.1, layers=[])
store(config, name="config")

if __name__ == "__main__":
    store.add_to_hydra_store()
    zen(task).hydra_main(config_name="config", version_base="1.3", config_path=None)
"""


def test_groups_values_and_lists_are_searched(tmp_path):
    (tmp_path / "app.py").write_text(APP)
    words = ("hydra/sweeper=optuna_study", "hydra/sweeper/sampler=grid", "hydra.sweep.dir=study")
    searched = ("model=small,large", "model.dropout=0.25,0.5", "layers=[1],[1,2]", "lr=0")
    command = [sys.executable, "app.py", "--multirun", *words, *searched]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    rows = pd.read_csv(tmp_path / "study" / "results.csv")
    width = rows["model"].map({"small": 3, "large": 9})
    assert rows["value"].tolist() == (width + rows["model.dropout"]).tolist()
    assert sorted(rows["value"].unique()) == [3.25, 3.5, 9.25, 9.5]
    assert set(rows["layers"]) == {"[1]", "[1, 2]"}

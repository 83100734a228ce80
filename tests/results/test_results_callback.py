import logging
import shutil
from pathlib import Path

import pandas as pd
import pytest
from hydra.core.utils import JobReturn, JobStatus
from omegaconf import DictConfig, OmegaConf, open_dict

from dropout_study.errors import TrialPruned
from dropout_study.results.callback import ResultsCallback
from dropout_study.results.live_table import ResultsTable

DONE = JobReturn(overrides=["model.dropout1=0.3"], status=JobStatus.COMPLETED, _return_value=0.25)
PRUNED = JobReturn(status=JobStatus.FAILED, _return_value=TrialPruned({"value": 0.1}))


@pytest.fixture
def job_config(compose_config, tmp_path):
    """The configuration of a sweep's job in ``tmp_path/study``."""

    def config(number: int, *overrides: str, **sweeper: list[str]) -> DictConfig:
        composed = compose_config(*overrides, "data=synthetic", hydra=True)
        root = tmp_path / "study"
        with open_dict(composed):
            composed.hydra.sweeper = OmegaConf.create(sweeper) or composed.hydra.sweeper
            composed.hydra.job.num = number
            composed.hydra.mode = "MULTIRUN"
            composed.hydra.sweep.dir = str(root)
            composed.hydra.runtime.output_dir = str(root / str(number))
        return composed

    return config


def test_in_a_grid_every_job_that_ends_writes_the_table(job_config, tmp_path):
    callback = ResultsCallback()
    for number, job in enumerate((DONE, PRUNED)):
        callback.on_job_end(job_config(number, "hydra/sweeper=basic"), job)
        frame = pd.read_csv(tmp_path / "study" / "results.csv")
        assert frame["trial"].tolist() == list(range(number + 1))
    assert frame["state"].tolist() == ["COMPLETE", "PRUNED"]
    assert frame["value"].tolist() == [0.25, 0.1]


def test_our_sweeper_writes_the_table_so_its_jobs_do_not(job_config, tmp_path):
    ResultsCallback().on_job_end(job_config(0), DONE)
    assert (tmp_path / "study" / "0" / "metrics.json").is_file()
    assert not (tmp_path / "study" / "results.csv").exists()


def test_several_objectives_have_a_column_each_and_no_common_value(job_config, tmp_path):
    config = job_config(0, direction=["maximize", "minimize"])
    ResultsCallback().on_job_end(
        config, JobReturn(status=JobStatus.COMPLETED, _return_value=[1.5, 2])
    )
    row = pd.read_csv(ResultsTable(tmp_path / "study").update()).loc[0]
    assert (row["state"], row["value_0"], row["value_1"]) == ("COMPLETE", 1.5, 2.0)
    assert pd.isna(row["value"])


def test_objectives_can_be_named(job_config, tmp_path):
    config = job_config(0, objective=["acc", "size"])
    returned = {"acc": 0.5, "size": 7, "trial": 99, "seconds": "soon", "note": "a,b"}
    ResultsCallback().on_job_end(
        config, JobReturn(status=JobStatus.COMPLETED, _return_value=returned)
    )
    row = pd.read_csv(ResultsTable(tmp_path / "study").update()).loc[0]
    assert (row["trial"], row["acc"], row["size"], row["note"]) == (0, 0.5, 7, "a,b")
    assert row["state"] == "COMPLETE"


def test_a_table_that_cannot_be_written_is_one_warning_and_the_next_job_writes_it(
    job_config, tmp_path, caplog, monkeypatch
):
    callback = ResultsCallback()
    with monkeypatch.context() as patch, caplog.at_level(logging.WARNING):
        patch.setattr(Path, "write_bytes", full_disk)
        callback.on_job_end(job_config(0, "hydra/sweeper=basic"), DONE)
    (line,) = caplog.messages
    assert "missing in the table" in line
    assert "No space left" in line
    callback.on_job_end(job_config(1, "hydra/sweeper=basic"), DONE)
    assert pd.read_csv(tmp_path / "study" / "results.csv")["trial"].tolist() == [0, 1]


def full_disk(*_: object) -> int:
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize("top", [1, 2])
def test_more_rows_are_offered_only_if_there_are_more(job_config, tmp_path, capsys, top):
    callback = ResultsCallback(top=top)
    for number in range(2):
        config = job_config(number, "hydra/sweeper=basic")
        callback.on_job_end(config, DONE)
    callback.on_multirun_end(config)
    assert (f"{tmp_path / 'study'} --top 2" in capsys.readouterr().out) is (top == 1)


def test_the_end_of_a_sweep_whose_directory_is_gone_is_a_warning(job_config, tmp_path, caplog):
    callback = ResultsCallback()
    config = job_config(0)
    callback.on_job_end(config, DONE)
    shutil.rmtree(tmp_path / "study")
    with caplog.at_level(logging.WARNING):
        callback.on_multirun_end(config)
    assert "is not a directory" in caplog.text


def test_a_sweep_leaves_the_table_as_parquet_if_asked(job_config, tmp_path, monkeypatch):
    pytest.importorskip("pyarrow")
    callback, config = ResultsCallback(parquet=True), job_config(0, "hydra/sweeper=basic")
    callback.on_job_end(config, DONE)
    callback.on_multirun_end(config)
    table = pd.read_parquet(tmp_path / "study" / "results.parquet")
    assert table["value"].tolist() == [0.25]
    monkeypatch.setattr("dropout_study.results.parquet.find_spec", lambda _name: None)
    with pytest.raises(SystemExit, match="dropout-study: a Parquet file needs pyarrow"):
        callback.on_multirun_start(config)

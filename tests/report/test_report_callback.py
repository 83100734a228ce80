from pathlib import Path

import pytest
from fake_study import write_study
from hydra.utils import instantiate
from omegaconf import OmegaConf

from dropout_study.paths import conf_dir
from dropout_study.report.callback import ReportCallback


def test_the_config_group_makes_the_callback_or_none() -> None:
    html = OmegaConf.load(conf_dir() / "report" / "html.yaml")
    config = OmegaConf.create({"hydra": {"callbacks": html}})  # its place in a configuration
    none = OmegaConf.load(conf_dir() / "report" / "none.yaml")

    assert isinstance(instantiate(config.hydra.callbacks.report), ReportCallback)
    assert none == {}


def test_a_sweep_that_ends_leaves_its_report(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_study(tmp_path, ["COMPLETE"])

    ReportCallback().on_multirun_end(OmegaConf.create({"hydra": {"sweep": {"dir": str(tmp_path)}}}))

    assert (tmp_path / "report.html").is_file()
    assert str(tmp_path / "report.html") in capsys.readouterr().out

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


def test_the_report_is_in_the_language_of_the_sweep(tmp_path: Path) -> None:
    html = OmegaConf.load(conf_dir() / "report" / "html.yaml")
    config = OmegaConf.create({"hydra": {"callbacks": html}, "report": {"language": "zh"}})
    write_study(tmp_path, ["FAIL"])

    callback = instantiate(config.hydra.callbacks.report)
    callback.on_multirun_end(OmegaConf.create({"hydra": {"sweep": {"dir": str(tmp_path)}}}))

    assert '<html lang="zh-CN">' in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_another_language_is_refused_before_the_first_trial(tmp_path: Path) -> None:
    config = OmegaConf.create({"hydra": {"sweep": {"dir": str(tmp_path / "new")}}})

    with pytest.raises(SystemExit, match=r"report.language` must be one of en, zh, got 'fr'$"):
        ReportCallback(language="fr").on_multirun_start(config)
    assert not (tmp_path / "new").exists()


def test_a_sweep_that_ends_leaves_its_report(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_study(tmp_path, ["COMPLETE"])

    ReportCallback().on_multirun_end(OmegaConf.create({"hydra": {"sweep": {"dir": str(tmp_path)}}}))

    assert (tmp_path / "report.html").is_file()
    assert str(tmp_path / "report.html") in capsys.readouterr().out

import builtins
from pathlib import Path
from typing import Any

import pytest
from omegaconf import OmegaConf

from dropout_study.errors import UserError
from dropout_study.paths import conf_dir
from dropout_study.task.tracker import tracking
from dropout_study.trial import Metrics

EPOCH: Metrics = {
    **{"epoch": 1, "train_loss": 0.5, "train_accuracy": 0.8, "val_loss": None},
    **{"val_accuracy": None, "test_loss": 0.6, "test_accuracy": 0.75, "seconds": 1.0},
}


class Recorder:
    def __init__(self, job_dir: str) -> None:
        self.job_dir = job_dir
        self.seen: list[object] = []

    def __call__(self, metrics: Metrics) -> bool:
        self.seen.append(metrics)
        return True

    def close(self) -> None:
        self.seen.append("closed")


@pytest.mark.parametrize("config", [{}, {"tracker": None}, {"tracker": {}}])
def test_without_a_tracker_nobody_is_told(config: dict[str, Any]) -> None:
    with tracking(OmegaConf.create(config), "job") as listeners:
        assert listeners == []


def test_a_tracker_of_ones_own_is_told_and_closed() -> None:
    config = OmegaConf.create({"tracker": {"_target_": f"{__name__}.Recorder"}})

    with tracking(config, "job") as (listener,):
        assert listener(EPOCH)

    assert isinstance(listener, Recorder) or type(listener).__name__ == "Recorder"
    assert listener.job_dir == "job"
    assert listener.seen == [EPOCH, "closed"]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_tensorboard_reads_what_was_written(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    config = OmegaConf.create(
        {"tracker": OmegaConf.load(conf_dir() / "tracker" / "tensorboard.yaml")}
    )
    with tracking(config, str(tmp_path)) as (listener,):
        assert listener(EPOCH)

    events = EventAccumulator(str(tmp_path)).Reload()
    assert sorted(events.Tags()["scalars"]) == [
        "seconds",
        "test/accuracy",
        "test/loss",
        "train/accuracy",
        "train/loss",
    ]
    (scalar,) = events.Scalars("test/accuracy")
    assert (scalar.step, scalar.value) == (1, 0.75)


def test_without_tensorboard_the_way_out_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    importer = builtins.__import__

    def refuse(name: str, *rest: Any) -> Any:
        if "tensorboard" in name:
            raise ImportError(name)
        return importer(name, *rest)

    monkeypatch.setattr(builtins, "__import__", refuse)
    config = OmegaConf.create({"tracker": OmegaConf.load(conf_dir() / "tracker/tensorboard.yaml")})

    with (
        pytest.raises(Exception, match="tensorboard") as error,
        tracking(config, "job"),
    ):
        pass
    assert "dropout-study[tensorboard]" in str(error.value)
    assert isinstance(error.value.__cause__ or error.value, UserError | ImportError)

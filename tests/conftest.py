"""What the tests share: a cache of their own, small data, composed configs."""

import os
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from copy import deepcopy
from functools import cache
from pathlib import Path

import hydra.utils
import pytest
import torch
from command_line import SMALL
from hydra import compose, initialize_config_dir
from hydra._internal.callbacks import Callbacks
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.types import HydraContext, RunMode
from omegaconf import DictConfig
from torch import Tensor

from dropout_study.config.hydra_main import ANY_TARGET
from dropout_study.data import Splits, synthetic
from dropout_study.data.idx import IDX_FILES, encode_idx
from dropout_study.errors import UserError
from dropout_study.paths import conf_dir
from dropout_study.task.recorded import Trust, trusting
from dropout_study.trial import Metrics

torch.set_num_threads(1)  # small networks: a second thread only gets in the way
# Commands that tests start have threads; those that wait for another leave the core to other tests.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

Compose = Callable[..., DictConfig]
WriteIdx = Callable[..., Path]


@pytest.fixture(autouse=True)
def cache_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The project's cache directory, empty; no test sees the user's own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg-cache"))
    return tmp_path / "xdg-cache" / "dropout_study"


@pytest.fixture(autouse=True)
def one_thread_a_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that is forked from this process, in which tests have computed, has one thread.

    With more it could wait for threads of torch that this process has and its fork has not.
    """
    monkeypatch.setattr("dropout_study.sweeper.running.cores", lambda: 1)


@pytest.fixture(autouse=True)
def seed() -> None:
    """What a test draws from torch's own generator is the same every time."""
    torch.manual_seed(0)


@pytest.fixture(scope="session")
def splits() -> Splits:
    """384 + 128 + 256 made-up images of 8x8 pixels."""
    return synthetic(val_size=128)


@cache
def composed(*overrides: str, hydra: bool) -> DictConfig:
    with initialize_config_dir(str(conf_dir().resolve()), version_base="1.3"):
        return compose("config", list(overrides), return_hydra_config=hydra)


@pytest.fixture(scope="session")
def compose_config() -> Compose:
    """Composes ``conf/config.yaml`` with overrides; each caller gets a copy of its own."""
    return lambda *overrides, hydra=False: deepcopy(composed(*overrides, hydra=hydra))


@pytest.fixture
def idx_parts() -> dict[str, Tensor]:
    """Four small tensors in the form of Fashion-MNIST: 40 + 20 images of 6x5 pixels."""
    generator = torch.Generator().manual_seed(0)
    parts: dict[str, Tensor] = {}
    for images, labels, count in ((*IDX_FILES[:2], 40), (*IDX_FILES[2:], 20)):
        pixels = torch.randint(0, 256, (count, 6, 5), generator=generator)
        parts[images] = pixels.to(torch.uint8)
        parts[labels] = (torch.arange(count) % 10).to(torch.uint8)
    return parts


@pytest.fixture
def write_idx(idx_parts: dict[str, Tensor]) -> WriteIdx:
    """Writes the four files of ``idx_parts`` into a directory and returns it."""

    def write(directory: Path, pack: Callable[[bytes], bytes] = bytes, suffix: str = "") -> Path:
        directory.mkdir(parents=True, exist_ok=True)
        for name, tensor in idx_parts.items():
            (directory / f"{name}{suffix}").write_bytes(pack(encode_idx(tensor)))
        return directory

    return write


@pytest.fixture
def epoch() -> Callable[..., Metrics]:
    """Makes the metrics of an epoch, all given but for what matters to the test."""

    def metrics(number: int, **given: float | None) -> Metrics:
        usual: Metrics = {
            **{"train_loss": 1 / number, "train_accuracy": 0.5, "val_loss": 0.9},
            **{"val_accuracy": 0.6, "test_loss": 0.8, "test_accuracy": 0.7, "seconds": 2.0},
        }
        return {"epoch": number, **usual, **given}

    return metrics


@pytest.fixture
def told() -> Callable[..., str]:
    """Calls a function that must end with a ``UserError`` and returns its message, one line."""

    def message(function: Callable[..., object], *args: object, **kwargs: object) -> str:
        with pytest.raises(UserError) as caught:
            function(*args, **kwargs)
        text = str(caught.value)
        assert text
        assert "\n" not in text
        return text

    return message


@pytest.fixture
def trusted() -> Iterator[None]:
    """Studies may name the tests' own networks, as with ``--trust``."""
    with trusting(Trust(everything=True)):
        yield


def callbacks(config: DictConfig) -> Callbacks:
    """Hydra's callbacks as under ``hydra.main``: 1.4 wants to be told there which may be called."""
    allowing = getattr(hydra.utils, "execution_whitelist", nullcontext)
    with allowing(ANY_TARGET):
        return Callbacks(config)


@pytest.fixture
def loaded(tmp_path, monkeypatch) -> Iterator[Callable[..., tuple[DictConfig, HydraContext]]]:
    """Composes the configuration of a sweep in ``study``, under an empty working directory."""
    monkeypatch.chdir(tmp_path)

    def load(*overrides: str) -> tuple[DictConfig, HydraContext]:
        running = GlobalHydra.instance().hydra
        assert running is not None
        given = [*SMALL, "hydra.sweep.dir=study", *overrides]
        config = running.compose_config("config", given, RunMode.MULTIRUN, from_shell=False)
        HydraConfig.instance().set_config(config)
        return config, HydraContext(running.config_loader, callbacks(config))

    before = HydraConfig.instance().cfg
    with initialize_config_dir(str(conf_dir().resolve()), version_base="1.3", job_name="trial"):
        yield load
    HydraConfig.instance().cfg = before

"""A trial that was stopped continues from its state, and ends as if it had never stopped."""

import csv
import logging
from pathlib import Path
from typing import Any

import pytest
import torch
import zoo
from omegaconf import DictConfig
from safetensors.torch import load_file
from torch import Tensor, nn

from dropout_study.errors import DivergedError, TrialPruned
from dropout_study.paths import JobPaths
from dropout_study.sweeper.current import NullTrial
from dropout_study.sweeper.source import StudyStopping
from dropout_study.task.trial import open_trial
from dropout_study.training.measures import Measure
from dropout_study.training.state import State
from dropout_study.trial import Metrics

SMALL = (
    *("data=synthetic", "data.n_train=96", "data.val_size=32", "data.n_test=16", "data.classes=4"),
    *("data.shape=[1,6,6]", "data.contrast=0.6", "trainer.device=cpu", "trainer.epochs=4"),
    *("trainer.batch_size=16", "trainer.resume_seconds=0"),
)
MLP = ("model.hidden1=12", "model.hidden2=12", "model.init_std=null")

Ended = tuple[Metrics, list[dict[str, str]], dict[str, Tensor]]


def train(config: DictConfig, root: Path, stop_after: int | None = None) -> Ended | None:
    """Trains in ``root``; returns numbers, history and weights, None if it was stopped."""

    def stop(row: Metrics) -> bool:
        if row["epoch"] == stop_after:
            raise StudyStopping
        return True

    try:
        with open_trial(config, root) as trial:
            numbers = trial.train(stop)
    except StudyStopping:
        return None
    with JobPaths(root).history_csv.open() as stream:
        rows = [{**row, "seconds": ""} for row in csv.DictReader(stream)]
    named = [*trial.model.named_parameters(), *trial.model.named_buffers()]
    return {**numbers, "seconds": 0}, rows, dict(named)


def assert_same(got: Ended | None, want: Ended | None) -> None:
    assert got is not None
    assert want is not None
    assert got[:2] == want[:2]
    assert got[2].keys() == want[2].keys()
    assert all(torch.equal(got[2][name], want[2][name]) for name in want[2])


def continued(config: DictConfig, tmp_path: Path, *stops: int) -> Path:
    """Trains once, and again with stops; checks that both end alike. Returns the directory."""
    whole = train(config, tmp_path / "whole")
    for stop in stops or (2,):
        assert train(config, tmp_path / "parts", stop) is None
    assert_same(train(config, tmp_path / "parts"), whole)
    for root in ("whole", "parts"):
        assert not JobPaths(tmp_path / root).resume.exists()
    return tmp_path / "parts"


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    words = ("continues after", "not used", "begins anew")
    return [text for text in caplog.messages if any(word in text for word in words)]


OPTIMIZERS = {
    "sgd": ["optimizer.momentum=0.9", "optimizer.nesterov=true", "optimizer.lr=0.05"],
    "adam": ["optimizer=adam"],
    "adamw": ["optimizer=adamw", "lr_schedule=cosine"],
    "rmsprop": ["optimizer=rmsprop", "optimizer.momentum=0.5"],
    "another": ["optimizer=custom", "optimizer._target_=torch.optim.NAdam"],
    "a schedule of momentum": [
        *("optimizer=adam", "lr_schedule=custom", "+lr_schedule.max_lr=0.1"),
        *("lr_schedule._target_=torch.optim.lr_scheduler.OneCycleLR", "+lr_schedule.total_steps=5"),
    ],
    "schedules one after the other": [
        "lr_schedule=custom",
        f"lr_schedule._target_={__name__}.two_schedules",
    ],
}


def two_schedules(optimizer: torch.optim.Optimizer) -> torch.optim.lr_scheduler.LRScheduler:
    first = torch.optim.lr_scheduler.LinearLR(optimizer, 0.5, total_iters=2)
    then = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.7)
    return torch.optim.lr_scheduler.SequentialLR(optimizer, [first, then], milestones=[2])


@pytest.mark.filterwarnings("ignore:The epoch parameter")  # torch's own SequentialLR
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_optimizer_goes_on(optimizer, compose_config, tmp_path, caplog):
    caplog.set_level(logging.INFO)
    parts = continued(compose_config(*SMALL, *MLP, *OPTIMIZERS[optimizer]), tmp_path, 3)
    assert told(caplog) == [f"continues after epoch 3: {JobPaths(parts).resume}"]


def own(name: str) -> tuple[str, ...]:
    return ("model=custom", f"model._target_={name}")


def batch_norm() -> nn.Module:
    return zoo.conv(nn.BatchNorm2d(3), nn.Dropout(0.2))


class Extra(zoo.Net):
    """Has state that is no tensor, by torch's own way."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(zoo.D), persistent=False)
        self._calls = {"train": 0}

    def get_extra_state(self) -> dict[str, int]:
        return dict(self._calls)

    def set_extra_state(self, state: Any) -> None:
        self._calls = dict(state)

    def forward(self, x: Tensor) -> Tensor:
        if self.training:
            self._calls["train"] += 1
            self.mean += x.flatten(1).mean(dim=0) / self._calls["train"]
        return super().forward(x - self.mean.view(1, 6, 6))


class Turns(Measure):
    """A user's own measure that remembers something."""

    meaning, cost = "how often it was asked", "none"

    def __init__(self) -> None:
        self.turns = 0

    def measure(self, after: Any) -> dict[str, float | None]:
        self.turns += 1
        return {"": float(self.turns)}


KINDS = {
    "scheduled rates, bounded norms": [
        *(*MLP, "schedule=linear", "trainer.max_norm=0.5"),
        *("trainer.label_smoothing=0.1", "trainer.r_drop=0.5"),
    ],
    "rates that are learned": [*MLP, "noise=concrete", "optimizer=adam"],
    "half precision, measurements": [
        *(*MLP, "trainer.precision=bfloat16"),
        f"trainer.measure=[weight_distance,gradient,{__name__}.Turns]",
    ],
    "batch normalisation and lazy weights": own(f"{__name__}.batch_norm"),
    "tied weights": own("zoo.Tied"),
    "normed weights": own("zoo.weight_hook"),
    "draws of its own": own("zoo.NumpyNoise"),
    "a count in an attribute": own("zoo.Counting"),
    "a model that is told of epochs": own("zoo.Told"),
    "extra state and a buffer that is not saved": own(f"{__name__}.Extra"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_training_goes_on(kind, compose_config, tmp_path, caplog):
    caplog.set_level(logging.INFO)
    parts = continued(compose_config(*SMALL, *KINDS[kind]), tmp_path)
    assert told(caplog) == [f"continues after epoch 2: {JobPaths(parts).resume}"]


def test_what_listens_ends_as_if_it_had_never_stopped(compose_config, tmp_path):
    given = ("trainer.patience=2", "trainer.checkpoint=best", "trainer.objective=best_epoch")
    config = compose_config(*SMALL, *MLP, *given, "trainer.epochs=12", "optimizer.lr=2")
    config.tracker = {"_target_": "task_tracker.Closed"}
    parts = continued(config, tmp_path, 1, 2, 3)
    assert (parts / "closed").read_text() == (tmp_path / "whole" / "closed").read_text()
    got, want = (load_file(root / "checkpoint.safetensors") for root in (parts, tmp_path / "whole"))
    assert all(torch.equal(got[name], want[name]) for name in want)
    # Stopped in the very last epoch, it is not trained on.
    (epochs,) = {int(line.split()[0]) for line in (parts / "closed").read_text().splitlines()}
    assert epochs < 12
    assert train(config, tmp_path / "last", epochs) is None
    assert_same(train(config, tmp_path / "last"), train(config, tmp_path / "again"))


class Secret(zoo.Net):
    """Draws from a generator that nobody else knows."""

    def __init__(self) -> None:
        super().__init__()
        self.generator = torch.Generator().manual_seed(0)


class Lonely(torch.optim.SGD):
    """Keeps state that is neither a tensor nor a plain value."""

    def step(self, closure: Any = None) -> None:
        super().step(closure)
        self.state[self.param_groups[0]["params"][0]]["notes"] = object()


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (own("zoo.Remembering"), "training changes attribute latest layer, a Tensor, which is"),
        (own(f"{__name__}.Secret"), "attribute generator layer is a generator of random numbers"),
        (
            [*MLP, "optimizer=custom", f"optimizer._target_={__name__}.Lonely", "+optimizer.lr=1"],
            "optimizer.state.0.notes is a object, neither a tensor nor a plain value",
        ),
    ],
    ids=["a tensor in an attribute", "a generator", "an object"],
)
def test_what_cannot_be_kept_is_told_once_and_trained_on(
    given, why, compose_config, tmp_path, caplog
):
    config = compose_config(*SMALL, *given)
    whole = train(config, tmp_path / "whole")
    (line,) = told(caplog)
    assert line.startswith(f"if it is interrupted, the trial begins anew: {why}")
    assert train(config, tmp_path / "parts", 2) is None
    assert not JobPaths(tmp_path / "parts").resume.exists()
    assert_same(train(config, tmp_path / "parts"), whole)


def edit(path: Path, **changes: Any) -> None:
    state, facts = State.read(path)
    state.write(path, {**facts, **changes})


def torn(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def flipped(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-5] ^= 1
    path.write_bytes(content)


def of_other_weights(path: Path) -> None:
    state, facts = State.read(path)
    name = next(name for name in state.tensors if name.startswith("model."))
    state.tensors[name] = torch.zeros(99)
    state.write(path, facts)


FILES = {
    "torn": (torn, "it is damaged: "),
    "empty": (lambda path: path.write_bytes(b""), "it is damaged: "),
    "a flipped byte": (flipped, "it is damaged: its checksum is another one"),
    "other weights": (of_other_weights, "it does not fit: "),
    "no epochs": (lambda path: edit(path, history="none"), "it is damaged: "),
    "another package": (
        lambda path: edit(path, **{"version of packages": {"torch": "1.0"}}),
        "it is of another version of packages dropout-study: None, now ",
    ),
    "other code": (lambda path: edit(path, commit="c0de"), "it is of another commit: c0de, now "),
}


@pytest.mark.parametrize("kind", FILES)
def test_a_file_that_cannot_be_used_costs_the_epochs_and_one_line(
    kind, compose_config, tmp_path, caplog
):
    damage, why = FILES[kind]
    config = compose_config(*SMALL, *MLP)
    assert train(config, tmp_path / "parts", 2) is None
    file = JobPaths(tmp_path / "parts").resume
    damage(file)
    got = train(config, tmp_path / "parts")
    (line,) = told(caplog)
    assert line.startswith(f"{file} is not used, the trial begins anew: {why}")
    assert "\n" not in line
    assert_same(got, train(config, tmp_path / "whole"))


@pytest.mark.parametrize(
    ("other", "why"),
    [
        ("data.split_seed=1", "another data: "),
        ("optimizer.lr=0.3", "another setting optimizer.lr: 0.5, now 0.3"),
        ("trainer.epochs=5", "another setting trainer.epochs: 4, now 5"),  # the cosine's end
    ],
)
def test_the_state_of_another_trial_is_not_used(other, why, compose_config, tmp_path, caplog):
    given = (*SMALL, *MLP, "lr_schedule=cosine")
    assert train(compose_config(*given), tmp_path / "parts", 2) is None
    got = train(compose_config(*given, other), tmp_path / "parts")
    assert why in told(caplog)[0]
    assert_same(got, train(compose_config(*given, other), tmp_path / "whole"))


def test_an_edited_model_of_the_users_own_begins_anew(
    compose_config, tmp_path, caplog, monkeypatch
):
    file = tmp_path / "edited_net.py"
    file.write_text("import zoo\n\ndef net():\n    return zoo.dense()\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    config = compose_config(*SMALL, *own("edited_net.net"))
    assert train(config, tmp_path / "parts", 2) is None
    with file.open("a") as stream:
        stream.write("\n# edited\n")
    assert train(config, tmp_path / "parts") is not None
    assert "it is of another code edited_net: " in told(caplog)[0]


def test_the_best_weights_that_are_gone_cost_the_epochs(compose_config, tmp_path, caplog):
    config = compose_config(*SMALL, *MLP, "trainer.checkpoint=best", "trainer.epochs=6")
    whole = train(config, tmp_path / "whole")
    assert whole is not None
    best = whole[0]["best_epoch"]
    assert best < 6
    assert train(config, tmp_path / "parts", best + 1) is None
    JobPaths(tmp_path / "parts").checkpoint.unlink()
    assert_same(train(config, tmp_path / "parts"), whole)
    assert told(caplog)[0].endswith("checkpoint.safetensors lacks the best weights so far")


class Pausing(NullTrial):
    """Is pruned after its second epoch, and may continue."""

    may_continue = True

    def report(self, value: float, step: int) -> None:
        self.step = step

    def should_prune(self) -> bool:
        return self.step == 2


def test_a_pruned_trial_keeps_its_state_if_it_may_continue(compose_config, tmp_path):
    config = compose_config(*SMALL, *MLP, "trainer.resume_seconds=1000")

    def train_for(running: NullTrial, root: str) -> Metrics:
        with open_trial(config, tmp_path / root) as trial:
            return {**trial.train_for(running), "seconds": 0}

    whole = train_for(NullTrial(), "whole")
    for _ in range(2):  # the second time nothing is trained
        with pytest.raises(TrialPruned) as pruned:
            train_for(Pausing(), "parts")
        assert pruned.value.may_continue
        assert pruned.value.metrics["epochs_run"] == 2
    assert JobPaths(tmp_path / "parts").resume.exists()
    assert train_for(NullTrial(), "parts") == whole
    assert not JobPaths(tmp_path / "parts").resume.exists()


def test_a_trial_that_fails_or_is_off_leaves_no_state(compose_config, tmp_path):
    config = compose_config(*SMALL, *MLP, "optimizer.lr=1e9")
    with pytest.raises(DivergedError), open_trial(config, tmp_path / "diverged") as trial:
        trial.train()
    off = compose_config(*SMALL, *MLP, "trainer.resume=off")
    assert train(off, tmp_path / "off", 3) is None
    for root in ("diverged", "off"):
        assert not JobPaths(tmp_path / root).resume.exists()


def test_a_state_is_kept_as_often_as_asked(compose_config, tmp_path):
    def kept(*given: str) -> list[bool]:
        seen: list[bool] = []
        paths = JobPaths(tmp_path / "-".join(given))
        with open_trial(compose_config(*SMALL, *MLP, *given), paths.root) as trial:
            trial.train(lambda _: (seen.append(paths.resume.exists()), paths.resume.unlink(True)))
        return seen

    assert kept("trainer.resume_every=2") == [False, True, False, True]
    assert kept("trainer.resume_seconds=1000") == [False] * 4

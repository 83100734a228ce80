"""Companions of dropout as settings: in a trial, a population, a record and a rerun."""

import math

import pytest
from omegaconf import OmegaConf
from trials import prepare_trial, train_trial

from dropout_study.config.check import check_config
from dropout_study.config.preflight import Preflight
from dropout_study.errors import TrialPruned
from dropout_study.paths import JobPaths
from dropout_study.task.early_stopping import EarlyStopping
from dropout_study.task.job_files import JobFiles
from dropout_study.task.rerun import rerun_trial
from dropout_study.task.trial import open_trial
from dropout_study.training.population import Member, Plan, train_population
from dropout_study.trial import Objective

FEW = ("data=synthetic", "data.n_train=300", "data.val_size=100", "trainer.device=cpu")
NETS = ("model.hidden1=16", "model.hidden2=16", "model.init_std=null", "trainer.epochs=2")
COMPANIONS = {
    "trainer.max_norm=0.3",
    "trainer.label_smoothing=0.2",
    "trainer.r_drop=0.5",
    "optimizer.weight_decay=0.1",
    "model.expected_width=true",
}


class FakeRunning:
    """A trial of a study whose pruner always says no more."""

    may_continue = False

    def __init__(self) -> None:
        self.steps: list[int] = []

    def report(self, value: float, step: int) -> None:
        self.steps.append(step)

    def should_prune(self) -> bool:
        return False


@pytest.mark.parametrize("companion", sorted(COMPANIONS))
def test_it_changes_the_training_alone_and_in_a_population_alike(compose_config, companion):
    plain = prepare_trial(compose_config(*FEW, *NETS)).train()
    config = compose_config(*FEW, *NETS, companion)
    alone = prepare_trial(config).train()
    assert alone["train_loss"] != plain["train_loss"]
    twins = [prepare_trial(config) for _ in range(2)]
    members = [Member(i, t.model, t.optimizer, t.settings) for i, t in enumerate(twins)]
    for result in train_population(members, twins[0].splits, plan=Plan()).values():
        for name in ("train_loss", "val_loss"):
            assert result.history[-1][name] == pytest.approx(alone[name], rel=1e-4)


def test_the_losses_that_are_evaluated_stay_plain(compose_config):
    """Smoothed, no loss of 10 classes could be below 1.4 at a smoothing of 0.5."""
    config = compose_config(*FEW, *NETS, "data.contrast=1", "optimizer=adam", "trainer.epochs=30")
    config.trainer.label_smoothing, config.trainer.batch_size = 0.5, 20
    numbers = prepare_trial(config).train()
    least = -(0.55 * math.log(0.55) + 9 * 0.05 * math.log(0.05))
    assert numbers["train_loss"] > least
    assert numbers["val_loss"] < least


def losses(*values: float) -> list[dict[str, float]]:
    return [{"epoch": n, "val_loss": v, "val_accuracy": -v} for n, v in enumerate(values, start=1)]


@pytest.mark.parametrize(
    ("objective", "patience", "values", "last"),
    [
        (Objective(), 1, (3.0, 2.0, 2.0, 1.0), 3),  # an equal one is no better one
        (Objective(), 2, (3.0, 2.0, 2.5, 1.0, 1.1, 1.2, 0.5), 6),
        (Objective("val_loss", minimize=True), 2, (3.0, 2.0, 2.5, 2.6, 1.0), 4),
        (Objective("seconds", minimize=True), 1, (3.0, 2.0, 2.5), 3),  # judged by val_loss
        (Objective(), 3, (1.0, 2.0, 3.0), None),
    ],
)
def test_it_stops_after_so_many_epochs_without_a_better_one(objective, patience, values, last):
    early = EarlyStopping(objective, patience)
    ended = [row["epoch"] for row in losses(*values) if not early(row)]
    assert ended[:1] == ([] if last is None else [last])


def test_a_trial_that_stops_early_is_complete_and_repeated(compose_config, tmp_path):
    """At a learning rate of 1e-30 nothing changes: the first epoch stays the best one."""
    config = compose_config(*FEW, *NETS, "trainer.epochs=9", "trainer.patience=2")
    config.optimizer.lr = 1e-30
    running = FakeRunning()
    paths = JobPaths(tmp_path / "study" / "0")
    with open_trial(config, paths.root) as trial:
        numbers = trial.train_for(running)  # TrialPruned if it were not complete
    assert (numbers["epochs_run"], numbers["best_epoch"], running.steps) == (3, 1, [1, 2, 3])
    paths.config_yaml.parent.mkdir()
    OmegaConf.save(config, paths.config_yaml)
    JobFiles(paths).write_metrics({"trial": 0, "state": "COMPLETE", "error": "", **numbers})
    assert all(comparison.same for comparison in rerun_trial(tmp_path / "study", 0))


def test_a_pruned_trial_is_pruned_still(compose_config):
    config = compose_config(*FEW, *NETS, "trainer.patience=2")
    running = FakeRunning()
    running.should_prune = lambda: True
    with pytest.raises(TrialPruned):
        prepare_trial(config).train_for(running)


@pytest.mark.parametrize(
    ("override", "says"),
    [
        ("trainer.max_norm=0", "`trainer.max_norm` must be a finite number > 0, got 0.0"),
        ("trainer.label_smoothing=1", "`trainer.label_smoothing` must be in [0, 1), got 1.0"),
        ("trainer.r_drop=-1", "`trainer.r_drop` must be a finite number >= 0, got -1.0"),
        ("trainer.patience=0", "`trainer.patience` must be a finite number >= 1, got 0"),
    ],
)
def test_a_number_out_of_range_is_refused(compose_config, told, override, says):
    assert told(check_config, compose_config(override)) == says


def test_patience_needs_validation_data(compose_config, told):
    config = compose_config(*FEW, "trainer.patience=2")
    merged = told(lambda: open_trial(config, None, all_examples=True).__enter__())
    assert merged.endswith("use --merge 0")
    config.data.val_size = 0
    says = "`trainer.patience=2` needs validation data to choose by; use trainer.patience=null or"
    assert told(prepare_trial, config).startswith(says)
    with pytest.raises(SystemExit, match="needs validation data"):
        Preflight().on_run_start(config)


def test_max_norm_needs_hidden_units(compose_config, told):
    config = compose_config(*FEW, "model=linear", "trainer.max_norm=2")
    assert "no hidden" in told(prepare_trial, config)


def test_an_older_configuration_has_none_of_them(compose_config, tmp_path):
    config = compose_config(*FEW, *NETS)
    new = train_trial(config, tmp_path / "new")
    OmegaConf.set_struct(config, False)
    for key in ("max_norm", "label_smoothing", "r_drop", "patience"):
        del config.trainer[key]
    old = train_trial(config, tmp_path / "old")
    assert {**old, "seconds": 0} == {**new, "seconds": 0}

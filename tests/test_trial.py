import pytest

from dropout_study.trial import Objective, Summary, TrialState, trial_metrics


def test_a_result_is_the_last_epoch_and_never_a_better_one(epoch):
    history = [epoch(1, val_accuracy=0.9, test_accuracy=0.95), epoch(2, val_accuracy=0.8)]
    result = trial_metrics(history, seed=0)
    assert (result["value"], result["val_accuracy"], result["test_accuracy"]) == (0.8, 0.8, 0.7)
    assert (result["epochs_run"], result["seed"], result["train_loss"]) == (2, 0, 0.5)
    assert result["seconds"] == pytest.approx(4.0)


def test_the_best_epoch_is_chosen_by_validation_and_the_first_of_equals(epoch):
    accuracies = [(0.5, 0.9), (0.7, 0.1), (0.7, 0.2), (0.6, 0.8)]
    history = [
        epoch(n, val_accuracy=val, test_accuracy=test)
        for n, (val, test) in enumerate(accuracies, start=1)
    ]
    assert trial_metrics(history, seed=0)["best_epoch"] == 2


def test_test_accuracy_decides_nothing(epoch):
    def decided(test_accuracy: float) -> tuple[float | None, int | None]:
        history = [epoch(1, test_accuracy=test_accuracy), epoch(2, test_accuracy=1 - test_accuracy)]
        result = trial_metrics(history, seed=0)
        return result["value"], result["best_epoch"]

    assert decided(0.1) == decided(0.9)


def test_without_validation_there_is_no_objective(epoch):
    history = [epoch(n, val_loss=None, val_accuracy=None) for n in (1, 2)]
    result = trial_metrics(history, seed=3)
    assert (result["value"], result["best_epoch"], result["val_loss"]) == (None, None, None)
    assert result["test_accuracy"] == 0.7


def test_the_numbers_stand_in_the_order_of_the_epochs(epoch):
    assert list(trial_metrics([epoch(1)])) == [
        *("value", "train_loss", "train_accuracy", "val_loss", "val_accuracy", "test_loss"),
        *("test_accuracy", "epochs_run", "best_epoch", "seconds", "seed"),
    ]


def test_states_are_optunas_and_paused():
    from optuna.trial import TrialState as OptunaState

    names = {str(state) for state in TrialState}
    assert names == {state.name for state in OptunaState} | {"PAUSED"}


def test_the_value_is_the_objectives_and_so_is_the_best_epoch(epoch):
    history = [epoch(1, val_loss=0.3, val_accuracy=0.5), epoch(2, val_loss=0.4, val_accuracy=0.6)]
    result = trial_metrics(history, objective=Objective("val_loss", minimize=True))
    assert (result["value"], result["best_epoch"]) == (0.4, 1)
    assert trial_metrics(history)["best_epoch"] == 2


def test_an_objective_of_the_whole_trial_leaves_the_best_epoch_to_the_validation_loss(epoch):
    history = [epoch(1, val_loss=0.5), epoch(2, val_loss=0.4)]
    result = trial_metrics(history, objective=Objective("seconds", minimize=True))
    assert (result["value"], result["best_epoch"]) == (4.0, 2)


@pytest.mark.parametrize(
    ("text", "val", "test"),
    [
        *(("last", 0.6, 0.4), ("mean_last_1", 0.6, 0.4), ("mean_last_2", 0.7, 0.5)),
        *(("mean_last_9", 0.6, 0.6), ("best_epoch", 0.8, 0.6)),
    ],
)
def test_all_numbers_are_taken_from_the_epochs_that_are_asked_for(epoch, text, val, test):
    """Test follows validation; it never chooses: its own best epoch is the first."""
    pairs = [(0.4, 0.8), (0.8, 0.6), (0.6, 0.4)]
    history = [epoch(n, val_accuracy=v, test_accuracy=t) for n, (v, t) in enumerate(pairs, 1)]
    result = trial_metrics(history, summary=Summary.parse("trainer.objective", text))
    assert (result["value"], result["test_accuracy"]) == pytest.approx((val, test))
    assert result["epochs_run"] == 3


def test_the_mean_of_what_is_not_measured_is_not_measured(epoch):
    history = [epoch(n, val_accuracy=None, val_loss=None) for n in (1, 2)]
    result = trial_metrics(history, summary=Summary.parse("x", "mean_last_2"))
    assert result["value"] is None


@pytest.mark.parametrize(
    "text", ["first", "mean_last_", "mean_last_0", "mean_last_-1", "mean_5", 3]
)
def test_what_says_nothing_of_epochs_is_refused(told, text):
    assert told(Summary.parse, "trainer.objective", text).startswith("`trainer.objective` must be")

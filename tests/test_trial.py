import pytest

from dropout_study.trial import TrialResult, TrialState


def test_a_result_is_the_last_epoch_and_never_a_better_one(epoch):
    history = [epoch(1, val_accuracy=0.9, test_accuracy=0.95), epoch(2, val_accuracy=0.8)]
    result = TrialResult.from_history(history, seed=0)
    assert (result.value, result.val_accuracy, result.test_accuracy) == (0.8, 0.8, 0.7)
    assert (result.epochs_run, result.seed, result.train_loss) == (2, 0, 0.5)
    assert result.seconds == pytest.approx(4.0)


def test_the_best_epoch_is_chosen_by_validation_and_the_first_of_equals(epoch):
    accuracies = [(0.5, 0.9), (0.7, 0.1), (0.7, 0.2), (0.6, 0.8)]
    history = [
        epoch(n, val_accuracy=val, test_accuracy=test)
        for n, (val, test) in enumerate(accuracies, start=1)
    ]
    assert TrialResult.from_history(history, seed=0).best_epoch == 2


def test_test_accuracy_decides_nothing(epoch):
    def decided(test_accuracy: float) -> tuple[float | None, int | None]:
        history = [epoch(1, test_accuracy=test_accuracy), epoch(2, test_accuracy=1 - test_accuracy)]
        result = TrialResult.from_history(history, seed=0)
        return result.value, result.best_epoch

    assert decided(0.1) == decided(0.9)


def test_without_validation_there_is_no_objective(epoch):
    history = [epoch(n, val_loss=None, val_accuracy=None) for n in (1, 2)]
    result = TrialResult.from_history(history, seed=3)
    assert (result.value, result.best_epoch, result.val_loss) == (None, None, None)
    assert result.test_accuracy == 0.7


def test_the_fields_are_the_tables_columns_in_order(epoch):
    assert list(TrialResult.from_history([epoch(1)], seed=0).as_dict()) == [
        *("value", "val_accuracy", "test_accuracy", "train_accuracy", "train_loss", "val_loss"),
        *("test_loss", "epochs_run", "best_epoch", "seconds", "seed"),
    ]


def test_states_are_optunas():
    from optuna.trial import TrialState as OptunaState

    assert {str(state) for state in TrialState} == {state.name for state in OptunaState}

import pandas as pd
import pytest

from dropout_study.results.printed.select import column_named, columns_named, filtered, sorted_by

FRAME = pd.DataFrame(
    {
        "trial": [0, 1, 2, 3],
        "state": ["COMPLETE", "PRUNED", "COMPLETE", "FAIL"],
        "model.dropout1": [0.2, 0.5, 0.0, None],
        "optimizer.lr": [0.1, 0.1, 0.01, 0.1],
        "a.lr": [1, 2, 3, 4],
    }
)


@pytest.mark.parametrize(
    ("conditions", "trials"),
    [
        (["model.dropout1 < 0.3"], [0, 2]),
        (["dropout1<0.3"], [0, 2]),
        (["dropout1 >= 0.2", "state == COMPLETE"], [0]),
        (["state!='COMPLETE'"], [1, 3]),
        (["state = PRUNED"], [1]),
        (["dropout1 != 0.2"], [1, 2]),
        (["optimizer.lr == 1e-1"], [0, 1, 3]),
    ],
)
def test_rows_that_fulfil_all_conditions_are_kept(conditions, trials):
    assert filtered(FRAME, conditions)["trial"].tolist() == trials


@pytest.mark.parametrize(
    ("condition", "says"),
    [
        ("lr < 1", "`lr` is no column of the table; there is: optimizer.lr, a.lr"),
        ("dropuot1 < 1", "`dropuot1` is no column of the table; did you mean `model.dropout1`?"),
        ("dropout1", "must be a column, a comparison"),
        ("state < COMPLETE", "`state` has texts; a text can be == or !="),
        ("state < 3", "`state` has texts; a text can be == or !="),
        ("dropout1 < x", "which is not a number; a text can be == or !="),
    ],
)
def test_a_condition_that_cannot_be_read_is_one_line(told, condition, says):
    assert says in told(filtered, FRAME, [condition])


def test_rows_without_a_value_stand_last():
    assert sorted_by(FRAME, "dropout1")["trial"].tolist() == [2, 0, 1, 3]
    assert sorted_by(FRAME, "dropout1", descending=True)["trial"].tolist() == [1, 0, 2, 3]
    assert column_named(FRAME, "state") == "state"


def test_a_column_that_is_named_twice_is_there_once():
    assert columns_named(FRAME, ["trial", "dropout1", "model.dropout1", "trial"]) == [
        "trial",
        "model.dropout1",
    ]

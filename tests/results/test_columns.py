import csv

import pandas as pd
import pytest

from dropout_study.results.columns import as_written, csv_line, table_columns

TEXTS = [
    *(
        "a,b",
        'say "no"',
        '"',
        "two\nlines",
        "mac\rold",
        "dos\r\nlines",
        "a=1+1",
        "a@b",
        "a-x,",
        "'",
    ),
    *("日本 é ß", "a\t", " blank ", ",,", "[1, 2]", "a;b", "#", "\\", '\\"', "\u2028"),
]


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_reads_back_exactly(tmp_path, text):
    path = tmp_path / "table.csv"
    path.write_bytes((csv_line(["a", "b", "c"]) + csv_line([1, text, 0.1])).encode())
    frame = pd.read_csv(path)
    assert (len(frame), frame.loc[0, "b"], frame.loc[0, "c"]) == (1, text, 0.1)


def test_all_of_them_in_one_table_read_back(tmp_path):
    path = tmp_path / "table.csv"
    lines = [csv_line([i, text, "end"]) for i, text in enumerate(TEXTS)]
    path.write_bytes("".join([csv_line(["i", 'the "text"', "end"]), *lines]).encode())
    assert pd.read_csv(path)['the "text"'].tolist() == TEXTS


@pytest.mark.parametrize("text", ["=1+1", "=cmd|' /C calc'!A0", "@cmd", "+a", "-x,", "\t=1"])
def test_a_text_that_a_spreadsheet_would_evaluate_has_an_apostrophe(text):
    (cell,) = next(csv.reader([csv_line([text])]))
    assert cell == f"'{text}"
    assert as_written(cell) == text


@pytest.mark.parametrize("text", ["-1", "+0.5", "-inf", "'quoted'", "a=1"])
def test_other_texts_stay_as_they_are(text):
    assert csv_line([text]) == f"{text}\n"
    assert as_written(text) == text


@pytest.mark.parametrize("number", [0.1 + 0.2, 1e-300, 123456789.123456789, -0.0, 2**53, 1e22])
def test_a_number_reads_back_to_the_last_bit(tmp_path, number):
    path = tmp_path / "table.csv"
    path.write_text(csv_line(["a"]) + csv_line([number]))
    with path.open(newline="") as stream:  # pandas 2 is off by the last bit
        (row,) = csv.DictReader(stream)
    assert float(row["a"]) == number


def test_what_is_missing_is_an_empty_cell():
    assert csv_line([None, float("nan"), "", 0, False]) == ",,,0,False\n"


def test_columns_beside_the_fixed_ones_stand_in_the_order_of_their_appearance():
    columns = table_columns([("trial", "b"), ("error", "a", "b", "c")])
    assert columns == ["trial", "state", "value", "a", "b", "c", "job_dir", "error"]


def test_a_trial_that_failed_first_leaves_the_numbers_before_the_parameters():
    failed, complete = ("trial", "state", "x.rate", "model"), ("trial", "loss", "x.rate", "model")
    assert table_columns([failed, complete])[3:6] == ["loss", "x.rate", "model"]

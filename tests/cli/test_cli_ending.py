"""How commands end."""

import sys

import pytest

from dropout_study.cli.ending import ending_in_one_line, ending_with_its_reader
from dropout_study.errors import UserError


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (UserError("`top` is wrong"), "dropout-study-x: `top` is wrong"),
        (OSError(28, "No space left on device"), "dropout-study-x: [Errno 28] No space left on "),
        (KeyboardInterrupt(), "dropout-study-x: interrupted"),
    ],
)
def test_a_mistake_and_an_interrupt_are_one_line(error, line):
    with pytest.raises(SystemExit, match=r"^[^\n]+$") as end, ending_in_one_line("x"):
        raise error
    assert str(end.value).startswith(line)


def test_a_program_that_was_started_without_an_output_ends_well(monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    with ending_with_its_reader():
        print("a table", sys.stdout.isatty())

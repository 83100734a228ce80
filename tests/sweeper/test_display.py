"""What the parent of a sweep shows, as text."""

import io
import logging
import os
import pty
import re
import select
import subprocess
import sys
from collections import Counter
from itertools import count
from time import monotonic

import optuna
import pytest
from rich.console import Console

from dropout_study.search.budget import Budget
from dropout_study.sweeper.display.live import MOST_ROWS, SweepDisplay, bar, render
from dropout_study.sweeper.display.status import SweepStatus
from dropout_study.sweeper.outcome import Outcome
from dropout_study.trial import TrialState

COMPLETE, PRUNED, FAIL = TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL
PAUSED = TrialState.PAUSED


def fresh(direction: str = "maximize", **given) -> SweepStatus:
    return SweepStatus("dropout", 10, direction, Counter(), **given)


def ended(state: TrialState, value: float | None = None, error: str = "", **metrics) -> Outcome:
    return Outcome(state, () if value is None else (value,), error, metrics)


def shown(status: SweepStatus, elapsed: float = 60, width: int = 100) -> str:
    console = Console(file=io.StringIO(), width=width)
    console.print(render(status, elapsed))
    return console.file.getvalue()


def test_a_new_sweep_promises_nothing():
    assert shown(fresh(), 0).splitlines() == [
        "dropout: 0/10 finished: 0 complete, 0 pruned, 0 failed",
        "0:00:00 elapsed",
        bar(0),
    ]


def test_ends_pace_best_and_time_left_are_shown():
    status = fresh(counted="images")
    for number, (state, value) in enumerate([(COMPLETE, 0.8), (PRUNED, 0.9), (FAIL, None)]):
        status.start(number, {}, None)
        status.end(number, ended(state, value, images=20_000))
    assert shown(status, 60).splitlines() == [
        "dropout: 3/10 finished: 1 complete, 1 pruned, 1 failed; best 0.8 (trial 0)",
        "3.0 trials/min, 1,000 images/s, 0:01:00 elapsed, about 0:02:20 left",
        bar(0.3),
    ]


def test_paused_trials_and_a_budget_are_counted():
    study = optuna.create_study()
    status = fresh(paused={7}, budget=Budget(study, 30))
    trial = study.ask()
    trial.report(0.5, 6)
    for number in (0, 1):
        status.start(number, {}, None)
        status.end(number, ended(PAUSED, 0.5))
    assert status.end_line(1, ended(PAUSED, 0.5), 60) == (
        "trial 1 paused, value 0.5 [0/10 finished: 0 complete, 0 pruned, 0 failed, 3 paused; "
        "6/30 epochs; 0:01:00 elapsed, about 0:03:30 left]"
    )
    status.start(0, {}, None)
    status.end(7, ended(PRUNED, 0.5))
    assert status.tally().startswith("1/10 finished: 0 complete, 1 pruned, 0 failed, 1 paused;")


def test_running_trials_are_shown_with_epoch_value_and_params():
    status = fresh()
    status.start(4, {"model.dropout1": 0.123456, "model": "mlp"}, 20)
    status.start(3, {"model.dropout1": 0.5}, None)
    status.report(4, 7, 0.81234)
    lines = [line.split() for line in shown(status).splitlines()[2:-1]]
    assert lines == [
        ["trial", "epoch", "value", "params"],
        ["3", "-", "-", "model.dropout1=0.5"],
        ["4", "7/20", "0.8123", "model.dropout1=0.1235", "model=mlp"],
    ]


def test_a_bar_shows_a_share():
    assert (bar(0).count("#"), bar(0.5).count("#"), bar(1).count("-")) == (0, 20, 0)
    assert bar(0.049).endswith("] 5%")


def test_the_bar_counts_epochs_and_the_best_three_are_shown():
    status = fresh(leaders=[(2, 0.9), (0, 0.8), (1, 0.7)])
    status.start(4, {}, 20)
    assert status.share == 0
    status.report(4, 10, 0.85)
    assert status.share == 0.05, "half of one of ten trials"
    status.end(4, ended(COMPLETE, 0.85))
    assert "the best so far: 0.9 (trial 2), 0.85 (trial 4), 0.8 (trial 0)" in shown(status)


def test_a_narrow_terminal_cuts_params_and_not_numbers():
    status = fresh()
    status.start(4, {"model.dropout1": 0.5, "a.very.long.name": "and a long value"}, 20)
    *_, line, last = shown(status, width=60).splitlines()
    assert len(last) < 58, "there is room for the ^C that a terminal echoes"
    assert len(line) <= 60
    assert line.split()[:3] == ["4", "-/20", "-"]
    assert line.rstrip().endswith("…")


def test_more_trials_than_rows_are_counted():
    status = fresh()
    for number in range(MOST_ROWS + 3):
        status.start(number, {}, None)
    assert shown(status).splitlines()[-2] == "and 3 more"


def test_the_best_is_kept_by_the_direction():
    up, down = fresh(), fresh("minimize")
    for status in (up, down):
        for number, value in ((0, 0.5), (3, 0.7), (2, 0.3), (1, 0.7)):  # as they end
            status.end(number, ended(COMPLETE, value))
    assert up.leaders == [(1, 0.7), (3, 0.7), (0, 0.5)], "as in the table, ties stand by number"
    assert down.best == (2, 0.3)


def test_several_objectives_have_no_best():
    status = fresh("several")
    status.end(0, ended(COMPLETE, 0.5))
    assert status.best is None


def test_a_resumed_sweep_counts_what_was_there_and_times_what_it_does():
    status = SweepStatus("s", 10, "maximize", Counter({COMPLETE: 6}), leaders=[(2, 0.9)])
    status.end(6, ended(COMPLETE, 0.8))
    assert status.tally().startswith("7/10 finished: 7 complete")
    assert status.tally().endswith("best 0.9 (trial 2)")
    assert status.seconds_left(10) == 30


def test_a_trial_that_was_let_go_is_not_finished():
    status = fresh()
    status.start(0, {}, None)
    status.end(0, ended(TrialState.RUNNING))
    assert status.n_finished == 0
    assert not status.running


def test_without_a_terminal_there_are_log_lines(caplog):
    caplog.set_level(logging.INFO)
    ticks = count(step=10.0)
    with SweepDisplay("s", 3, "maximize", Counter(), clock=lambda: next(ticks)) as display:
        display.started(0, {"x": 1})
        display.reported(0, 1, 0.5)
        display.ended(0, ended(COMPLETE, 0.5))
        display.started(1, {"x": 2})
        display.ended(1, ended(FAIL, error="the loss is not finite"))
    assert [(r.levelname, r.getMessage().split(" [")[0]) for r in caplog.records] == [
        ("INFO", "trial 0 complete, value 0.5"),
        ("WARNING", "trial 1 failed: the loss is not finite"),
    ]
    assert "1/3 finished: 1 complete, 0 pruned, 0 failed; best 0.5 (trial 0)" in caplog.text


SCRIPT = """
import logging, os, sys
from collections import Counter
from dropout_study.sweeper.display.live import SweepDisplay
from dropout_study.sweeper.outcome import Outcome
from dropout_study.trial import TrialState
logging.basicConfig(level=logging.INFO, stream=sys.stdout, format="LOG %(message)s")
now = [0.0]
of = lambda params: params["epochs"]
with SweepDisplay("study", 3, "maximize", Counter(), epochs=of, clock=lambda: now[0]) as display:
    display.started(0, {"epochs": 9})
    now[0] += 1
    display.reported(0, 4, 0.75)
    if (child := os.fork()) == 0:
        display.detach()
        logging.info("of the child")
        print("printed by the child", flush=True)
        os._exit(0)
    os.waitpid(child, 0)
    logging.info("of the parent")
    now[0] += 1
    display.ended(0, Outcome(TrialState.FAIL, error="broken"))
    print("printed inside")
    display.tick()
print("printed after")
"""


def on_a_terminal(script: str) -> str:
    """What ``script`` writes to a pseudo-terminal of 100 columns."""
    parent, child = pty.openpty()
    env = {**os.environ, "TERM": "xterm", "COLUMNS": "100", "LINES": "40"}
    command = [sys.executable, "-c", script]
    with subprocess.Popen(command, stdin=child, stdout=child, stderr=child, env=env) as process:
        os.close(child)
        written, deadline = b"", monotonic() + 60
        while monotonic() < deadline:
            if not select.select([parent], [], [], 1)[0]:
                continue
            try:
                piece = os.read(parent, 65536)
            except OSError:  # Linux: the other end was closed
                break
            if not piece:
                break
            written += piece
        os.close(parent)
        assert process.wait(10) == 0, written.decode()
    return written.decode()


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_on_a_terminal_the_table_is_live_and_logs_stand_above_it():
    written = on_a_terminal(SCRIPT)
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", written).replace("\r", "\n")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    assert any(line.split()[:3] == ["0", "4/9", "0.75"] for line in lines)
    for line in ("LOG of the parent", "printed inside", "printed after"):
        assert lines.count(line) == 1, lines
    for line in ("LOG of the child", "printed by the child"):  # plain: it draws no table
        assert text.count(line) == 1
    assert sum(line.startswith("LOG trial 0 failed: broken") for line in lines) == 1
    assert lines[-4].startswith("study: 1/3 finished: 0 complete, 0 pruned, 1 failed")
    assert "\x1b[?25h" in written  # the cursor is there again

"""A storage's server that is away is waited for; what waiting does not cure is said at once."""

import logging
from collections.abc import Callable, Iterator

import pytest
from optuna.exceptions import StorageInternalError, UpdateFinishedTrialError
from sqlalchemy.exc import (
    DataError,
    IntegrityError,
    OperationalError,
    PendingRollbackError,
    ProgrammingError,
)

from dropout_study.search.storage import waiting as waiting_module
from dropout_study.search.storage.waiting import Patient, Waiting, why_away

URL = "postgresql+psycopg://anna:***@db/studies"
REFUSED = "connection failed: connection to server at 127.0.0.1 failed: Connection refused"


def away(told: str = REFUSED, state: str | None = None) -> OperationalError:
    cause = ConnectionError(told)
    cause.sqlstate = state  # type: ignore[attr-defined]
    return OperationalError("SELECT 1", {}, cause)


def as_optuna_says_it(error: Exception) -> StorageInternalError:
    said = StorageInternalError("... invalid data in the commit, e.g. exceeding max length.")
    said.__cause__ = error
    return said


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    """Seconds that have been slept, none of them really."""
    slept: list[float] = []
    monkeypatch.setattr(waiting_module.time, "sleep", slept.append)
    monkeypatch.setattr(waiting_module.time, "monotonic", lambda: sum(slept))
    yield slept
    monkeypatch.undo()


class Server:
    """A storage that fails with each of the errors, in turn, and then answers."""

    def __init__(self, *errors: Exception) -> None:
        self._errors = list(errors)
        self.calls = 0

    def _answer(self) -> bool:
        self.calls += 1
        if self._errors:
            raise self._errors.pop(0)
        return False

    def set_trial_state_values(self, trial_id: int) -> bool:
        return self._answer()

    def set_trial_user_attr(self, trial_id: int) -> bool:
        return self._answer()


def patient(server: Server, seconds: float = 300) -> Patient:
    return Patient(server, Waiting(URL, seconds))


def test_a_server_that_is_away_is_waited_for_and_this_is_said_once(caplog):
    caplog.set_level(logging.INFO)
    server = Server(away(), as_optuna_says_it(away()), away("the database system is starting up"))
    assert patient(server).set_trial_user_attr(7) is False
    assert server.calls == 4
    first, last = (record.message for record in caplog.records)
    assert first == f"the storage {URL} does not answer: {REFUSED}; waits for up to 300 s"
    assert last == "the storage answers again, after 1 s"


def test_a_connection_that_is_lost_in_mid_transaction_is_waited_for():
    """Optuna's ``get_trials`` tries a second query in the transaction of the one that failed."""
    failed = PendingRollbackError("Can't reconnect until invalid transaction is rolled back.")
    failed.__context__ = away("Lost connection to MySQL server during query")
    assert why_away(as_optuna_says_it(failed)) == "Lost connection to MySQL server during query"
    server = Server(as_optuna_says_it(failed))
    assert patient(server).set_trial_user_attr(7) is False


def test_two_threads_that_wait_say_so_once(caplog):
    caplog.set_level(logging.INFO)
    waiting = Waiting(URL, 300)
    other = Patient(Server(away(), away()), waiting)

    class Joined(Server):
        def _answer(self) -> bool:
            if self.calls == 1:
                other.set_trial_user_attr(7)  # begins to wait, and gets an answer
            return super()._answer()

    Patient(Joined(away(), away()), waiting).set_trial_user_attr(7)
    assert [record.message.split(",")[0] for record in caplog.records] == [
        f"the storage {URL} does not answer: {REFUSED}; waits for up to 300 s",
        "the storage answers again",
    ]


def test_one_that_stays_away_is_an_error_with_its_reason_and_is_not_waited_for_again(clock):
    storage = patient(Server(*[away()] * 100))
    with pytest.raises(ConnectionError) as told:
        storage.set_trial_user_attr(7)
    assert str(told.value) == f"the storage {URL} does not answer for 300 s: {REFUSED}"
    assert sum(clock) == pytest.approx(300)
    with pytest.raises(ConnectionError):
        storage.set_trial_user_attr(7)
    assert sum(clock) == pytest.approx(300)


def test_after_an_interrupt_nothing_is_waited_for(monkeypatch):
    storage = patient(Server(away(), away()))

    def interrupt(_seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(waiting_module.time, "sleep", interrupt)
    with pytest.raises(KeyboardInterrupt):
        storage.set_trial_user_attr(7)
    with pytest.raises(ConnectionError):
        storage.set_trial_user_attr(7)


def test_a_trial_whose_end_was_stored_before_the_answer_was_lost_has_ended():
    assert patient(Server(away(), UpdateFinishedTrialError())).set_trial_state_values(7) is True
    with pytest.raises(UpdateFinishedTrialError):
        patient(Server(UpdateFinishedTrialError())).set_trial_state_values(7)
    with pytest.raises(UpdateFinishedTrialError):
        patient(Server(away(), UpdateFinishedTrialError())).set_trial_user_attr(7)


def of_driver(kind: Callable[..., Exception]) -> Exception:
    return kind("INSERT", {}, ValueError("said by the driver"))


@pytest.mark.parametrize(
    "error",
    [
        away('FATAL:  password authentication failed for user "anna"'),
        away('FATAL:  database "none" does not exist'),
        away("(1045, \"Access denied for user 'anna'\")", state="28000"),
        as_optuna_says_it(of_driver(DataError)),
        of_driver(IntegrityError),
        of_driver(ProgrammingError),
        KeyError("no such study"),
    ],
)
def test_what_waiting_does_not_cure_is_an_error_at_once(clock, error: Exception):
    with pytest.raises(type(error)):
        patient(Server(error)).set_trial_user_attr(7)
    assert clock == []


def test_no_password_is_in_the_reason():
    reason = why_away(away("postgresql://anna:secret@db/studies is gone"))
    assert reason == "postgresql://anna:***@db/studies is gone"

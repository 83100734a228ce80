"""Waits for the server of a storage while that does not answer: it restarts, or the network is cut.

Every call of the storage goes through ``Patient``, so this is the one place where it is decided
what is tried again. A call whose answer was lost may have had its effect. All of them may be
repeated: at worst a trial is begun that nobody runs, and it is treated as one of a dead process.
"""

import logging
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from optuna.exceptions import UpdateFinishedTrialError

from dropout_study.search.internals import StorageView
from dropout_study.search.storage.urls import masked

log = logging.getLogger(__name__)

Result = TypeVar("Result")

FIRST_PAUSE_S, LAST_PAUSE_S = 0.25, 5.0
"""Seconds between two tries, which grow from the former to the latter."""
MOST_TOLD = 200  # characters of a server's message
WRONG_STATES = ("22", "28", "3D", "42")
"""Classes of SQLSTATE that waiting does not cure: data, login, no such database, no right."""
WRONG_WORDS = ("authentication failed", "does not exist", "pg_hba.conf", "no password supplied")
"""The same in the words of PostgreSQL, whose refused connections have no SQLSTATE."""


class Patient(StorageView):
    """A storage that waits for its server instead of failing.

    Args:
        storage: the storage.
        waiting: how long it waits.
    """

    def __init__(self, storage: Any, waiting: "Waiting") -> None:
        super().__init__(storage)
        self._waiting = waiting

    def __getattr__(self, name: str) -> Any:
        member = getattr(self._storage, name)
        return partial(self._waiting.call, member) if callable(member) else member


class Waiting:
    """Repeats calls until the server answers, says once that it waits and once that it is over.

    Args:
        shown: the storage's URL, without its password.
        seconds: how long to wait for an answer.
    """

    def __init__(self, shown: str, seconds: float) -> None:
        self._shown = shown
        self._seconds = seconds
        self._away = False  # said so

    def call(self, method: Callable[..., Result], *args: Any, **kwargs: Any) -> Result:
        """Returns what ``method`` returns, as soon as its server answers.

        Raises:
            ConnectionError: there was no answer in time. Later calls do not wait again.
        """
        try:
            return method(*args, **kwargs)
        except Exception as error:
            reason = why_away(error)
            if reason is None:
                raise
            return self._repeat(partial(method, *args, **kwargs), reason)

    def _repeat(self, call: "partial[Result]", reason: str) -> Result:
        began, pause = time.monotonic(), FIRST_PAUSE_S
        if self._seconds and not self._away:  # another thread may wait, too
            self._away = True
            told = self._shown, reason, self._seconds
            log.warning("the storage %s does not answer: %s; waits for up to %g s", *told)
        while (left := began + self._seconds - time.monotonic()) > 0:
            self._sleep(min(pause, left))
            pause = min(1.5 * pause, LAST_PAUSE_S)
            try:
                result = call()
            except UpdateFinishedTrialError:
                if call.func.__name__ != "set_trial_state_values":
                    raise
                result = True  # type: ignore[assignment]  # the answer to an earlier try was lost
            except Exception as error:
                if (why := why_away(error)) is None:
                    raise
                reason = why
                continue
            if self._away:
                self._away = False
                log.warning("the storage answers again, after %.0f s", time.monotonic() - began)
            return result
        waited, self._seconds = self._seconds, 0
        for_long = f" for {waited:g} s" if waited else ""
        raise ConnectionError(f"the storage {self._shown} does not answer{for_long}: {reason}")

    def _sleep(self, seconds: float) -> None:
        try:
            time.sleep(seconds)
        except BaseException:  # an interrupt: what is called while the program ends must not wait
            self._seconds = 0
            raise


def why_away(error: BaseException) -> str | None:
    """Returns why a server does not answer; None if an error has another cause."""
    seen: BaseException | None = error
    while seen is not None:
        if (reason := _reason(seen)) is not None:
            return " ".join(masked(reason).split())[:MOST_TOLD]
        seen = seen.__cause__
    return None


def _reason(error: BaseException) -> str | None:
    """Returns why a server does not answer, if ``error`` says so itself."""
    if "grpc" in sys.modules:
        from grpc import RpcError, StatusCode

        if isinstance(error, RpcError):
            # UNKNOWN: the proxy answers and its own storage does not.
            away = (StatusCode.UNAVAILABLE, StatusCode.DEADLINE_EXCEEDED, StatusCode.UNKNOWN)
            return f"{error.details()}" if error.code() in away else None
    from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, PendingRollbackError
    from sqlalchemy.exc import TimeoutError as PoolTimeout

    if isinstance(error, PoolTimeout):
        return str(error)
    if isinstance(error, PendingRollbackError):  # Optuna went on with a connection that was lost
        lost = error.__context__
        return (_reason(lost) if lost is not None else None) or str(error)
    if not isinstance(error, DBAPIError):
        return None
    if not (isinstance(error, OperationalError | InterfaceError) or error.connection_invalidated):
        return None
    told = str(error.orig)
    state = str(getattr(error.orig, "sqlstate", None) or "")
    wrong = state[:2] in WRONG_STATES or any(words in told for words in WRONG_WORDS)
    return None if wrong else told

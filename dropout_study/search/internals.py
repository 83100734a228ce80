"""Every private name of Optuna that this package uses, each with its reason.

A new Optuna may rename them; then only this module must change. ``tests/search/test_internals``
checks that no other module uses one.
"""

import copy
import logging
import warnings
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import optuna
from optuna.exceptions import ExperimentalWarning, UpdateFinishedTrialError
from optuna.storages import BaseStorage
from optuna.storages.journal._storage import JournalOperation
from optuna.trial import FrozenTrial, TrialState

STATE_OPERATIONS = (JournalOperation.CREATE_STUDY, JournalOperation.SET_TRIAL_STATE_VALUES)
"""The operations of a journal that must survive a power cut. Only private code lists them."""


SERVED_AT_ONCE = 10
"""Requests that a gRPC proxy serves at a time."""


def storage_of(study: optuna.Study) -> BaseStorage:
    """Returns the storage of ``study``.

    A study has no public way to put a trial back into the queue, to correct a report of a trial
    that runs again, or to read a single trial.
    """
    return study._storage


def trial_id(trial: optuna.Trial | FrozenTrial) -> int:
    """Returns the identifier of ``trial`` in its storage, which the storage's methods take."""
    return trial._trial_id


def trial_of(study: optuna.Study, number: int) -> optuna.Trial:
    """Returns the running trial ``number`` of ``study``, so that any process can report to it."""
    frozen = study.get_trials(deepcopy=False)[number]
    return optuna.Trial(study, trial_id(frozen))


def study_attrs(study: optuna.Study) -> Mapping[str, Any]:
    """Returns the attributes of a study that a dashboard does not show."""
    return study._storage.get_study_system_attrs(study._study_id)


def set_study_attr(study: optuna.Study, name: str, value: Any) -> None:
    """Sets an attribute of a study that a dashboard does not show."""
    study._storage.set_study_system_attr(study._study_id, name, value)


def begun(study: optuna.Study, waiting: FrozenTrial | None = None) -> optuna.Trial | None:
    """Begins a trial as ``study.ask`` does: a waiting one, or a new one.

    ``study.ask`` would take any waiting trial, a paused one, too.

    Returns:
        The trial, RUNNING; None if another process has taken the waiting one.
    """
    study._thread_local.cached_all_trials = None  # samplers read the trials once for each trial
    if waiting is None:
        return optuna.Trial(study, study._storage.create_new_trial(study._study_id))
    identifier = trial_id(waiting)
    try:
        taken = study._storage.set_trial_state_values(identifier, TrialState.RUNNING)
    except UpdateFinishedTrialError:
        return None
    return optuna.Trial(study, identifier) if taken else None


class StorageView:
    """Passes everything on to a storage; a subclass shows a sampler or a pruner something else.

    It is given to ``on_storage``.

    Args:
        storage: the storage.
    """

    def __init__(self, storage: BaseStorage) -> None:
        self._storage = storage

    def __getattr__(self, name: str) -> Any:
        return getattr(self._storage, name)


def on_storage(study: optuna.Study, storage: Any) -> optuna.Study:
    """Returns ``study`` on another storage object, which shows a pruner other reports."""
    other = copy.copy(study)
    other._storage = storage
    return other


def close_connections(storage: BaseStorage) -> None:
    """Closes the connections to a database or a proxy; a journal has none.

    A database is wrapped in a cache, which holds it as ``_backend``.
    """
    backend = getattr(storage, "_backend", storage)
    if (engine := getattr(backend, "engine", None)) is not None:
        engine.dispose()
    elif callable(closing := getattr(backend, "close", None)):
        closing()


def say_no_fallbacks() -> None:
    """Leaves out a warning that Optuna gives at every try while a database server is away."""
    start = "Caught an error from sqlalchemy"
    logger = logging.getLogger("optuna.storages._rdb.storage")
    logger.addFilter(lambda record: not record.getMessage().startswith(start))


def grpc_storage(host: str, port: int, timeout_s: float) -> BaseStorage:
    """Returns the storage behind Optuna's gRPC proxy, whose calls end after ``timeout_s``.

    Optuna's own client waits for ever for a proxy that is cut off.
    """
    import grpc

    class WithTimeout(grpc.UnaryUnaryClientInterceptor):  # type: ignore[misc]
        def intercept_unary_unary(self, continuation: Any, details: Any, request: Any) -> Any:
            return continuation(details._replace(timeout=timeout_s), request)

    class Client(optuna.storages.GrpcStorageProxy):
        def _setup(self) -> None:
            from optuna.storages._grpc.auto_generated.api_pb2_grpc import StorageServiceStub
            from optuna.storages._grpc.client import GrpcClientCache

            options = [("grpc.max_receive_message_length", -1)]
            plain = grpc.insecure_channel(f"{self._host}:{self._port}", options)
            self._channel = grpc.intercept_channel(plain, WithTimeout())
            self._plain = plain
            self._stub = StorageServiceStub(self._channel)  # type: ignore[no-untyped-call]
            self._cache = GrpcClientCache(self._stub)

        def close(self) -> None:
            self._plain.close()

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        return Client(host=host, port=port)


def grpc_server(storage: BaseStorage, host: str, port: int) -> tuple[Any, int]:
    """Returns a server that is not started yet, for ``grpc_storage``, and its port.

    Optuna's own function does not say which free port it has taken, and several servers may share
    one port.

    Raises:
        ImportError: grpcio is not installed.
        RuntimeError: the port is taken.
    """
    import grpc
    from optuna.storages._grpc.auto_generated.api_pb2_grpc import (
        add_StorageServiceServicer_to_server,
    )
    from optuna.storages._grpc.servicer import OptunaStorageProxyService

    server = grpc.server(ThreadPoolExecutor(SERVED_AT_ONCE), options=[("grpc.so_reuseport", 0)])
    add_StorageServiceServicer_to_server(OptunaStorageProxyService(storage), server)  # type: ignore[no-untyped-call]
    return server, server.add_insecure_port(f"{host}:{port}")


def changes_state(log: Mapping[str, Any]) -> bool:
    """Returns whether a journal's entry creates a study or gives a trial a new state."""
    return log["op_code"] in STATE_OPERATIONS

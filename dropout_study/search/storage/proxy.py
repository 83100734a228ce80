"""Optuna's gRPC proxy: one process with connections to a database, for many without.

It does not wait for a database that is away: its clients do, and say so.
"""

from pathlib import Path

from dropout_study.errors import UserError
from dropout_study.search.internals import grpc_server
from dropout_study.search.storage.open import open_storage
from dropout_study.search.storage.urls import GRPC_SCHEME, JOURNAL_SCHEME, masked


def serve_proxy(url: str, host: str, port: int) -> None:
    """Serves a storage until the process is ended.

    Args:
        url: URL of a database server.
        host: where to listen; nothing listens beyond loopback unless it is asked to.
        port: the port; 0 for any that is free.

    Raises:
        UserError: the storage cannot be opened or cannot be served, or grpcio is not installed.
        OSError: the port is taken.
    """
    if url.startswith((JOURNAL_SCHEME, GRPC_SCHEME, "sqlite")) or "://" not in url:
        raise UserError(f"the proxy serves a database server, not {masked(url)}")
    try:
        server, port = grpc_server(open_storage(url, Path()), host, port)
    except ImportError as error:
        raise UserError(f"{error}: pip install 'dropout-study[grpc]'") from error
    except RuntimeError as error:
        raise OSError(f"{host}:{port} cannot be listened to: {error}") from error
    server.start()
    print(f"{masked(url)} is served as {GRPC_SCHEME}{host}:{port}", flush=True)
    server.wait_for_termination()

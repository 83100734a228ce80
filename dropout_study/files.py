"""Writes files that are complete or absent, never partial."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

TEMPORARY = ".tmp"

OLD_S = 1.0
"""Seconds after which a temporary file may be removed, if its process is not alive here."""


@contextmanager
def atomic_write(path: Path, *, durable: bool = True) -> Iterator[Path]:
    """Yields a temporary path beside ``path``, which replaces ``path`` if the block succeeds.

    The file at ``path`` is complete or absent at every moment; if ``durable``, also after a power
    cut. An error of the file system names ``path``.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}{TEMPORARY}")
    try:
        yield temporary
        if durable:
            with temporary.open("rb") as written:
                os.fsync(written.fileno())
        temporary.replace(path)
    except OSError as error:
        if error.errno is None or temporary.name not in str(error):
            raise
        raise OSError(error.errno, os.strerror(error.errno), str(path)) from error
    finally:
        temporary.unlink(missing_ok=True)


def remove_temporaries(directory: Path, *, older_than: float = OLD_S) -> None:
    """Removes temporary files of killed processes from ``directory``.

    Args:
        directory: the directory; its subdirectories are not searched.
        older_than: seconds; a newer file stays, because another machine may be writing it.
    """
    for path in directory.glob(f".*{TEMPORARY}"):
        with suppress(OSError):
            if time.time() - path.stat().st_mtime >= older_than and not _is_alive(
                path.suffixes[-2][1:]
            ):
                path.unlink()


def _is_alive(pid: str) -> bool:
    if os.name == "nt":  # on Windows `os.kill` would end it
        return True
    try:
        os.kill(int(pid), 0)
    except (ProcessLookupError, OverflowError):
        return False
    except (PermissionError, ValueError):
        pass
    return True

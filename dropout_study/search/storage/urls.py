"""Storage URLs with passwords, which are never shown, logged or saved."""

import os
import re
from pathlib import Path

STORAGE_VARIABLE = "DROPOUT_STUDY_STORAGE"
"""Environment variable that passes the URL with its password to the jobs of a sweep."""

_FILE_URL = re.compile(r"(journal://|sqlite(?:\+\w+)?:///)(?!:memory:|file:)([^?]+)(.*)", re.DOTALL)
JOURNAL_SCHEME = "journal://"
GRPC_SCHEME = "grpc://"
MASK = "***"
_IN_LOGIN = re.compile(r"(://[^:/@\s]*):(?:[^\s?]*|\S*)@")
_IN_QUERY = re.compile(r"([?&]\w*passw(?:or)?d=)[^&\s]*", re.IGNORECASE)


def masked(text: str) -> str:
    """Returns ``text`` with the passwords of its URLs replaced by ``***``."""
    return _IN_QUERY.sub(rf"\1{MASK}", _IN_LOGIN.sub(rf"\1:{MASK}@", text))


def absolute_url(url: str, directory: Path) -> str:
    """Returns a URL of a file with an absolute path, relative ones taken from ``directory``."""
    parts = _FILE_URL.fullmatch(url)
    return url if parts is None else f"{parts[1]}{directory.absolute() / parts[2]}{parts[3]}"


def file_of(url: str) -> Path | None:
    """Returns the file of a URL of a file; None for a server."""
    parts = _FILE_URL.fullmatch(url)
    return None if parts is None else Path(parts[2])


def query_names(url: str) -> set[str]:
    """Returns the names of the arguments in a URL's query."""
    return {part.partition("=")[0] for part in url.partition("?")[2].split("&")}


def hide_password(url: str) -> str:
    """Returns ``url`` masked, and keeps it in this process's environment for its jobs."""
    if masked(url) != url:
        os.environ[STORAGE_VARIABLE] = url
    return masked(url)


def with_password(url: str) -> str:
    """Returns ``url`` as before ``hide_password``, called here or in a parent process."""
    known = os.environ.get(STORAGE_VARIABLE, "")
    return known if known and masked(known) == url else url

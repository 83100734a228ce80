"""The servers that the tests use."""

import pytest
from machines import SERVERS, Server

from dropout_study.search.storage.urls import STORAGE_VARIABLE


@pytest.fixture(params=SERVERS)
def server(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Server:
    """A server of each kind. The commands read its URL from the environment, as users should."""
    monkeypatch.setenv(STORAGE_VARIABLE, "")
    found = Server(request.param)
    monkeypatch.setenv("STUDY_URL", found.url)
    return found

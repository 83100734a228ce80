"""A server in a thread of the test."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPResponse
from threading import Thread

from dropout_study.watch.server import Page, PageServer

FIRST = Page("one", b"<p>first</p>")


@contextmanager
def served(page: Page = FIRST) -> Iterator[PageServer]:
    with PageServer("127.0.0.1", 0, page) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def asked(
    server: PageServer, path: str = "/", method: str = "GET", **headers: str
) -> tuple[HTTPResponse, bytes]:
    """Returns the answer to a request; ``If_None_Match=...`` is a header."""
    connection = HTTPConnection("127.0.0.1", server.server_port, timeout=60)
    try:
        given = {name.replace("_", "-"): text for name, text in headers.items()}
        connection.request(method, path, headers=given)
        answer = connection.getresponse()
        return answer, answer.read()
    finally:
        connection.close()

"""The server of one page, asked over HTTP."""

import socket

import pytest
from serving import FIRST, asked, served

from dropout_study.errors import UserError
from dropout_study.watch.server import Page, PageServer


def test_the_page_is_sent_once_and_again_when_it_is_new() -> None:
    with served() as server:
        answer, content = asked(server)
        assert (answer.status, content) == (200, FIRST.content)
        etag = answer.getheader("ETag") or ""

        assert asked(server, If_None_Match=etag)[0].status == 304
        answer, content = asked(server, method="HEAD")
        assert (answer.status, answer.getheader("ETag"), content) == (200, etag, b"")
        server.page = Page("two", b"second")
        assert asked(server, If_None_Match=etag)[1] == b"second"


@pytest.mark.parametrize("path", ["/results.csv", "/0/", "/../etc/passwd", "/%2e%2e/", "*"])
def test_nothing_but_the_page_is_served(path: str) -> None:
    with served() as server:
        answer, content = asked(server, path)

        assert answer.status == 404
        assert FIRST.content not in content


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE"])
def test_the_page_can_only_be_read(method: str) -> None:
    with served() as server:
        assert asked(server, method=method)[0].status == 501


@pytest.mark.parametrize(
    ("host", "status"),
    [
        *(("127.0.0.1:80", 200), ("localhost", 200), ("LOCALHOST:1", 200), ("[::1]:80", 200)),
        *(("192.168.1.2", 200), (socket.gethostname(), 200)),
        *(("evil.example", 421), ("evil.example:80", 421), ("127.0.0.1.evil.example", 421)),
        *(("", 421), ("[", 421), ("a b", 421), ("localhost.evil.example", 421)),
    ],
)
def test_a_name_of_another_site_gets_nothing(host: str, status: int) -> None:
    with served() as server:
        answer, content = asked(server, Host=host)

        assert answer.status == status
        assert (content == FIRST.content) == (status == 200)


def test_the_page_may_not_be_framed_or_kept() -> None:
    with served() as server:
        answer, _ = asked(server)

        assert answer.getheader("Content-Security-Policy") == "frame-ancestors 'none'"
        assert answer.getheader("Cache-Control") == "no-cache"


def test_a_port_in_use_and_an_unknown_host_are_one_line() -> None:
    with served() as server, pytest.raises(UserError, match=r"in use; --port 0 takes a free one$"):
        PageServer("127.0.0.1", server.server_port, FIRST)
    with pytest.raises(UserError, match=r"^`--host no such host` is not known"):
        PageServer("no such host", 0, FIRST)


def test_the_address_is_one_for_a_browser() -> None:
    with served() as server:
        assert server.url == f"http://127.0.0.1:{server.server_port}/"
    with PageServer("0.0.0.0", 0, FIRST) as everywhere:
        assert everywhere.url == f"http://{socket.gethostname()}:{everywhere.server_port}/"

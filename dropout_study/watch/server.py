"""A small server of one page. It gives nothing else, and only to those who name this machine."""

import socket
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from dropout_study.errors import UserError

TIMEOUT_S = 30
"""After which a silent connection is closed."""
HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "no-cache",
    "Content-Security-Policy": "frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


@dataclass(frozen=True)
class Page:
    """A page and the name of its version."""

    version: str
    content: bytes

    @property
    def etag(self) -> str:
        """The version as HTTP writes it."""
        return f'"{self.version}"'


class PageServer(ThreadingHTTPServer):
    """Serves ``page``, which may be replaced at any time.

    Args:
        host: address or name to listen on.
        port: the port; 0 for a free one.
        page: the first page.

    Raises:
        UserError: the host is not known, or the port is in use or not allowed.
    """

    daemon_threads = True

    def __init__(self, host: str, port: int, page: Page) -> None:
        self.page, self.host = page, host
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            self.address_family = found[0][0]
            super().__init__(found[0][4], _Handler)  # type: ignore[arg-type]
        except socket.gaierror as error:
            raise UserError(f"`--host {host}` is not known: {error.strerror}") from error
        except OSError as error:
            reason = f"`--port {port}` cannot be used on {host}: {error.strerror}"
            raise UserError(f"{reason}; --port 0 takes a free one") from error

    def server_bind(self) -> None:
        """Binds without asking the name service for this machine's name, as the base class does."""
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = self.host, self.server_address[1]

    @property
    def url(self) -> str:
        """The address for a browser."""
        host = socket.gethostname() if self.host in ("0.0.0.0", "::", "") else self.host
        return f"http://{f'[{host}]' if ':' in host else host}:{self.server_port}/"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Stays silent: a reader has closed the connection."""

    def is_asked_for(self, host: str) -> bool:
        """Returns whether the header ``Host`` names this machine.

        A page of another site can make a browser ask this server by a name of that site which
        it lets point here (DNS rebinding). So the name must be an address or one of our own.
        """
        name = urlsplit(f"//{host}").hostname or ""
        try:
            return bool(ip_address(name))
        except ValueError:
            own = {"localhost", self.host.lower(), socket.gethostname().lower()}
            return name in own


class _Handler(BaseHTTPRequestHandler):
    """Answers GET and HEAD of the page."""

    server: PageServer
    server_version, sys_version = "dropout-study", ""
    timeout = TIMEOUT_S

    def do_GET(self) -> None:
        """Sends the page, if the reader does not have it."""
        self._answer(with_content=True)

    def do_HEAD(self) -> None:
        """Sends the page's headers."""
        self._answer(with_content=False)

    def _answer(self, *, with_content: bool) -> None:
        page = self.server.page
        status, content = self._asked(page)
        self.send_response(status)
        for name, value in HEADERS.items():
            self.send_header(name, value)
        if status in (HTTPStatus.OK, HTTPStatus.NOT_MODIFIED):
            self.send_header("ETag", page.etag)
        if status != HTTPStatus.NOT_MODIFIED:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if with_content and status != HTTPStatus.NOT_MODIFIED:
            self.wfile.write(content)

    def _asked(self, page: Page) -> tuple[HTTPStatus, bytes]:
        if not self._is_named():
            return HTTPStatus.MISDIRECTED_REQUEST, b"This server has another name."
        if urlsplit(self.path).path != "/":
            return HTTPStatus.NOT_FOUND, b"There is one page here: /"
        if page.etag in self.headers.get("If-None-Match", ""):
            return HTTPStatus.NOT_MODIFIED, b""
        return HTTPStatus.OK, page.content

    def _is_named(self) -> bool:
        try:
            return self.server.is_asked_for(self.headers.get("Host", ""))
        except ValueError:  # no name at all
            return False

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the name is given
        """Logs nothing."""

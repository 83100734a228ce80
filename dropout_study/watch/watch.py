"""Serves a study's report and makes it again as trials end: ``watch(DIR)``."""

import shlex
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread
from time import monotonic, sleep
from typing import Any

from dropout_study.errors import UserError, did_you_mean
from dropout_study.paths import StudyPaths
from dropout_study.results.beside import call_beside, prepare_beside
from dropout_study.results.inside import single_runs, studies
from dropout_study.watch.pages import begin, fetch, served_page
from dropout_study.watch.server import Page, PageServer
from dropout_study.watch.versions import study_version

LOOK_S = 2.0
"""Seconds between two looks at the study."""
FETCH_S = 10.0
"""The same with a storage, which is asked each time."""
MOST_S = 15.0
"""After a look, its own duration is waited, but never longer than this."""


class Watch:
    """Keeps the page of a server up to date.

    Args:
        root: the study's directory.
        server: its page is replaced.
        figures: dotted paths of the user's own figures.
        language: of the page; None for the one that the sweep recorded.
        storage: URL of the study's storage, if other machines run its trials; else None.
        study_name: the study's name there; None for the name of ``root``.
    """

    def __init__(
        self,
        root: Path,
        server: PageServer,
        *,
        figures: Sequence[str] = (),
        language: str | None = None,
        storage: str | None = None,
        study_name: str | None = None,
    ) -> None:
        self._root, self._server = root, server
        self._figures, self._language = list(figures), language
        self._storage, self._study_name = storage, study_name
        self._problem = ""

    def run(self) -> None:
        """Looks at the study again and again."""
        least = FETCH_S if self._storage else LOOK_S
        while True:
            began = monotonic()
            self.look()
            sleep(max(least, min(monotonic() - began, MOST_S)))

    def look(self) -> None:
        """Makes the page again if the study has changed. What is wrong is told once."""
        try:
            self.renew()
        except Exception as error:  # the page before stays; the study will change again
            self._tell(f"the page is not made again: {error or type(error).__name__}")

    def renew(self) -> None:
        """Makes the page again if the study has changed.

        Raises:
            UserError: the study cannot be read.
        """
        if self._storage:
            lines = self._beside(fetch, self._root, self._storage, self._study_name)
            if lines and not _has_trials(self._root):
                self._tell("; ".join(lines))
        version = study_version(self._root)
        if version != self._server.page.version:
            text = self._beside(served_page, self._root, version, self._figures, self._language)
            self._server.page = Page(version, text.encode())

    def _beside(self, function: Any, *arguments: Any) -> Any:
        return call_beside(self._root, function, *arguments)

    def _tell(self, problem: str) -> None:
        if problem != self._problem:
            print(f"dropout-study-watch: {problem}", file=sys.stderr, flush=True)
        self._problem = problem


def watch(root: Path, *, host: str = "127.0.0.1", port: int = 0, **settings: Any) -> None:
    """Serves the report of the study in ``root`` until Ctrl-C or SIGTERM.

    Args:
        root: the study's directory; if there is no study yet, its first trial is waited for.
        host: where to listen.
        port: the port; 0 for a free one.
        settings: those of ``Watch``.

    Raises:
        UserError: ``root`` is another directory, or the port cannot be used.
    """
    _check(root)
    with PageServer(host, port, Page("", b"")) as server, suppress(KeyboardInterrupt):
        prepare_beside(root, begin)  # before there is a second thread
        watched = Watch(root, server, **settings)
        with _sigterm_as_ctrl_c():
            watched.renew()
            with _serving(server):
                print(f"{_name(root)} is shown at {server.url} (Ctrl-C ends it)", flush=True)
                watched.run()


@contextmanager
def _sigterm_as_ctrl_c() -> Iterator[None]:
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def _serving(server: PageServer) -> Iterator[None]:
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield
    finally:
        server.shutdown()


def _name(root: Path) -> str:
    return shlex.quote(str(root))


def _check(root: Path) -> None:
    """Refuses what is no study's directory; says that a study that does not exist is waited for."""
    if root.exists() and not root.is_dir():
        raise UserError(f"{root} is not a directory; give the directory of a study")
    if root.is_dir() and not _has_trials(root):
        if inside := studies(root):
            raise UserError(f"{root} is no study; watch one in it: {shlex.join(map(str, inside))}")
        if single_runs(root):
            raise UserError(f"{root} has single runs; dropout-study-results makes a table of them")
    if not _has_trials(root):
        near = studies(root.parent) if not root.exists() and root.parent.is_dir() else []
        hint = did_you_mean(root.name, [path.name for path in near]) if near else ""
        print(f"{_name(root)} has no trial yet: waiting for the first one{hint}", flush=True)


def _has_trials(root: Path) -> bool:
    return root.is_dir() and bool(StudyPaths(root).numbers())

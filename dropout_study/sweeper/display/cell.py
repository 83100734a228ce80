"""A display in a notebook: the output of a cell, in which each picture replaces the one before."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from io import StringIO
from time import monotonic
from typing import Any

from rich.console import Console, RenderableType

WIDTH = 110
"""Places of a line."""
REFRESH_S = 0.1
PRE = '<pre style="font-family: monospace; line-height: 1.2; white-space: pre">{code}</pre>'

Show = Callable[[str], None]
"""Shows HTML in the place of what it has shown before."""
_elsewhere: list[Show] = []


@contextmanager
def cells_shown_by(show: Show) -> Iterator[None]:
    """Lets ``show`` show the displays of this process, which belongs to a notebook's."""
    _elsewhere.append(show)
    try:
        yield
    finally:
        _elsewhere.pop()


def open_cell() -> "Cell | None":
    """Returns the output of the notebook's cell that runs; None outside of a notebook."""
    if _elsewhere:
        return Cell(_elsewhere[-1])
    return Cell(cell_output()) if in_notebook() else None


def in_notebook() -> bool:
    """Returns whether this process is the kernel of a notebook."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    return hasattr(shell, "kernel")


def cell_output() -> Show:
    """Returns what shows HTML in the cell that runs."""
    ipython = import_module("IPython.display")  # it has no types
    handle: Any = None

    def show(html: str) -> None:
        nonlocal handle
        if handle is None:
            handle = ipython.display(ipython.HTML(html), display_id=True)
        else:
            handle.update(ipython.HTML(html))

    return show


class Cell:
    """The output of a cell, with the methods of ``rich.live.Live`` that a display needs.

    Args:
        show: shows HTML.
        clock: returns seconds since any fixed time.
    """

    def __init__(self, show: Show, clock: Callable[[], float] = monotonic) -> None:
        self._show = show
        self._clock = clock
        self._shown = -REFRESH_S
        self._waiting = ""

    def update(self, picture: RenderableType, *, refresh: bool = False) -> None:
        """Shows ``picture``, or soon, if the last one was shown just now."""
        self._waiting = as_html(picture)
        if refresh or self._clock() - self._shown >= REFRESH_S:
            self.stop()

    def stop(self) -> None:
        """Shows the last picture."""
        if self._waiting:
            self._show(self._waiting)
        self._waiting, self._shown = "", self._clock()


def as_html(picture: RenderableType) -> str:
    """Returns what rich would print on a terminal as HTML."""
    console = Console(
        file=StringIO(), record=True, width=WIDTH, force_jupyter=False, force_terminal=False
    )
    console.print(picture)
    return console.export_html(inline_styles=True, code_format=PRE)

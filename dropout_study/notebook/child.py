"""The process of a sweep that ``dropout_study.sweep`` starts.

``python -m dropout_study.notebook.child FD cell|terminal WORD...`` does what ``dropout-study
WORD...`` does, and sends its progress and its end to the process that has started it.
"""

import logging
import os
import sys
from contextlib import AbstractContextManager, nullcontext
from multiprocessing.connection import Connection

from dropout_study.cli.options import PROGRAM
from dropout_study.cli.train import raising_user_errors, run
from dropout_study.errors import UserError
from dropout_study.notebook.messages import Ended, Shown, Warned
from dropout_study.sweeper.display.cell import cells_shown_by


class Warnings(logging.Handler):
    """Sends the warnings of this package, which has its log on a terminal otherwise."""

    def __init__(self, channel: Connection) -> None:
        super().__init__(logging.WARNING)
        self._channel = channel
        self._owner = os.getpid()

    def emit(self, record: logging.LogRecord) -> None:
        """Sends a warning; those of a worker are in its own log."""
        if os.getpid() == self._owner:
            self._channel.send(Warned(record.getMessage()))


def main() -> None:
    """Runs the command and sends how it has ended."""
    number, place, *words = sys.argv[1:]
    os.set_inheritable(int(number), False)
    channel = Connection(int(number), readable=False)
    sys.argv = [PROGRAM, *words]
    shown: AbstractContextManager[None] = nullcontext()
    if place == "cell":
        logging.getLogger("dropout_study").addHandler(Warnings(channel))
        shown = cells_shown_by(lambda html: channel.send(Shown(html)))
    try:
        with shown, raising_user_errors():
            run(words)
    except KeyboardInterrupt:
        channel.send(Ended(interrupted=True))
    except UserError as error:
        channel.send(Ended(refusal=str(error)))
    else:
        channel.send(Ended())


if __name__ == "__main__":
    main()

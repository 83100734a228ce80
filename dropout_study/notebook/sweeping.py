"""``dropout_study.sweep``: a sweep, in a process of its own.

The workers of a sweep are forked. A process in which torch has threads, or holds a GPU, cannot be
forked: its children wait for ever. So the sweep is the command itself, in a new process, and this
one shows its progress.
"""

import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryFile
from threading import current_thread, main_thread
from typing import IO, TYPE_CHECKING, Any

from dropout_study.checks import check_list
from dropout_study.cli.train import raising_user_errors
from dropout_study.config.hydra_main import compose_sweep
from dropout_study.config.keys import is_ours
from dropout_study.config.overrides import to_override
from dropout_study.errors import UserError, argument_error
from dropout_study.notebook.messages import Ended, Shown, Warned
from dropout_study.notebook.studies import Study, load_study
from dropout_study.notebook.training import command_words
from dropout_study.sweeper.display.cell import Show, cell_output, in_notebook

if TYPE_CHECKING:
    import pandas as pd

PLAIN = (int, float, str, list, tuple, Mapping, type(None))
"""Types of the values that a setting can have."""


def sweep(
    overrides: Sequence[str] = (),
    *,
    points: "pd.DataFrame | Sequence[Mapping[str, Any]] | None" = None,
    config_dir: Path | str | None = None,
) -> Study:
    """Runs a sweep, as ``dropout-study --multirun`` does, and returns its study.

    A study of the same name is continued: if it has all its trials, none is run. In a notebook the
    cell shows the progress; an interrupt stops the running trials after their epoch.

    Args:
        overrides: settings, as in ``["experiment=quickstart", "model.dropout1=choice(0,0.5)"]``.
        points: are tried first, instead of those of the search space: a row or mapping for each,
            with the names of parameters. An empty cell leaves the parameter to the sampler.
        config_dir: a directory of your own configurations.

    Raises:
        UserError: a setting cannot be used, or all trials have failed.
        KeyboardInterrupt: after an interrupt. Finished trials are kept; the same call continues.
    """
    words = command_words(overrides, config_dir)
    first = [] if points is None else [enqueued(points)]
    with raising_user_errors():
        directory = None if config_dir is None else Path(config_dir)
        config = compose_sweep([*overrides, *first], directory)
        root = Path(config.hydra.sweep.dir)
        if config.hydra.sweeper.get("dry_run"):
            raise UserError("a dry run has no result; give it to `dropout-study --multirun`")
        if not is_ours(config.hydra.sweeper):  # a grid is named by the time
            words.append(to_override("hydra.sweep.dir", str(root)))
    _run(["--multirun", *words, *first])
    return load_study(root)


def enqueued(points: "pd.DataFrame | Sequence[Mapping[str, Any]]") -> str:
    """Returns the setting that lets a study begin with ``points``.

    Raises:
        UserError: they are no list of mappings, or a value is none of a setting.
    """
    import pandas as pd

    rows = _records(points) if isinstance(points, pd.DataFrame) else points
    given = check_list("points", rows, (Mapping,), "mappings")
    plain = [{str(name): _plain(name, value) for name, value in row.items()} for row in given]
    return to_override("search_space.enqueue", plain)


def _records(frame: "pd.DataFrame") -> list[dict[str, Any]]:
    """Returns the rows without their empty cells.

    In a column with empty cells pandas makes whole numbers floats; they become whole again.
    """
    whole = {str(k): column.convert_dtypes() for k, column in frame.items() if column.hasnans}
    rows = frame.assign(**whole).astype(object).to_dict("records")
    known = frame.notna().to_dict("records")
    return [
        {str(name): value for name, value in row.items() if has[name]}
        for row, has in zip(rows, known, strict=True)
    ]


def _plain(name: object, value: Any) -> Any:
    """Returns the value of a parameter, a number of NumPy as one of Python."""
    plain = value.item() if getattr(value, "ndim", None) == 0 else value
    if not isinstance(plain, PLAIN):
        raise argument_error(str(name), value, "must be a number, text or list in `points`")
    return plain


def _run(words: Sequence[str]) -> None:
    """Runs the command in a new process and shows its progress."""
    show = cell_output() if in_notebook() else None
    ours, theirs = multiprocessing.Pipe(duplex=False)
    command = [sys.executable, "-m", "dropout_study.notebook.child", str(theirs.fileno())]
    command += ["cell" if show else "terminal", *words]
    search = os.pathsep.join(each or str(Path.cwd()) for each in sys.path)
    with ours, TemporaryFile("w+", errors="replace") as output:
        stream = output if show else None  # a terminal shows what the command prints
        with subprocess.Popen(
            command,
            pass_fds=[theirs.fileno()],
            stdout=stream,
            stderr=stream,
            env={**os.environ, "PYTHONPATH": search},
            start_new_session=show is not None,
        ) as process:
            theirs.close()
            with _interrupts(lambda: process.send_signal(signal.SIGINT) if show else None):
                ended = _listen(ours, show or (lambda _html: None))
                process.wait()
        _conclude(ended, process.returncode, output)


@contextmanager
def _interrupts(handle: Callable[[], None]) -> Iterator[None]:
    """Lets ``handle`` answer an interrupt: the command decides when the sweep stops."""
    if current_thread() is not main_thread():  # only that one may set handlers
        yield
        return
    before = signal.signal(signal.SIGINT, lambda _number, _frame: handle())
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _listen(channel: Connection, show: Show) -> Ended | None:
    """Shows what the command sends until it has ended; returns how, or None if it was killed."""
    try:
        while not isinstance(message := channel.recv(), Ended):
            if isinstance(message, Shown):
                show(message.html)
            elif isinstance(message, Warned):
                print(message.text, file=sys.stderr)
    except EOFError:
        return None
    return message


def _conclude(ended: Ended | None, code: int, output: IO[str]) -> None:
    """Raises what the command has ended with, if it was not its last trial."""
    if ended is not None and ended.interrupted:
        raise KeyboardInterrupt("finished trials are kept; the same call continues the study")
    if ended is not None and ended.refusal:
        raise UserError(ended.refusal)
    if code != 0:
        output.seek(0)
        print(output.read(), file=sys.stderr)
        raise UserError(f"the sweep has ended with code {code}; what it printed is above")

"""``dropout_study.train``: one run, in this process."""

import logging
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from dropout_study.checks import check_list, check_path
from dropout_study.cli.options import PROGRAM
from dropout_study.cli.train import APPLICATION, raising_user_errors, run, task
from dropout_study.config.directories import release_directories
from dropout_study.errors import UserError
from dropout_study.notebook.runs import Run, load_run
from dropout_study.sweeper.display.cell import in_notebook


def train(overrides: Sequence[str] = (), *, config_dir: Path | str | None = None) -> Run:
    """Trains one run, as ``dropout-study`` does, and returns it.

    Args:
        overrides: settings, as in ``["model.dropout1=0.3", "trainer.epochs=5"]``.
        config_dir: a directory of your own configurations.

    Raises:
        UserError: a setting cannot be used.
        KeyboardInterrupt: after an interrupt. The epochs that were trained are kept.
    """
    found: list[Path] = []

    @wraps(task.__wrapped__)
    def noted(config: DictConfig) -> Any:
        found.append(Path(HydraConfig.get().runtime.output_dir))
        if in_notebook():
            _quieten_console()
        return task.__wrapped__(config)

    words = command_words(overrides, config_dir)
    with raising_user_errors(), _own_surroundings(words):
        run(words, APPLICATION(noted))
    root = found[0]
    return load_run(root.relative_to(Path.cwd()) if root.is_relative_to(Path.cwd()) else root)


def command_words(overrides: Sequence[str], config_dir: Path | str | None) -> list[str]:
    """Returns the command line of settings.

    Raises:
        UserError: an option of the command is among them, they are no list of texts, or
            ``config_dir`` is no directory.
    """
    if config_dir is not None and not check_path("config_dir", config_dir).is_dir():
        raise UserError(f"`config_dir` must be a directory, got {str(config_dir)!r}")
    for word in check_list("overrides", overrides, (str,), "settings"):
        if word.startswith("-"):
            raise UserError(f"`{word}` is an option of the command line; give settings, KEY=VALUE")
    return [*([] if config_dir is None else ["--config-dir", str(config_dir)]), *overrides]


@contextmanager
def _own_surroundings(words: Sequence[str]) -> Iterator[None]:
    """Gives the command its command line, and takes back what it and Hydra leave behind."""
    root, argv = logging.getLogger(), sys.argv
    handlers, level = root.handlers[:], root.level
    sys.argv = [PROGRAM, *words]
    try:
        yield
    finally:
        for handler in set(root.handlers) - set(handlers):
            handler.close()
        root.handlers[:] = handlers
        root.setLevel(level)
        sys.argv = argv
        HydraConfig.instance().cfg = None
        release_directories()


def _quieten_console() -> None:
    """Leaves the log of the run to its file: the cell shows a progress bar."""
    for handler in logging.getLogger().handlers:
        if type(handler) is logging.StreamHandler:
            handler.setLevel(logging.WARNING)

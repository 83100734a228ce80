"""``dropout-study-extend``: trains the best trials of a study on, to more epochs."""

import argparse
import logging
import sys
from pathlib import Path

from dropout_study.cli.words import settings_of
from dropout_study.errors import UserError


def extend() -> None:
    """``dropout-study-extend DIR top=5 epochs=60``: trains the best trials to 60 epochs."""
    parser = argparse.ArgumentParser(
        prog="dropout-study-extend",
        description="Train the best trials of a study on, to more epochs. The result is a study of "
        "its own in DIR/extended_EPOCHS, with the trials' own numbers; the study itself is not "
        "changed. A trial continues from its state if the study was run with "
        "trainer.resume=keep, and if no schedule depends on the number of epochs; otherwise it is "
        "trained from its beginning.",
        epilog="Give the same command again to continue an extension that was interrupted.",
    )
    parser.add_argument("dir", type=Path, help="directory of the study, as in outputs/quickstart")
    parser.add_argument(
        "settings",
        nargs="*",
        metavar="top=5 epochs=60",
        help="top: number of trials, the best by the objective, never by test data (default: 5). "
        "epochs: of each trial, more than it has",
    )
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        settings, _ = settings_of(arguments.settings, {"top": 5, "epochs": 0})
        if not settings["epochs"]:
            raise UserError("give the number of epochs, as in epochs=60")
        from dropout_study.extension.extend import extend as run

        root, table = run(arguments.dir, top=settings["top"], epochs=settings["epochs"])
    except (UserError, OSError) as error:
        sys.exit(f"dropout-study-extend: {error}")
    except KeyboardInterrupt:
        sys.exit("dropout-study-extend: interrupted; give the same command again to continue")
    print(table.to_string(index=False))
    print(f"The tables of the extension: dropout-study-results {root}")

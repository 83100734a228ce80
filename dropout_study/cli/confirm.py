"""``dropout-study-confirm``: trains the best configurations again with fresh seeds."""

import argparse
import logging
import sys
from pathlib import Path

from dropout_study.cli.words import settings_of
from dropout_study.errors import UserError, argument_error


def confirm() -> None:
    """``dropout-study-confirm DIR top=3 seeds=10``: trains the best configurations again."""
    parser = argparse.ArgumentParser(
        prog="dropout-study-confirm",
        description="Train the best configurations of a study again with fresh seeds, and also "
        "the configuration of the best predicted mean, the rates of Dive into Deep Learning (the "
        "book) and no dropout. Train on train + validation and compare the results on the test "
        "set.",
        epilog="Give the same command again to continue a confirmation that was interrupted.",
    )
    parser.add_argument("dir", type=Path, help="directory of the study, as in outputs/quickstart")
    parser.add_argument(
        "settings",
        nargs="*",
        metavar="top=3 seeds=10 merge=1 by=KEY,... within=KEY,... baseline=NAME against=DIR",
        help="top: number of configurations, the best by validation. seeds: number of fresh seeds "
        "for each. merge: 1 to train on train + validation, 0 to train on the training split "
        "alone, as the study did. by: compare the values of these searched parameters instead, "
        "each with its best trial. within: repeat the comparison at each value of these "
        "parameters. baseline: the value with which the others are compared "
        "(default: the first without dropout, else the first). against: compare the best "
        "trial with that of another study instead",
    )
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        settings, texts = settings_of(
            arguments.settings,
            {"top": 3, "seeds": 10, "merge": 1},
            {"by": "", "within": "", "baseline": "", "against": ""},
        )
        if settings["merge"] not in (0, 1):
            raise argument_error("merge", settings["merge"], "must be 0 or 1")
        from dropout_study.confirmation.confirm import confirm as run
        from dropout_study.report.page import write_report

        table = run(
            arguments.dir,
            top=settings["top"],
            seeds=settings["seeds"],
            merge=bool(settings["merge"]),
            by=_keys(texts["by"]),
            within=_keys(texts["within"]),
            baseline=texts["baseline"],
            against=Path(texts["against"]) if texts["against"] else None,
        )
        path = write_report(arguments.dir)
    except (UserError, OSError) as error:
        sys.exit(f"dropout-study-confirm: {error}")
    print(table.iloc[:, :8].to_string(index=False))
    print(f"Differences, intervals and tests: {path}")


def _keys(text: str) -> list[str]:
    return [key for key in text.split(",") if key]

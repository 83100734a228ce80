"""``dropout-study-confirm``: trains the best configurations again with fresh seeds."""

import logging
from pathlib import Path

from dropout_study.cli.ending import AGAIN, ending_in_one_line
from dropout_study.cli.options import Options, keys, whole


@ending_in_one_line("confirm", AGAIN)
def confirm() -> None:
    """``dropout-study-confirm DIR --top 3 --seeds 10``: trains the best configurations again."""
    arguments = _options().read()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    from dropout_study.cli.confirmed import print_confirmation
    from dropout_study.confirmation.confirm import confirm_and_report

    table, path = confirm_and_report(
        arguments.dir,
        trust=arguments.trust,
        top=arguments.top,
        seeds=arguments.seeds,
        merge=bool(arguments.merge),
        by=arguments.by,
        within=arguments.within,
        baseline=arguments.baseline,
        against=arguments.against,
    )
    print_confirmation(arguments.dir, table, path)


def _options() -> Options:
    options = Options(
        "confirm",
        "Train the best configurations of a study again with fresh seeds, and also "
        "the configuration of the best predicted mean, the rates of Dive into Deep Learning (the "
        "book) and no dropout. Train on train + validation and compare the results on the test "
        "set.",
        "Give the same command again to continue a confirmation that was interrupted.",
    )
    options.study()
    options.add_argument(
        "--top",
        type=whole(),
        default=3,
        metavar="N",
        help="number of configurations, the best by validation (default: 3)",
    )
    options.add_argument(
        "--seeds",
        type=whole(2),
        default=10,
        metavar="N",
        help="number of fresh seeds for each (default: 10)",
    )
    options.add_argument(
        "--merge",
        type=int,
        choices=(0, 1),
        default=1,
        help="1: train on train + validation (default); 0: on the training split alone, as the "
        "study did",
    )
    options.add_argument(
        "--by",
        type=keys,
        default=[],
        metavar="KEY,...",
        help="compare the values of these searched parameters instead, each with its best trial",
    )
    options.add_argument(
        "--within",
        type=keys,
        default=[],
        metavar="KEY,...",
        help="repeat the comparison at each value of these parameters",
    )
    options.add_argument(
        "--baseline",
        default="",
        metavar="NAME",
        help="the value with which the others are compared (default: the first without dropout, "
        "else the first)",
    )
    options.add_argument(
        "--against",
        type=Path,
        metavar="DIR",
        help="compare the best trial with that of another study instead",
    )
    options.trust()
    return options

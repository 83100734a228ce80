"""``dropout-study-gain``: what does dropout buy?"""

import argparse
import logging
import sys
from pathlib import Path

from dropout_study.errors import UserError, argument_error


def gain() -> None:
    """``dropout-study-gain experiment=quickstart``: two searches of equal budget, compared."""
    parser = argparse.ArgumentParser(
        prog="dropout-study-gain",
        description="What does dropout buy? Search with dropout and without dropout, with the same "
        "number of trials. Train the best configuration of both again with the same fresh seeds. "
        "Print the difference of their test metrics, paired by seed.",
        allow_abbrev=False,
        epilog="Give the same command again to continue what was interrupted.",
    )
    parser.add_argument(
        "overrides",
        nargs="*",
        metavar="OVERRIDE",
        help="settings of both sweeps, as after `dropout-study --multirun`",
    )
    parser.add_argument("--config-dir", type=Path, help="directory of your own configurations")
    parser.add_argument("--seeds", type=int, default=10, help="fresh seeds (default: 10)")
    parser.add_argument(
        "--merge",
        type=int,
        default=1,
        help="1 (default): train on train + validation; 0: on the training split alone",
    )
    arguments = parser.parse_intermixed_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        if arguments.seeds < 2:
            raise argument_error("--seeds", arguments.seeds, "must be 2 or more")
        from dropout_study.confirmation.confirm import confirm
        from dropout_study.confirmation.gain import search_with_and_without
        from dropout_study.report.confirmed import confirmed_sentences
        from dropout_study.report.page import write_report
        from dropout_study.report.view import StudyView
        from dropout_study.results.study import load_study

        study, without = search_with_and_without(arguments.overrides, arguments.config_dir)
        merge = bool(arguments.merge)
        table = confirm(study, seeds=arguments.seeds, merge=merge, against=without)
        path = write_report(study)
        sentences = confirmed_sentences(StudyView(load_study(study)))
    except (UserError, OSError) as error:
        sys.exit(f"dropout-study-gain: {error}")
    print(table.iloc[:, :8].to_string(index=False))
    print(*sentences, f"Differences, intervals and tests: {path}", sep="\n")

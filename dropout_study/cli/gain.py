"""``dropout-study-gain``: what does dropout buy?"""

import logging
from pathlib import Path

from dropout_study.cli.ending import AGAIN, ending_in_one_line
from dropout_study.cli.options import Options, whole


@ending_in_one_line("gain", AGAIN)
def gain() -> None:
    """``dropout-study-gain experiment=quickstart``: two searches of equal budget, compared."""
    options = Options(
        "gain",
        "What does dropout buy? Search with dropout and without dropout, with the same "
        "number of trials. Train the best configuration of both again with the same fresh seeds. "
        "Print the difference of their test metrics, paired by seed.",
        "Give the same command again to continue what was interrupted.",
    )
    options.add_argument(
        "overrides",
        nargs="*",
        metavar="OVERRIDE",
        help="settings of both sweeps, as after `dropout-study --multirun`",
    )
    options.add_argument("--config-dir", type=Path, help="directory of your own configurations")
    options.add_argument(
        "--seeds", type=whole(2), default=10, metavar="N", help="fresh seeds (default: 10)"
    )
    options.add_argument(
        "--merge",
        type=int,
        choices=(0, 1),
        default=1,
        help="1: train on train + validation (default); 0: on the training split alone",
    )
    options.trust()
    arguments = options.read()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    from dropout_study.cli.confirmed import print_confirmation
    from dropout_study.confirmation.confirm import confirm
    from dropout_study.confirmation.gain import search_with_and_without, sweep_config
    from dropout_study.report.page import write_report
    from dropout_study.task.recorded import Trust, trusting

    words = arguments.overrides, arguments.config_dir
    config = sweep_config(*words)
    with trusting(Trust(arguments.trust, Trust.of(config).named)):
        study, without = search_with_and_without(words[0], config, words[1])
        merge = bool(arguments.merge)
        table = confirm(study, seeds=arguments.seeds, merge=merge, against=without)
    path = write_report(study)
    print_confirmation(study, table, path)

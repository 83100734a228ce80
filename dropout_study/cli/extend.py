"""``dropout-study-extend``: trains the best trials of a study on, to more epochs."""

import logging
import shlex

from dropout_study.cli.ending import AGAIN, ending_in_one_line
from dropout_study.cli.options import Options, whole


@ending_in_one_line("extend", AGAIN)
def extend() -> None:
    """``dropout-study-extend DIR --top 5 --epochs 60``: trains the best trials to 60 epochs."""
    options = Options(
        "extend",
        "Train the best trials of a study on, to more epochs. The result is a study of "
        "its own in DIR/extended_EPOCHS, with the trials' own numbers; the study itself is not "
        "changed. A trial continues from its state if the study was run with "
        "trainer.resume=keep, and if no schedule depends on the number of epochs; otherwise it is "
        "trained from its beginning.",
        "Give the same command again to continue an extension that was interrupted.",
    )
    options.study()
    options.add_argument(
        "--top",
        type=whole(),
        default=5,
        metavar="N",
        help="number of trials, the best by the objective, never by test data (default: 5)",
    )
    options.add_argument(
        "--epochs",
        type=whole(),
        required=True,
        metavar="N",
        help="epochs of each trial, more than it has",
    )
    options.trust()
    arguments = options.read()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    from dropout_study.extension.extend import extend as run
    from dropout_study.task.recorded import Trust, trusting

    with trusting(Trust(arguments.trust)):
        root, table = run(arguments.dir, top=arguments.top, epochs=arguments.epochs)
    print(table.to_string(index=False))
    print(f"The tables of the extension: dropout-study-results {shlex.quote(str(root))}")

"""``dropout-study-watch``: shows the report of a study in a browser while the study runs."""

import ipaddress
import sys

from dropout_study.cli.ending import ending_in_one_line
from dropout_study.cli.options import Options

PORT = 8765


@ending_in_one_line("watch")
def watch() -> None:
    """``dropout-study-watch DIR``: serves the report of a study, which follows its trials."""
    arguments = _options().read()
    from dropout_study.watch.watch import watch as run

    try:
        _warn_of_others(arguments.host)
        run(
            arguments.dir,
            host=arguments.host,
            port=arguments.port,
            figures=arguments.figure,
            language=arguments.language,
            storage=arguments.storage,
            study_name=arguments.study_name,
        )
    except KeyboardInterrupt:
        pass


def _options() -> Options:
    options = Options(
        "watch",
        "Show the report of a study in a browser, also while the study runs: the page is made "
        "again as trials end, at a low priority, and keeps what you have filtered and chosen. "
        "A study that does not exist yet is waited for. With --storage the trials that other "
        "machines have run are fetched every ten seconds; otherwise nothing is written to DIR.",
        "The page is the one of dropout-study-report. Nothing else of the directory is served.",
    )
    options.study()
    options.address(PORT, ": this machine alone; there is no password")
    options.figures_and_language()
    options.storage()
    return options


def _warn_of_others(host: str) -> None:
    """Says that a page that listens beyond this machine has no password."""
    try:
        alone = ipaddress.ip_address(host).is_loopback
    except ValueError:
        alone = host == "localhost"
    if not alone:
        told = (
            f"everyone who reaches {host or 'this machine'} can read the page: it has no password"
        )
        print(f"dropout-study-watch: {told}", file=sys.stderr)

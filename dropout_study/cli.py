"""The commands: ``dropout-study`` trains or sweeps, ``dropout-study-results`` prints a table."""

import argparse
import logging
import os
import sys
from pathlib import Path
from typing import Any

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException

from dropout_study.errors import UserError, argument_error, did_you_mean
from dropout_study.orchestration.explain import explain, while_composing
from dropout_study.orchestration.population import population_form
from dropout_study.orchestration.preload import preloads
from dropout_study.paths import conf_dir

FULL_ERROR = "HYDRA_FULL_ERROR"
MISTAKES = (UserError, HydraException, OmegaConfBaseException, OSError)


@hydra.main(version_base="1.3", config_path=str(conf_dir()), config_name="config")
@population_form("dropout_study.orchestration.population.trial_form.TrialForm")
@preloads("dropout_study.orchestration.task.preload")
def task(config: DictConfig) -> dict[str, Any]:
    """Trains one trial and returns its metrics; ``value`` is the objective."""
    from dropout_study.orchestration.current import current_trial
    from dropout_study.orchestration.progress import RunProgress
    from dropout_study.orchestration.task import prepare_trial, train_sweep_trial, train_trial
    from dropout_study.orchestration.tracker import tracking

    hydra_config = HydraConfig.get()
    job_dir = Path(hydra_config.runtime.output_dir)
    if hydra_config.mode == RunMode.MULTIRUN:
        with tracking(config, str(job_dir)) as listeners:
            return train_sweep_trial(prepare_trial(config), job_dir, current_trial(), *listeners)
    try:
        setup = prepare_trial(config)
        with (
            RunProgress(setup.settings.epochs, len(setup.splits.train)) as progress,
            tracking(config, str(job_dir)) as listeners,
        ):
            return train_trial(setup, job_dir, progress, *listeners).as_dict()
    except MISTAKES as error:
        raise SystemExit(f"dropout-study: {explain(error)}") from error


def main() -> None:
    """``dropout-study``: a mistake of the user's ends with one line and exit code 1.

    ``HYDRA_FULL_ERROR=1`` shows the traceback, too.
    """
    given = os.environ.get(FULL_ERROR, "0")
    os.environ[FULL_ERROR] = "1"  # Hydra then raises its errors instead of printing them
    try:
        task()
    except SystemExit as refusal:
        if given == "1" and refusal.__cause__ is not None:
            raise refusal.__cause__ from None
        raise
    except Exception as error:
        mistake = isinstance(error, MISTAKES) or while_composing(error)
        if given == "1" or not mistake:
            raise  # asked for, or of a class that the user has brought along
        sys.exit(f"dropout-study: {explain(error)}")
    finally:
        os.environ[FULL_ERROR] = given


def results() -> None:
    """``dropout-study-results DIR``: rebuilds and prints the table of a study."""
    parser = argparse.ArgumentParser(
        prog="dropout-study-results",
        description="Rebuild the tables of a study from its directory and print the best trials.",
    )
    parser.add_argument("dir", type=Path, help="directory of the study, as in outputs/quickstart")
    parser.add_argument("--top", type=int, default=20, help="rows to print (default: 20)")
    arguments = parser.parse_args()
    from dropout_study.orchestration.outcome import minimizes
    from dropout_study.paths import StudyPaths
    from dropout_study.results.show import print_results
    from dropout_study.results.study import configured_direction
    from dropout_study.results.table import study_frame, write_tables

    try:
        path = write_tables(arguments.dir)
        frame = study_frame(arguments.dir)
        minimize = minimizes(configured_direction(StudyPaths(arguments.dir)))
    except (UserError, OSError) as error:
        sys.exit(f"dropout-study-results: {error}")
    try:
        print_results(frame, top=arguments.top, minimize=minimize)
        print(f"Every trial: {path}", flush=True)
    except BrokenPipeError:  # its reader has seen enough, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def confirm() -> None:
    """``dropout-study-confirm DIR top=3 seeds=10``: trains the best again with fresh seeds."""
    parser = argparse.ArgumentParser(
        prog="dropout-study-confirm",
        description="Train the best configurations of a study, the book's rates and no dropout "
        "again with fresh seeds, on train + validation, and compare their test accuracies.",
        epilog="The same command continues a confirmation that was interrupted.",
    )
    parser.add_argument("dir", type=Path, help="directory of the study, as in outputs/quickstart")
    parser.add_argument(
        "settings",
        nargs="*",
        metavar="top=3 seeds=10",
        help="configurations, the best by validation, and fresh seeds of each",
    )
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        settings = _settings(arguments.settings, {"top": 3, "seeds": 10})
        from dropout_study.confirmation.confirm import confirm as run
        from dropout_study.report.page import write_report

        table = run(arguments.dir, top=settings["top"], seeds=settings["seeds"])
        path = write_report(arguments.dir)
    except (UserError, OSError) as error:
        sys.exit(f"dropout-study-confirm: {error}")
    print(table.iloc[:, :8].to_string(index=False))
    print(f"Differences, intervals and tests: {path}")


def rerun() -> None:
    """``dropout-study-rerun DIR 17``: repeats a trial; exit code 0 if its numbers are the same."""
    parser = argparse.ArgumentParser(
        prog="dropout-study-rerun",
        description="Repeat a trial from what its directory records and compare the numbers: "
        "metrics and learning curve, times aside. A pruned trial runs as far as it did.",
        epilog="Exit code: 0 the same, 1 not.",
    )
    parser.add_argument("dir", type=Path, help="directory of the study, as in outputs/quickstart")
    parser.add_argument("trial", type=int, help="number of the trial")
    parser.add_argument("--keep", type=Path, help="keep the repeated runs' files there")
    arguments = parser.parse_args()
    try:
        from dropout_study.orchestration.rerun import rerun_trial

        differ = False
        for run in rerun_trial(arguments.dir, arguments.trial, arguments.keep):
            print(f"trial {run.name}: {run.verdict}")
            if run.same:
                continue
            differ = True
            for d in [*run.numbers, *run.setting]:
                print(f"  {d.what}: recorded {d.recorded}, now {d.now}")
    except (UserError, OSError) as error:
        sys.exit(f"dropout-study-rerun: {error}")
    sys.exit(int(differ))


def predict() -> None:
    """``dropout-study-predict JOBDIR images... samples=T``: prints classes and probabilities."""
    parser = argparse.ArgumentParser(
        prog="dropout-study-predict",
        description="Print the most probable classes of images, by the weights that a run or trial "
        "with trainer.checkpoint=best or last has kept.",
    )
    parser.add_argument("dir", type=Path, help="job directory, as in outputs/quickstart/3")
    parser.add_argument("images", nargs="+", metavar="image", help="image files")
    parser.epilog = (
        "`samples=T` after the images: mean and spread over T networks thinned by dropout "
        "(Monte-Carlo dropout, Gal & Ghahramani 2016). Images must look like the training images."
    )
    parser.add_argument("--top", type=int, default=3, help="classes to print (default: 3)")
    arguments = parser.parse_args()
    words = [word for word in arguments.images if word.startswith("samples=")]
    images = [Path(word) for word in arguments.images if word not in words]
    try:
        samples = _settings(words, {"samples": 0})["samples"]
        if not images:
            raise UserError("there is no image to predict; give at least one file")
        from dropout_study.orchestration.predict import predict as run

        for image, guesses in zip(images, run(arguments.dir, images, samples=samples), strict=True):
            told = (
                f"{g.label} {g.probability:.4f}" + (f" (sd {g.sd:.4f})" if g.sd == g.sd else "")
                for g in guesses[: arguments.top]
            )
            print(f"{image}: {', '.join(told)}")
    except (UserError, OSError) as error:
        sys.exit(f"dropout-study-predict: {error}")


def _settings(words: list[str], known: dict[str, int]) -> dict[str, int]:
    """Returns ``known`` with what ``name=number`` words replace."""
    settings = dict(known)
    for word in words:
        name, _, value = word.partition("=")
        if name not in known:
            raise UserError(f"`{word}` is no setting{did_you_mean(name, known)}")
        try:
            settings[name] = int(value)
        except ValueError as error:
            raise argument_error(name, value, "must be a whole number") from error
    return settings


def report() -> None:
    """``dropout-study-report DIR``: writes the report of a study, finished or not."""
    parser = argparse.ArgumentParser(
        prog="dropout-study-report",
        description="Write report.html and figures/ of a study from its directory alone.",
    )
    parser.add_argument("dir", type=Path, help="directory of the study, as in outputs/quickstart")
    arguments = parser.parse_args()
    from dropout_study.report.page import write_report

    try:
        path = write_report(arguments.dir)
    except (UserError, OSError) as error:
        sys.exit(f"dropout-study-report: {error}")
    print(f"Report: {path}")

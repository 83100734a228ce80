"""``dropout-study-predict``: the classes of image files, or ways to predict on a labelled split."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from dropout_study.cli.words import numbers_of, settings_of
from dropout_study.errors import UserError
from dropout_study.paths import JobPaths, StudyPaths

if TYPE_CHECKING:
    from dropout_study.task.predict import Guess
    from dropout_study.training.inference import Inference


SETTINGS = ("samples", "split", "rates")
OWN = "own"
"""Stands for the noise layers' own rates."""


def predict() -> None:
    """``dropout-study-predict JOBDIR images... samples=T``, or ``DIR split=test samples=T,...``."""
    parser = argparse.ArgumentParser(
        prog="dropout-study-predict",
        description="Print the most probable classes of image files, or compare ways to predict on "
        "a labelled split. The weights are those that a run or trial with "
        "trainer.checkpoint=best or last has saved.",
    )
    parser.add_argument(
        "dir",
        type=Path,
        help="job directory, as in outputs/quickstart/3; with split=, also that of a study",
    )
    parser.add_argument(
        "words", nargs="+", metavar="image", help="image files, or split=train, val or test"
    )
    parser.epilog = (
        "Add `samples=T` for Monte-Carlo dropout (Gal & Ghahramani 2016): mean and standard "
        "deviation over T predictions with dropout on. Images must look like the training images. "
        "Colour, size, scale and rotation are converted; transparent parts get the brightness of "
        "the training images' border. `split=test` compares weight scaling, the mean of T passes "
        "(default: 50) and a single pass, each by loss, accuracy, Brier score and calibration "
        "error, and writes inference_test.csv into the directory. `samples=1,10,50` gives several "
        "means; `rates=0,0.2,0.5` gives the noise layers each of these rates instead of their own. "
        "In a study's directory this is done for each complete trial."
    )
    parser.add_argument("--top", type=int, default=3, help="classes to print (default: 3)")
    arguments = parser.parse_args()
    given = [word for word in arguments.words if word.partition("=")[0] in SETTINGS]
    images = [Path(word) for word in arguments.words if word not in given]
    splits = [word.partition("=")[2] for word in given if word.startswith("split=")]
    numbers = [word for word in given if not word.startswith("split=")]
    try:
        if splits:
            _compare(arguments.dir, splits, images, numbers)
        else:
            _predict(arguments.dir, images, numbers, arguments.top)
    except (UserError, OSError) as error:
        sys.exit(f"dropout-study-predict: {error}")


def _predict(job_dir: Path, images: list[Path], numbers: list[str], top: int) -> None:
    if rates := [word for word in numbers if word.startswith("rates=")]:
        raise UserError(f"`{rates[0]}` needs a labelled split; add split=test")
    samples = settings_of(numbers, {"samples": 0})[0]["samples"]
    if not images:
        raise UserError(
            "no image is given; give at least one image file, or split=test for a labelled split"
        )
    from dropout_study.task.predict import predict as run

    for image, guesses in zip(images, run(job_dir, images, samples=samples), strict=True):
        told = map(_words, guesses[:top])
        print(f"{image}: {', '.join(told)}")


def _compare(root: Path, splits: list[str], images: list[Path], given: list[str]) -> None:
    if images or len(splits) > 1:
        what = f"the image {images[0]}" if images else f"split={splits[1]}"
        raise UserError(f"split={splits[0]} stands alone, got {what} beside it; use two commands")
    from dropout_study.task.inference import SAMPLES, infer

    texts = settings_of(given, {}, {"samples": str(SAMPLES), "rates": OWN})[1]
    samples = numbers_of("samples", texts["samples"], int, "whole numbers")
    own = texts["rates"] == OWN
    rates = [] if own else numbers_of("rates", texts["rates"], float, "numbers")
    split, paths = splits[0], StudyPaths(root)
    if not JobPaths(root).config_yaml.is_file() and root.is_dir() and paths.numbers():
        from dropout_study.results.inference import infer_study

        infer_study(root, split=split, samples=samples, rates=rates, told=_tell)
        print(f"Table: {paths.inference_csv(split)}")
    else:
        _print(infer(root, split=split, samples=samples, rates=rates))


def _tell(run: str, found: "Inference | UserError") -> None:
    if isinstance(found, UserError):
        print(f"{run}: {found}")
    else:
        print(f"{run}:")
        _print(found)


def _print(found: "Inference") -> None:
    names = list(found.ways[0].numbers)
    rates = any(way.rate is not None for way in found.ways)
    head = f"{'way':16}{'samples':9}" + (f"{'rate':7}" if rates else "")
    print(head + "".join(f"{name:21}" for name in names).rstrip())
    for way in found.ways:
        told = "" if way.rate is None else f"{way.rate:g}"
        start = f"{way.name:16}{way.samples:<9}" + (f"{told:7}" if rates else "")
        cells = (_number(way.numbers[name], way.sd.get(name)) for name in names)
        print(start + "".join(f"{cell:21}" for cell in cells).rstrip())
    for remark in found.remarks:
        print(remark)


def _number(number: float, sd: float | None) -> str:
    return f"{number:.4f}" if sd is None else f"{number:.4f} (sd {sd:.4f})"


def _words(guess: "Guess") -> str:
    name = f" {guess.name}" if guess.name not in (None, str(guess.label)) else ""
    spread = f" (sd {guess.sd:.4f})" if guess.sd == guess.sd else ""
    return f"{guess.label}{name} {guess.probability:.4f}{spread}"

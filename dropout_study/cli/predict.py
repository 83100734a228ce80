"""``dropout-study-predict``: the classes of image files, or ways to predict on a labelled split."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from dropout_study.cli.ending import ending_in_one_line
from dropout_study.cli.options import Options, listed, whole
from dropout_study.errors import UserError
from dropout_study.paths import JobPaths, StudyPaths

if TYPE_CHECKING:
    from dropout_study.task.predict import Guess
    from dropout_study.training.inference import Inference


@ending_in_one_line("predict")
def predict() -> None:
    """``dropout-study-predict JOBDIR IMAGE...``, or ``DIR --split test --samples 50``."""
    options = Options(
        "predict",
        "Print the most probable classes of image files, or compare ways to predict on "
        "a labelled split. The weights are those that a run or trial with "
        "trainer.checkpoint=best or last has saved.",
        "Images must look like the training images. Colour, size, scale and rotation are "
        "converted; transparent parts get the brightness of the training images' border. `--split "
        "test` compares weight scaling, the mean of T passes and a single pass, each by loss, "
        "accuracy, Brier score and calibration error, and writes inference_test.csv into the "
        "directory. In a study's directory this is done for each complete trial.",
    )
    options.study(
        "directory of a run or trial, as in outputs/quickstart/3; with --split, or a study"
    )
    options.add_argument("images", nargs="*", type=Path, metavar="IMAGE", help="image files")
    options.add_argument("--split", help="train, val or test: a labelled split instead of images")
    options.add_argument(
        "--samples",
        type=listed(int, "whole numbers"),
        metavar="T,...",
        help="Monte-Carlo dropout (Gal & Ghahramani 2016): mean and standard deviation over T "
        "predictions with dropout on; several numbers with --split (default there: 50)",
    )
    options.add_argument(
        "--rates",
        type=listed(float, "numbers"),
        metavar="P,...",
        help="with --split: give the noise layers each of these rates instead of their own",
    )
    options.add_argument(
        "--top", type=whole(), default=3, metavar="N", help="classes to print (default: 3)"
    )
    options.trust()
    given = options.read()
    from dropout_study.task.recorded import Trust, trusting

    with trusting(Trust(given.trust)):
        if given.split:
            _compare(given.dir, given.split, given.images, given.samples, given.rates)
        else:
            _predict(given.dir, given.images, given.samples, given.rates, given.top)


def _predict(
    job_dir: Path,
    images: list[Path],
    samples: list[int] | None,
    rates: list[float] | None,
    top: int,
) -> None:
    if rates is not None:
        raise UserError("`--rates` needs a labelled split; add `--split test`")
    if len(samples or []) > 1:
        raise UserError("`--samples` is one number for images; several need `--split test`")
    if not images:
        raise UserError(
            "no image is given; give at least one image file, or --split test for a labelled split"
        )
    from dropout_study.task.predict import predict as run

    found = run(job_dir, images, samples=samples[0] if samples else 0)
    for image, guesses in zip(images, found, strict=True):
        told = map(_words, guesses[:top])
        print(f"{image}: {', '.join(told)}")


def _compare(
    root: Path,
    split: str,
    images: list[Path],
    samples: list[int] | None,
    rates: list[float] | None,
) -> None:
    if images:
        raise UserError(
            f"`--split {split}` stands alone, got the image {images[0]} beside it; use two commands"
        )
    from dropout_study.task.inference import SAMPLES, infer

    samples, rates, paths = samples or [SAMPLES], rates or [], StudyPaths(root)
    if not JobPaths(root).config_yaml.is_file() and root.is_dir() and paths.numbers():
        from dropout_study.results.inference import infer_study

        infer_study(root, split=split, samples=samples, rates=rates, told=_tell)
        print(f"Table: {shlex.quote(str(paths.inference_csv(split)))}")
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

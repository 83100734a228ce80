"""``dropout-study-predict``: predicts the classes of image files."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from dropout_study.cli.words import settings_of
from dropout_study.errors import UserError

if TYPE_CHECKING:
    from dropout_study.task.predict import Guess


def predict() -> None:
    """``dropout-study-predict JOBDIR images... samples=T``: prints classes and probabilities."""
    parser = argparse.ArgumentParser(
        prog="dropout-study-predict",
        description="Print the most probable classes of image files. The weights are those that a "
        "run or trial with trainer.checkpoint=best or last has saved.",
    )
    parser.add_argument("dir", type=Path, help="job directory, as in outputs/quickstart/3")
    parser.add_argument("images", nargs="+", metavar="image", help="image files")
    parser.epilog = (
        "Add `samples=T` after the images for Monte-Carlo dropout (Gal & Ghahramani 2016): mean "
        "and standard deviation over T predictions with dropout on. Images must look like the "
        "training images. Colour, size, scale and rotation are converted; transparent parts get "
        "the brightness of the training images' border."
    )
    parser.add_argument("--top", type=int, default=3, help="classes to print (default: 3)")
    arguments = parser.parse_args()
    words = [word for word in arguments.images if word.startswith("samples=")]
    images = [Path(word) for word in arguments.images if word not in words]
    try:
        samples = settings_of(words, {"samples": 0})[0]["samples"]
        if not images:
            raise UserError("no image is given; give at least one image file")
        from dropout_study.task.predict import predict as run

        for image, guesses in zip(images, run(arguments.dir, images, samples=samples), strict=True):
            told = map(_words, guesses[: arguments.top])
            print(f"{image}: {', '.join(told)}")
    except (UserError, OSError) as error:
        sys.exit(f"dropout-study-predict: {error}")


def _words(guess: "Guess") -> str:
    name = f" {guess.name}" if guess.name not in (None, str(guess.label)) else ""
    spread = f" (sd {guess.sd:.4f})" if guess.sd == guess.sd else ""
    return f"{guess.label}{name} {guess.probability:.4f}{spread}"

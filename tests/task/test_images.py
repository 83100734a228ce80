"""Image files of every kind, as a person sees them and as the network was trained."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from dropout_study.data import Examples, Splits
from dropout_study.data.pixels import PixelFacts
from dropout_study.task.images import read_image

GREY, RGB = (1, 8, 8), (3, 8, 8)
LIGHT_ON_BLACK = PixelFacts("uint8", 0, 255, whole=True, border=0)
DARK_ON_WHITE = PixelFacts("uint8", 0, 255, whole=True, border=255)
PHOTOGRAPHS = PixelFacts("uint8", 0, 255, whole=True, border=120)
MEAN, STD = (0.25,), (0.5,)

STEPS = np.arange(64, dtype=np.uint8).reshape(8, 8) * 4
"""A picture without symmetry."""


def save(path: Path, image: Image.Image, **options: object) -> Path:
    image.save(path, **options)
    return path


def grey(path: Path, pixels: PixelFacts = LIGHT_ON_BLACK) -> Tensor:
    return read_image(path, GREY, pixels)


def palette() -> Image.Image:
    """A file of eight bits whose numbers are no brightness: 0 is white, 255 is black."""
    image = Image.fromarray(255 - STEPS, mode=None).convert("P")
    image.putpalette([255 - value for value in range(256) for _ in "rgb"])
    return image


def turned(path: Path) -> Path:
    """Stored on its side, with the note that a viewer must turn it."""
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees clockwise to show
    return save(path, Image.fromarray(np.rot90(STEPS).copy()), exif=exif)


SAME = {
    "8 bits": lambda path: save(path / "a.png", Image.fromarray(STEPS)),
    "colour": lambda path: save(path / "a.png", Image.fromarray(STEPS).convert("RGB")),
    "palette": lambda path: save(path / "a.png", palette()),
    "turned": lambda path: turned(path / "a.png"),
    "16 bits": lambda path: save(path / "a.png", Image.fromarray(STEPS.astype(np.uint16) * 257)),
    "16-bit TIFF": lambda path: save(
        path / "a.tiff", Image.fromarray(STEPS.astype(np.uint16) * 257)
    ),
    "float TIFF": lambda path: save(
        path / "a.tiff", Image.fromarray(STEPS.astype(np.float32) / 255)
    ),
    "opaque": lambda path: save(path / "a.png", Image.fromarray(STEPS).convert("LA")),
    "opaque colour": lambda path: save(path / "a.png", Image.fromarray(STEPS).convert("RGBA")),
    "BMP": lambda path: save(path / "a.bmp", Image.fromarray(STEPS)),
    "CMYK": lambda path: save(path / "a.tiff", Image.fromarray(STEPS).convert("CMYK")),
}


@pytest.mark.parametrize("kind", SAME)
def test_files_that_look_the_same_are_the_same_to_the_network(tmp_path: Path, kind: str) -> None:
    path = SAME[kind](tmp_path)
    expected = torch.from_numpy(STEPS).float() / 255

    torch.testing.assert_close(grey(path)[0], expected, atol=1e-6, rtol=0)
    torch.testing.assert_close(
        read_image(path, RGB, LIGHT_ON_BLACK), expected.expand(3, 8, 8), atol=1e-6, rtol=0
    )


def test_other_sizes_and_colours_are_converted(tmp_path: Path) -> None:
    path = save(tmp_path / "red.png", Image.new("RGB", (40, 20), (255, 0, 0)))

    assert grey(path).shape == GREY
    assert read_image(path, RGB, LIGHT_ON_BLACK)[:, 0, 0].tolist() == [1, 0, 0]


def test_black_and_white_is_0_and_1(tmp_path: Path) -> None:
    path = save(tmp_path / "a.png", Image.fromarray(STEPS > 100))
    assert torch.equal(grey(path)[0], torch.from_numpy(STEPS > 100).float())


@pytest.mark.parametrize("mode", ["LA", "RGBA", "PA", "P"])
@pytest.mark.parametrize(("pixels", "shown"), [(LIGHT_ON_BLACK, 0), (DARK_ON_WHITE, 1)])
def test_transparent_parts_get_the_colour_of_the_training_images_border(
    tmp_path: Path, mode: str, pixels: PixelFacts, shown: int
) -> None:
    image = Image.new("LA", (8, 8), (100, 255))
    image.paste((77, 0), (0, 0, 4, 8))  # the left half cannot be seen
    if mode == "P":
        image = Image.new("P", (8, 8), 1)
        image.putpalette([77, 77, 77, 100, 100, 100])
        image.paste(0, (0, 0, 4, 8))
        path = save(tmp_path / "a.png", image, transparency=0)
    else:
        suffix = "tiff" if mode == "PA" else "png"
        path = save(tmp_path / f"a.{suffix}", image.convert("RGBA" if mode == "PA" else mode))

    assert grey(path, pixels)[0, 0].tolist() == pytest.approx([shown] * 4 + [100 / 255] * 4)


def animation(path: Path) -> Path:
    frames = [Image.new("L", (8, 8), value) for value in (0, 100, 200)]
    return save(path / "a.gif", frames[0], save_all=True, append_images=frames[1:])


def transparent(path: Path) -> Path:
    return save(path / "a.png", Image.new("LA", (8, 8), (100, 10)))


REFUSED = {
    "frames": (animation, LIGHT_ON_BLACK, "a.gif has 3 frames or pages; save one of them"),
    "transparent": (transparent, PHOTOGRAPHS, "neither a black nor a white border"),
    "float beyond 1": (
        lambda path: save(path / "a.tiff", Image.fromarray(STEPS.astype(np.float32))),
        LIGHT_ON_BLACK,
        "must have values in 0..65535 (whole numbers) or 0..1 (floats)",
    ),
    "NaN": (
        lambda path: save(path / "a.tiff", Image.new("F", (8, 8), float("nan"))),
        LIGHT_ON_BLACK,
        "must have values in 0..65535 (whole numbers) or 0..1 (floats)",
    ),
    "Lab": (
        lambda path: save(path / "a.tiff", Image.new("LAB", (8, 8))),
        LIGHT_ON_BLACK,
        "a.tiff cannot be read as an image",
    ),
    "unknown scale": (
        SAME["8 bits"],
        PixelFacts("float32", -0.8, 2.1, whole=False, border=-0.8),
        "in -0.8..2.1, and how they were made from pixels is not recorded",
    ),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_cannot_be_shown_to_the_network_is_refused(
    tmp_path: Path, told: Callable[..., str], kind: str
) -> None:
    make, pixels, says = REFUSED[kind]
    assert says in told(grey, make(tmp_path), pixels)


@pytest.mark.parametrize("shape", [(2, 8, 8), (64,), (4, 8, 8), (3, 1, 8, 8)])
def test_a_network_for_other_inputs_is_told(
    tmp_path: Path, told: Callable[..., str], shape: tuple[int, ...]
) -> None:
    path = SAME["8 bits"](tmp_path)
    assert "an image file gives [1, H, W] or [3, H, W]" in told(
        read_image, path, shape, LIGHT_ON_BLACK
    )


def splits(images: Tensor, **given: tuple[float, ...]) -> Splits:
    part = Examples(images, torch.zeros(len(images), dtype=torch.int64))
    return Splits(part, None, part, 2, **given)


TRAINED = torch.from_numpy(STEPS).expand(5, 1, 8, 8)
UNIT = TRAINED / 255


@pytest.mark.parametrize(
    ("images", "given"),
    [
        (TRAINED, {}),
        (UNIT, {}),
        (TRAINED.float(), {}),
        ((UNIT - 0.25) / 0.5, {"mean": MEAN, "std": STD}),
    ],
)
def test_a_file_becomes_what_the_network_was_trained_on(
    tmp_path: Path, images: Tensor, given: dict[str, tuple[float, ...]]
) -> None:
    path = SAME["8 bits"](tmp_path)
    pixels = PixelFacts.of(splits(images, **given))
    scaled = images[0] / 255 if images.dtype == torch.uint8 else images[0]

    assert torch.equal(grey(path, pixels), scaled)
    assert pixels.brightness == pytest.approx(124 / 255)  # the median of the four edges
    assert PixelFacts.from_dict(pixels.as_dict()) == pixels


@pytest.mark.parametrize("images", [UNIT - 0.5, UNIT * 3, UNIT / 255, TRAINED.float() * 2])
def test_an_unknown_scale_is_none(images: Tensor) -> None:
    assert PixelFacts.of(splits(images)).scale is None

"""Reads image files in the form of a network's training images, or refuses them."""

from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor

from dropout_study.data.pixels import PixelFacts
from dropout_study.errors import UserError

DARK, LIGHT = 0.25, 0.75
"""Brightness of the training images' border, up to and from which it counts as black or white."""
UNREADABLE = (OSError, ValueError, SyntaxError, Image.DecompressionBombError)


def read_image(path: Path, in_shape: tuple[int, ...], pixels: PixelFacts) -> Tensor:
    """Returns an image file as [C, H, W], in the form of the network's training images.

    It is rotated by its EXIF orientation. Colours become grey if the network takes one channel.
    16 bits and floats in [0, 1] keep their precision. Transparent parts get the colour of the
    training images' border. It is resized, scaled and normalised like the training images.

    Args:
        path: the file.
        in_shape: (C, H, W).
        pixels: the facts about the training images' pixels.

    Raises:
        UserError: there is no image at ``path``, or it cannot be converted for this network.
    """
    _check_network(in_shape, pixels)
    channels, height, width = in_shape
    try:
        image = _flat(path, _opened(path), pixels)
        deep = _deep(path, image)
        image = image.convert("L" if channels == 1 else "RGB") if deep is None else deep
    except UNREADABLE as error:
        told = " ".join(str(error).split())
        raise UserError(
            f"{path} cannot be read as an image: {told}; give the path of a PNG or JPEG file"
        ) from error
    if image.size != (width, height):
        image = image.resize((width, height), Image.Resampling.BILINEAR)
    values = torch.from_numpy(np.array(image, dtype=np.float32) / 255)
    unit = values.reshape(height, width, -1).permute(2, 0, 1).expand(channels, -1, -1)
    return pixels.as_trained(unit)


def _check_network(in_shape: tuple[int, ...], pixels: PixelFacts) -> None:
    if len(in_shape) != 3 or in_shape[0] not in (1, 3):
        raise UserError(
            f"the network takes inputs of shape {list(in_shape)}; an image file gives [1, H, W] "
            "or [3, H, W]"
        )
    if pixels.scale is None:
        raise UserError(
            f"the network was trained on images in {pixels.low:.4g}..{pixels.high:.4g}, and how "
            "they were made from pixels is not recorded; train with uint8 images, or give "
            "`mean` and `std` to make_splits"
        )


def _opened(path: Path) -> Image.Image:
    """Returns the image, read and rotated as in an image viewer."""
    with Image.open(path) as opened:
        frames = getattr(opened, "n_frames", 1)
        if frames > 1 and opened.format != "MPO":  # a camera's JPEG with a preview beside it
            raise UserError(f"{path} has {frames} frames or pages; save one of them as a file")
        opened.load()
        return ImageOps.exif_transpose(opened)


def _flat(path: Path, image: Image.Image, pixels: PixelFacts) -> Image.Image:
    """Returns the image without transparency."""
    if not image.has_transparency_data or image.mode.startswith("I"):
        return image
    coloured = image.convert("RGBA")
    if coloured.getchannel("A").getextrema() == (255, 255):
        return coloured.convert("RGB")
    if DARK < pixels.brightness < LIGHT:
        raise UserError(
            f"{path} has transparent parts, and the training images have neither a black nor a "
            "white border to show them as; save it without transparency"
        )
    paper = Image.new("RGBA", image.size, "black" if pixels.brightness <= DARK else "white")
    return Image.alpha_composite(paper, coloured).convert("RGB")


def _deep(path: Path, image: Image.Image) -> Image.Image | None:
    """Returns a grey image with more than 8 bits as floats in 0..255; None for 8 bits or less."""
    if image.mode.startswith("I"):
        values = np.array(image).astype(np.float32) / 65535
    elif image.mode == "F":
        values = np.array(image)
    else:
        return None
    if not (values.min() >= 0 and values.max() <= 1):
        raise UserError(
            f"{path} must have values in 0..65535 (whole numbers) or 0..1 (floats); "
            "save it with 8 or 16 bits"
        )
    return Image.fromarray(values * 255)

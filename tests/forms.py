"""The forms that people hold their data in; import it as a module of its own name."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset, Subset, TensorDataset

from dropout_study.data import Examples, Splits, make_splits

CLASSES = 4
COUNT = 24
PIXELS = torch.randint(
    0, 256, (COUNT, 1, 8, 8), dtype=torch.uint8, generator=torch.Generator().manual_seed(0)
)
LABELS = torch.arange(COUNT) % CLASSES
UNIT = PIXELS.to(torch.float32) / 255
BINARY = PIXELS > 127
TEST = Examples(PIXELS.flip(0), LABELS.flip(0))

Form = Callable[[], Any]


def fields(images: Any = PIXELS, labels: Any = LABELS) -> Form:
    """Examples that hold what no type checker would let through."""
    return lambda: Examples(images, labels)


class Items(Dataset[Any]):
    """A data set that gives one example at a time."""

    def __len__(self) -> int:
        return COUNT

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        return UNIT[index], int(LABELS[index])


def unaligned() -> np.ndarray:
    return PIXELS.numpy()[:, :, ::-1][:, :, ::-1]


def frozen() -> np.ndarray:
    array = PIXELS.numpy().copy()
    array.flags.writeable = False
    return array


def subset() -> Subset[Any]:
    twice = TensorDataset(torch.cat([PIXELS, PIXELS]), torch.cat([LABELS, LABELS]))
    return Subset(twice, range(COUNT))


ONE_HOT = nn.functional.one_hot(LABELS, CLASSES)

ACCEPTED = {  # the form, the images as the network gets them, what is said
    "uint8": (fields(), PIXELS, None),
    "uint8 array": (fields(PIXELS.numpy(), LABELS.numpy()), PIXELS, None),
    "array of negative strides": (fields(unaligned()), PIXELS, None),
    "array that cannot be written": (fields(frozen()), PIXELS, None),
    "not contiguous": (fields(PIXELS.transpose(2, 3).contiguous().mT), PIXELS, None),
    "list of tensors": (fields(list(PIXELS)), PIXELS, None),
    "list of arrays": (fields([image.numpy() for image in PIXELS]), PIXELS, None),
    "nested lists": (fields(PIXELS.tolist()), PIXELS, "int64 in 0..255 are taken as uint8"),
    "int64": (fields(PIXELS.long()), PIXELS, "int64 in 0..255 are taken as uint8"),
    "int16": (fields(PIXELS.short()), PIXELS, "int16 in 0..255 are taken as uint8"),
    "uint16 array": (fields(PIXELS.numpy().astype(np.uint16)), PIXELS, "uint16 in 0..255"),
    "big-endian array": (fields(PIXELS.numpy().astype(">i4")), PIXELS, "int32 in 0..255"),
    "bool": (fields(BINARY), BINARY.to(torch.uint8) * 255, "bool are taken as black and white"),
    "no channel": (fields(PIXELS[:, 0]), PIXELS, "[N, H, W] get a channel axis"),
    "no channel, array": (fields(PIXELS[:, 0].numpy()), PIXELS, "[N, H, W] get a channel axis"),
    "float32": (fields(UNIT), UNIT, None),
    "float32 array": (fields(UNIT.numpy()), UNIT, None),
    "float64 array": (
        fields(PIXELS.numpy() / 255),
        UNIT,
        "float64 are rounded to float32",
    ),
    "float16": (fields(BINARY.half()), BINARY.float(), "float16 are taken as float32"),
    "bfloat16": (fields(BINARY.bfloat16()), BINARY.float(), "bfloat16 are taken as float32"),
    "requires_grad": (fields(UNIT.clone().requires_grad_()), UNIT, None),
    "parameter": (fields(nn.Parameter(UNIT)), UNIT, None),
    "table of features": (fields(UNIT.flatten(1)), UNIT.flatten(1), None),
    "data frame": (
        fields(pd.DataFrame(UNIT.flatten(1).numpy()), pd.Series(LABELS.numpy())),
        UNIT.flatten(1),
        None,
    ),
    "labels list": (fields(labels=LABELS.tolist()), PIXELS, None),
    "labels list of tensors": (fields(labels=list(LABELS)), PIXELS, None),
    "labels int32": (fields(labels=LABELS.int()), PIXELS, "labels of int32 are taken as int64"),
    "labels uint8": (fields(labels=LABELS.byte()), PIXELS, "labels of uint8 are taken as int64"),
    "labels float": (fields(labels=LABELS.float()), PIXELS, "labels of float32 are taken as int64"),
    "labels column": (fields(labels=LABELS.unsqueeze(1)), PIXELS, "labels [N, 1] are taken as [N]"),
    "labels one-hot": (fields(labels=ONE_HOT), PIXELS, "one-hot and taken as class"),
    "labels one-hot float": (fields(labels=ONE_HOT.float()), PIXELS, "one-hot and taken as"),
    "labels one-hot bool": (fields(labels=ONE_HOT.bool()), PIXELS, "one-hot and taken as"),
    "labels data frame": (fields(labels=pd.DataFrame(LABELS.numpy())), PIXELS, "[N, 1]"),
    "TensorDataset": (lambda: TensorDataset(PIXELS, LABELS), PIXELS, None),
    "Subset": (subset, PIXELS, None),
}

REFUSED = {
    "uint16 beyond 255": (fields(PIXELS.numpy().astype(np.uint16) * 257), "0..255", "scaled to"),
    "negative": (fields(PIXELS.long() - 128), "whole numbers, which must be in 0..255", "-1"),
    "uint8 of 0 and 1": (fields(BINARY.byte()), "would be almost black", "use bool"),
    "int64 of 0 and 1": (fields(BINARY.long()), "got 0..1 of int64", "use bool or float32"),
    "NaN": (fields(UNIT.where(UNIT < 0.999, torch.nan)), "got NaN or infinity in", "replace"),
    "infinite": (fields(UNIT.where(UNIT < 0.999, torch.inf)), "first at index", "replace"),
    "too large for float32": (fields(PIXELS.double() * 1e300), "must be finite numbers", "replace"),
    "complex": (fields(UNIT.to(torch.complex64)), "dense tensor of real numbers", "to_dense"),
    "sparse": (fields(UNIT.to_sparse()), "dense tensor of real numbers", "use .to_dense()"),
    "meta": (fields(UNIT.to("meta")), "on the meta device, which holds no values", "load"),
    "masked array": (fields(np.ma.masked_less(UNIT.numpy(), 0.5)), "mask would be lost", "filled"),
    "channels last": (fields(PIXELS.expand(-1, 3, -1, -1).permute(0, 2, 3, 1)), "last", "permute"),
    "one axis": (fields(torch.rand(COUNT)), "must be [N, C, H, W] with at least one image", "[24]"),
    "no images": (fields(PIXELS[:0], LABELS[:0]), "at least one image, got [0, 1, 8, 8]", "train"),
    "no pixels": (fields(PIXELS[:, :, :0]), "got [24, 1, 0, 8]", "training images"),
    "images of two sizes": (
        fields([PIXELS[0], PIXELS[1, :, 1:]]),
        "must all have one shape, got (1, 8, 8) and (1, 7, 8)",
        "resize",
    ),
    "ragged lists": (fields([[1.0, 2.0], [3.0]]), "must all have one shape", "resize them"),
    "paths": (fields(["a.png", "b.png"]), "a list or a pandas object of numbers, got list", "<U5"),
    "no array": (fields(object()), "got object", "convert them to a tensor"),
    "None": (fields(None), "the training images must be a tensor", "got NoneType"),
    "Items": (Items, "must be Examples(images, labels) or a TensorDataset, got Items", "stack"),
    "TensorDataset of one": (lambda: TensorDataset(PIXELS), "got TensorDataset", "two tensors"),
    "DataLoader": (lambda: DataLoader(Items()), "got a DataLoader, which makes minibatches", "its"),
    "a tuple": (lambda: (PIXELS, LABELS), "must be Examples(images, labels)", "got tuple"),
    "fewer labels": (fields(labels=LABELS[:-1]), "one label for each image", "24 training images"),
    "1..K": (fields(labels=LABELS + 1), "must be in [0, 4), got 1..4", "number the classes from 0"),
    "labels negative": (fields(labels=LABELS - 1), "labels must be in [0, 4), got -1..2", "from 0"),
    "labels with gaps": (
        fields(labels=LABELS * 10),
        "must be in [0, 4), got 0..30",
        "the number of classes",
    ),
    "labels of fractions": (fields(labels=LABELS + 0.5), "must be whole numbers", "got fractions"),
    "labels NaN": (fields(labels=LABELS.float().log().log()), "got fractions or NaN", "labels"),
    "labels soft": (fields(labels=ONE_HOT * 0.9), "[N], or one-hot [N, 4], got [24, 4]", "labels"),
    "labels of two classes": (fields(labels=ONE_HOT.clamp(min=1)), "or one-hot [N, 4]", "labels"),
    "labels one-hot of fewer": (fields(labels=ONE_HOT[:, :3]), "got [24, 3]", "one-hot [N, 4]"),
    "labels per pixel": (fields(labels=PIXELS[:, 0]), "must be one whole number", "[24, 8, 8]"),
    "labels as text": (fields(labels=["cat"] * COUNT), "training labels must be", "np.unique"),
    "labels None": (fields(labels=None), "training labels must be a tensor", "got NoneType"),
}


def form_data(form: str = "uint8") -> Splits:
    """Returns data of a form by its name, as a user's configuration asks for it."""
    make, *_ = {**ACCEPTED, **REFUSED}[form]
    return make_splits(make(), make(), classes=CLASSES, val_size=8)

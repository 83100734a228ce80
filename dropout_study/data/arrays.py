"""Conversion of tensors, NumPy arrays, lists and pandas objects into one tensor."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from dropout_study.errors import UserError

HOLDERS = "a tensor, a NumPy array, a list or a pandas object of numbers"


def as_tensor(what: str, given: Any) -> Tensor:
    """Returns ``given`` as a plain, dense tensor without gradient. The values do not change.

    Args:
        what: the name used in an error, for example "training images".
        given: the numbers.

    Raises:
        UserError: ``given`` is not an array of numbers.
    """
    if isinstance(given, list | tuple) and given and all(isinstance(x, Tensor) for x in given):
        given = _stacked(what, given)
    if not isinstance(given, Tensor):
        return _from_numpy(what, given)
    if given.layout != torch.strided or given.is_quantized or given.is_complex():
        raise UserError(f"the {what} must be a dense tensor of real numbers; use .to_dense()")
    if given.device.type == "meta":
        raise UserError(f"the {what} are on the meta device, which holds no values; load them")
    return given.detach().as_subclass(Tensor)


def _stacked(what: str, items: "list[Tensor] | tuple[Tensor, ...]") -> Tensor:
    shapes = list(dict.fromkeys(tuple(item.shape) for item in items))
    if len(shapes) > 1:
        raise UserError(
            f"the {what} must all have one shape, got {shapes[0]} and {shapes[1]}; resize them"
        )
    return torch.stack(list(items))


def _from_numpy(what: str, given: Any) -> Tensor:
    rule = f"the {what} must be {HOLDERS}, got {type(given).__name__}"
    if isinstance(given, np.ma.MaskedArray):
        raise UserError(f"{rule}, whose mask would be lost; replace it with .filled(value)")
    if not isinstance(given, list | tuple) and not hasattr(given, "__array__"):
        raise UserError(f"{rule}; convert them to a tensor")
    try:
        array = np.asarray(given)
    except ValueError as error:  # rows of different lengths
        raise UserError(f"the {what} must all have one shape; resize them") from error
    if array.dtype.kind in "USO":
        raise UserError(
            f"{rule} of {array.dtype}; number classes from 0, for example with "
            "np.unique(labels, return_inverse=True)[1]"
        )
    try:
        native = array.astype(array.dtype.newbyteorder("="), order="C", copy=False)
        return torch.from_numpy(native if native.flags.writeable else native.copy())
    except TypeError as error:
        raise UserError(f"{rule} of {array.dtype}; use float32 or uint8") from error

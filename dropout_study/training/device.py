"""The device that trains."""

import torch

from dropout_study.errors import UserError


def resolve_device(name: str) -> torch.device:
    """Returns the device called ``name``; "auto" is the first available of cuda, mps, cpu.

    Raises:
        UserError: this machine or this build of PyTorch has no such device.
    """
    available = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if name == "auto":
        return torch.device(next((kind for kind, there in available.items() if there), "cpu"))
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise _no_device(name, "is no device's name") from error
    if not available.get(device.type, device.type == "cpu"):
        raise _no_device(name, "is not available on this machine")
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise _no_device(name, f"does not exist: there are {torch.cuda.device_count()}")
    return device


def allow_tf32(allowed: bool) -> None:
    """Sets whether CUDA may round the inputs of float32 products and convolutions to TF32.

    This holds for the whole process. It does not change other devices.
    """
    torch.set_float32_matmul_precision("high" if allowed else "highest")
    torch.backends.cudnn.allow_tf32 = allowed


def autocast(device: torch.device, bfloat16: bool) -> torch.autocast:
    """Returns the context of a forward pass.

    Enter a new one after every update: within one, torch keeps its first copies of the weights.
    """
    return torch.autocast(device.type, torch.bfloat16, enabled=bfloat16)


def _no_device(name: str, what: str) -> UserError:
    return UserError(f"`trainer.device={name}` {what}; use `trainer.device=auto` or `cpu`")

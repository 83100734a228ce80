"""The global generators of torch, numpy and Python, which a user's model may draw from."""

import pickle
import random
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import numpy as np
import torch


def seed_generators(key: int) -> None:
    """Seeds all these generators with a ``draw_key``."""
    # torch.manual_seed does the same, but looks for every kind of device: 0.13 ms an iteration.
    torch.default_generator.manual_seed(key)
    if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        torch.cuda.manual_seed_all(key)
    if _has_mps():
        torch.mps.manual_seed(key)
    np.random.seed(key % 2**32)
    random.seed(key)


@cache
def _has_mps() -> bool:
    return torch.backends.mps.is_available()


@contextmanager
def kept_generators(device: torch.device) -> Iterator[None]:
    """Restores the generators afterwards: torch's on the CPU and ``device``, numpy's, Python's."""
    python, numpy = random.getstate(), np.random.get_state()
    try:
        with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
            yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)


def generator_states(device: torch.device) -> list[object]:
    """Returns the generators' states; two results are equal if nothing was drawn in between."""
    states: list[object] = [random.getstate(), pickle.dumps(np.random.get_state())]
    states.append(torch.get_rng_state().numpy().tobytes())
    if device.type == "cuda":
        states.append(torch.cuda.get_rng_state(device).numpy().tobytes())
    return states

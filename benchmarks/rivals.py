"""Other ways to train many trials on one device: vmap, and several processes."""

import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager

import torch

from dropout_study.data import Splits
from dropout_study.training import train_single
from dropout_study.training.population import Member, Plan, train_population

MakeMembers = Callable[[int, torch.device], list[Member]]

_splits: Splits


def train_vmapped(members: list[Member], splits: Splits) -> None:
    """Trains all members as one stack by ``torch.func.vmap``, on any device."""
    train_population(members, splits, plan=Plan(by_hand=False))


def _receive(splits: Splits, tf32: bool) -> None:
    global _splits
    torch.set_num_threads(1)
    torch.set_float32_matmul_precision("high" if tf32 else "highest")
    _splits = splits


def _train_some(make: MakeMembers, count: int, device: torch.device) -> None:
    on_device = _splits.to(device)
    for member in make(count, device):
        train_single(member.model, member.optimizer, on_device, member.settings)
    if device.type == "cuda":
        torch.cuda.synchronize(device)


@contextmanager
def processes(
    count: int, splits: Splits, tf32: bool
) -> Iterator[Callable[[MakeMembers, int, torch.device], None]]:
    """Yields a function that trains trials in ``count`` processes, each one trial after the other.

    The processes stay alive between calls, so only training is timed and not the start-up.

    Args:
        count: number of processes that share the device.
        splits: the data; each process gets a copy.
        tf32: whether float32 products may be rounded.
    """
    with ProcessPoolExecutor(
        count,
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_receive,
        initargs=(splits.to(torch.device("cpu")), tf32),
    ) as pool:

        def train(make: MakeMembers, trials: int, device: torch.device) -> None:
            each = -(-trials // count)
            list(pool.map(_train_some, [make] * count, [each] * count, [device] * count))

        yield train

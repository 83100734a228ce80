"""Calls a function for several items, in as many processes as there are cores."""

import multiprocessing
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import TypeVar

from dropout_study.sweeper.settings import cores

T = TypeVar("T")
R = TypeVar("R")


def forked_map(function: Callable[[T], R], items: Sequence[T]) -> list[R]:
    """Returns ``function(item)`` for each item; only the results are sent between processes.

    Calls one after the other if torch is loaded, since a process with its threads cannot be forked,
    or where the system has no ``fork``.

    Raises:
        Exception: what ``function`` raises.
    """
    count = min(cores(), len(items))
    if count < 2 or "torch" in sys.modules or "fork" not in multiprocessing.get_all_start_methods():
        return [function(item) for item in items]
    context = multiprocessing.get_context("fork")
    shares = [items[start::count] for start in range(count)]
    channels: list[Connection] = []
    for share in shares[1:]:
        ours, theirs = context.Pipe(duplex=False)
        context.Process(target=_send_results, args=(theirs, function, share)).start()
        theirs.close()
        channels.append(ours)
    results = [[function(item) for item in shares[0]]]
    for share, channel in zip(shares[1:], channels, strict=True):
        results.append(_results_of(channel, function, share))
    return [results[place % count][place // count] for place in range(len(items))]


def _send_results(channel: Connection, function: Callable[[T], R], items: Sequence[T]) -> None:
    with suppress(Exception):  # it is raised again where it is told
        channel.send([function(item) for item in items])


def _results_of(channel: Connection, function: Callable[[T], R], items: Sequence[T]) -> list[R]:
    """Receives the results; calls here if the process has failed, so that its error is raised."""
    try:
        results: list[R] = channel.recv()
    except EOFError:
        return [function(item) for item in items]
    return results

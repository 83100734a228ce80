"""The contract of a schedule."""

from collections.abc import Callable

Schedule = Callable[[float, int, int], float]
"""Maps a layer's own rate, the epoch (from 1) and the number of epochs to the rate of the epoch."""

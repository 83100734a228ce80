"""How many members fit into the device's memory, measured on one minibatch."""

from collections.abc import Callable

import torch

SHARE = 0.85
"""Share of the free memory that a population may use; the rest is for fragmentation."""


def members_that_fit(run: Callable[[int], None], device: torch.device) -> int:
    """Returns how many members can be trained at once on ``device``.

    Args:
        run: trains a minibatch with the given number of members, and frees its memory.
        device: the device; only CUDA's memory is measured, other devices count as unlimited.
    """
    if device.type != "cuda":
        return 2**31
    one, two = (_peak_bytes(run, count, device) for count in (1, 2))
    free, _ = torch.cuda.mem_get_info(device)
    reserved = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    return count_that_fits(one, two, free + reserved)


def count_that_fits(one: int, two: int, free: int) -> int:
    """Returns the number of members for ``free`` bytes.

    Args:
        one: peak bytes of a minibatch of one member.
        two: the same for two members; the difference is the cost of each further member.
        free: free bytes.
    """
    each = max(two - one, 1)
    shared = max(one - each, 0)
    return max(1, int((SHARE * free - shared) // each))


def _peak_bytes(run: Callable[[int], None], count: int, device: torch.device) -> int:
    torch.cuda.synchronize(device)
    torch.cuda.reset_peak_memory_stats(device)
    before = torch.cuda.memory_allocated(device)
    run(count)
    torch.cuda.synchronize(device)
    return torch.cuda.max_memory_allocated(device) - before

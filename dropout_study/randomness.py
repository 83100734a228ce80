"""Common random numbers: every draw is a function of (seed, purpose, epoch, iteration, layer)."""

import hashlib


def draw_key(seed: int, purpose: str, *position: int) -> int:
    """Returns the 63-bit seed of one draw.

    Args:
        seed: the trial's seed; 0 is a seed like any other.
        purpose: what is drawn: "init", "order", "noise", "split", ...
        position: epoch, iteration and layer, as far as the draw depends on them.
    """
    text = ",".join([str(seed), purpose, *map(str, position)])
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big") >> 1

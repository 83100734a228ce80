"""How many members a population should have when the user does not say."""

import torch

from dropout_study.training.population.member import Member
from dropout_study.training.population.plan import CPU_STACK

ACCELERATOR_PLACES = 256
"""Members that keep a large accelerator busy with networks of the book's size."""

COPIES = 6
"""Of a member's parameters at most: its own, the stack's, gradients, optimizer state twice."""


def places_for(member: Member, device: torch.device) -> int:
    """Returns how many members to train at once (docs/performance.md).

    On a CPU a full stack for every thread: more members at once would not be done sooner, and a
    search that asks for fewer trials at a time knows more when it asks. On an accelerator as many
    as keep it busy, or as half of its free memory holds: a stack that is still too large is cut.

    Args:
        member: one of them, its model already on the device.
        device: where they train.
    """
    if device.type == "cpu":
        return torch.get_num_threads() * CPU_STACK
    if device.type != "cuda":
        return ACCELERATOR_PLACES
    free, _ = torch.cuda.mem_get_info(device)
    tensors = [*member.model.parameters(), *member.model.buffers()]
    each = COPIES * sum(tensor.nbytes for tensor in tensors)
    return max(1, min(ACCELERATOR_PLACES, free // 2 // max(each, 1)))

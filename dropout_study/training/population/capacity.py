"""How many members to train at once if the user does not say."""

import torch

from dropout_study.training.population.member import Member
from dropout_study.training.population.plan import CPU_STACK

ACCELERATOR_CAPACITY = 256
"""Number of members that keeps a large accelerator busy with networks of the book's size."""

COPIES = 6
"""Most copies of a member's parameters: its own, the stack's, gradients, optimizer state twice."""


def capacity_for(member: Member, device: torch.device) -> int:
    """Returns how many members to train at once (docs/performance.md).

    On a CPU: a full stack for every thread. More members would not be faster, and a search that
    asks for fewer trials at a time knows more results when it asks. On an accelerator: as many as
    keep it busy, but no more than half of its free memory holds. (A stack that is still too large
    is split.)

    Args:
        member: one of the members, its model already on the device.
        device: the device that trains them.
    """
    if device.type == "cpu":
        return torch.get_num_threads() * CPU_STACK
    if device.type != "cuda":
        return ACCELERATOR_CAPACITY
    free, _ = torch.cuda.mem_get_info(device)
    tensors = [*member.model.parameters(), *member.model.buffers()]
    each = COPIES * sum(tensor.nbytes for tensor in tensors)
    return max(1, min(ACCELERATOR_CAPACITY, free // 2 // max(each, 1)))

"""Populations: many trials trained together, each with the learning curve of a single training.

An epoch: ``engine`` keeps the members' states; ``plan`` divides them into buckets; ``executor``
runs the buckets on threads. A bucket is one module (``bucket``) or a stack of members (``stack``).
A stack's gradients come from ``networks`` (for dense networks from ``dense``), its updates from
``optimizers``. Members at the same epoch of the same seed read the same ``stream``.
"""

from dropout_study.training.population.capacity import capacity_for
from dropout_study.training.population.engine import train_population
from dropout_study.training.population.member import (
    Member,
    MemberId,
    MemberResult,
    OnEpochs,
    OnLeave,
    Refill,
)
from dropout_study.training.population.plan import Plan, plan_for

__all__ = [
    "Member",
    "MemberId",
    "MemberResult",
    "OnEpochs",
    "OnLeave",
    "Plan",
    "Refill",
    "capacity_for",
    "plan_for",
    "train_population",
]

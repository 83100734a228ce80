"""Populations: many trials trained as one, each with the curve it would have alone.

The way of an epoch: ``engine`` keeps the members' states; ``plan`` cuts them into buckets;
``executor`` runs the buckets on threads; a bucket is one module (``bucket``) or a stack of members
(``stack``) whose gradients come from ``networks`` or, for dense networks, from ``dense``, and whose
updates come from ``optimizers``. Members at the same epoch of the same seed read one ``stream``.
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

"""``hydra/launcher=population``: Hydra jobs that are trained together, as members of populations.

A task names its population form (``form``); the launcher composes each job's configuration
(``compose``), begins and ends it as Hydra's ``run_job`` does (``job``), and trains those that share
their data as one population whose free places it keeps filled (``launch``). Nothing here imports
torch before a job begins.
"""

from dropout_study.launch.form import (
    MemberTask,
    PopulationForm,
    form_of,
    has_form,
    population_form,
)

__all__ = ["MemberTask", "PopulationForm", "form_of", "has_form", "population_form"]

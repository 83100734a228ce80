"""``hydra/launcher=population``: trains Hydra jobs together, as members of a population.

A task names its population form (``form``). The launcher composes each job's configuration
(``launch``), and begins and ends it as Hydra's ``run_job`` does (``job``). Jobs that share their
data are trained as one population; when a member leaves, the next job joins (``population``).
Nothing here imports torch before a job begins.
"""

from dropout_study.launch.form import (
    MemberTask,
    PopulationForm,
    form_of,
    has_form,
    population_form,
)

__all__ = ["MemberTask", "PopulationForm", "form_of", "has_form", "population_form"]

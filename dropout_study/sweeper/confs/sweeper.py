"""The configuration of ``hydra/sweeper=optuna_study``; the comment at each field describes it."""

from dataclasses import dataclass
from typing import Any

from omegaconf import MISSING, DictConfig, read_write

from dropout_study.config.compose import as_given
from dropout_study.search.storage.urls import hide_password
from dropout_study.sweeper.confs.pruners import register_pruners
from dropout_study.sweeper.confs.samplers import register_samplers
from dropout_study.sweeper.confs.store import store

BASE = "optuna_study_base"
GROUPS = [{"sampler": "optuna_study_tpe"}, {"pruner": None}]


@dataclass
class OptunaStudyConf:
    """The settings of ``hydra/sweeper=optuna_study``, without its two groups.

    An application with its own settings extends ``optuna_study`` in
    ``conf/hydra/sweeper/NAME.yaml``::

        defaults:
          - optuna_study
          - _self_
        n_trials: 50

    Null means an empty list or mapping, where a field is a list or a mapping.

    If such a file also sets a pruner, and ``hydra/sweeper/pruner=NAME`` must be able to replace it,
    its defaults list puts the groups after ``_self_``, as this project's
    ``conf/hydra/sweeper/dropout_study.yaml`` does.
    """

    _target_: str = "hydra_plugins.dropout_study.optuna_study_sweeper.OptunaStudySweeper"
    _recursive_: bool = False
    sampler: Any = MISSING  # an Optuna sampler by _target_; group hydra/sweeper/sampler
    pruner: Any = None  # an Optuna pruner by _target_, null for none; group hydra/sweeper/pruner
    direction: Any = "minimize"  # minimize or maximize the objective; a list for several
    # storage URL: sqlite:///FILE, postgresql+psycopg://..., mysql+pymysql://..., grpc://HOST:PORT,
    # journal://FILE; null: journal.log in the study's directory
    storage: str | None = None
    # seconds to wait for a storage's server that does not answer, at the start and at any time
    storage_timeout: float = 300
    # whether tables, curves and configurations of trials reach the other processes through the
    # storage, for processes that have no common disk; null: if the storage is a server
    share_files: bool | None = None
    # name of the study; sweeping again under the same name resumes it; null: its directory's name
    study_name: str | None = None
    n_trials: int = 20  # finished trials of the whole study, resumed ones included
    # steps (epochs) of all trials together, resumed ones included; the study then ends, also before
    # its last trial, and running trials are pruned after their step; null: no limit
    budget: int | None = None
    # trials at a time: worker processes (auto: one a core, or one for each of `gpus`), or jobs a
    # wave of another launcher; 0: one after the other in this process, for a debugger
    n_jobs: Any = "auto"
    # GPUs of the worker processes, of which each sees one: auto (all that this process sees), their
    # number, or a list of indices, as [0,1]; null: each sees all of them
    gpus: Any = None
    max_failure_rate: float = 0.0  # share of n_trials; more failed trials end the sweep with exit 1
    # searched parameters: dotted key -> choice(...), range(...), interval(...), tag(log, ...), or
    # {distribution: ..., when: {KEY: VALUE}} for one that is searched only under a condition;
    # NAME: {zip: [{KEY: VALUE, ...}, ...]} for keys that vary together
    params: dict[str, Any] | None = None
    # a whole study as a list of points, {KEY: VALUE, ...}: each is run once, in order; nothing else
    # is searched or enqueued then
    points: list[Any] | None = None
    # dotted path of a function (config, trial) that suggests further parameters
    custom_search_space: str | None = None
    # entry of a returned dict that is optimised, a list for several; other entries become columns
    objective: Any = "value"
    # points that are run first, each once: dotted key -> value
    enqueue: list[Any] | None = None
    # directories of earlier studies; the sampler (tpe, gp, cmaes) learns from their complete
    # trials, which are no trials of this study
    warm_start: list[Any] | None = None
    # a trial with the same parameters as a finished one: run it, or reuse the result
    duplicates: str = "run"
    replicates: int = 1  # jobs a trial, each with another seed; the objective is their mean
    # key of the task's seed, which replicates need: replicate i has its value + i
    seed_key: str | None = None
    timeout: float | None = None  # seconds of the sweep; running trials then stop, resumable
    trial_timeout: float | None = None  # seconds a trial in a worker; a longer one fails
    max_retries: int = 1  # how often a trial whose process was killed is started again
    # a search space that differs from the study's: refuse, or extend (numeric ranges only)
    on_change: str = "refuse"
    # keys that may differ when a study is resumed: they do not change a trial's result
    may_change: list[str] | None = None
    # bounds on what a task returns, as in 'seconds <= 30': samplers avoid trials that violate them
    constraints: list[str] | None = None
    callbacks: list[Any] | None = None  # Optuna callbacks by _target_
    # when no trial is left to begin: wait for those of other processes, and take over those of dead
    # ones, so that each process ends with the whole study
    wait_for_others: bool = True
    dry_run: bool = False  # print the space, the first points and the cost; write nothing


def register_sweeper() -> None:
    """Makes the sweeper, its samplers and its pruners known to Hydra."""
    store("hydra/sweeper", BASE, OptunaStudyConf)
    store("hydra/sweeper", "optuna_study", {"defaults": [BASE, "_self_", *GROUPS]})
    register_samplers()
    register_pruners()


def hide_storage_password(config: DictConfig) -> None:
    """Masks the password of the storage's URL wherever Hydra would save or log it."""
    overrides = as_given(config.hydra.overrides.hydra)
    masked = [hide_password(each) if "storage=" in each else each for each in overrides]
    with read_write(config.hydra):
        config.hydra.overrides.hydra = masked
        given = config.hydra.sweeper._get_node("storage")
        if given is not None and not given._is_interpolation() and isinstance(given._value(), str):
            config.hydra.sweeper.storage = hide_password(config.hydra.sweeper.storage)

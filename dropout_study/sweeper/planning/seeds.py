"""The seeds of a trial's replicates."""

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from dropout_study.config.explain import explain
from dropout_study.config.keys import normal_key
from dropout_study.errors import UserError, argument_error, did_you_mean
from dropout_study.sweeper.planning.plan import SweepPlan, config_keys
from dropout_study.sweeper.settings import SweepSettings


def base_seed(
    settings: SweepSettings, plan: SweepPlan, config: DictConfig, *, walks: bool = False
) -> int:
    """Returns the seed of replicate 0: the value of ``seed_key``, or 0 if ``seed_key`` is null.

    Args:
        settings: the sweeper's settings.
        plan: the plan of the sweep.
        config: the configuration that the trials share.
        walks: whether the sampler tries every combination.

    Raises:
        UserError: the seed is searched, or there are replicates and ``seed_key`` is not the key of
            a whole number.
    """
    key, count = normal_key(settings.seed_key or ""), settings.replicates
    if count == 1:
        if key in plan.parameters and not walks:
            raise UserError(
                f"`{key}` is searched, but no seed is better than another; to train each trial "
                "with several seeds, use hydra.sweeper.replicates=3 (or hydra/sweeper/sampler=grid "
                "to try every combination)"
            )
        return 0
    if not key:
        raise UserError(
            f"hydra.sweeper.replicates={count} needs the key of the task's seed: give "
            "hydra.sweeper.seed_key=KEY; replicate i has the value of KEY + i"
        )
    if key in plan.owners:
        raise UserError(
            f"`{key}` is searched and is hydra.sweeper.seed_key as well; search it without "
            "replicates, or give it one value"
        )
    if key not in (known := config_keys(config)):
        near = did_you_mean(key, known)
        raise UserError(f"hydra.sweeper.seed_key={key} is no key of the configuration{near}")
    try:
        seed = OmegaConf.select(config, key, throw_on_missing=True)
    except OmegaConfBaseException as error:
        raise UserError(f"hydra.sweeper.seed_key={key}: {explain(error)}") from error
    if seed is None:
        return 0
    if isinstance(seed, bool) or not isinstance(seed, int):
        raise argument_error(key, seed, f"must be a whole number for {count} replicates")
    return seed

"""Types and ranges of the keys of the group ``noise``."""

from dataclasses import dataclass

from omegaconf import MISSING

from dropout_study.checks import check_one_of
from dropout_study.config.ranges import at_least, checked, positive


@dataclass
class NoiseConf:
    """What every noise layer of this package takes; its rate comes from the model."""

    _target_: str = MISSING
    _partial_: bool = True


@dataclass
class DropConnectConf(NoiseConf):
    """Of ``noise=dropconnect``."""

    per_example: bool = False
    inference: str = checked(check_one_of, options=("moments", "weights"))


@dataclass
class DropBlockConf(NoiseConf):
    """Of ``noise=dropblock``; the upper bound is known once the model is."""

    block_size: int = at_least(low=1)


@dataclass
class StandoutConf(NoiseConf):
    """Of ``noise=standout``."""

    alpha: float = at_least(low=0)


@dataclass
class ConcreteConf(NoiseConf):
    """Of ``noise=concrete``."""

    temperature: float = positive()
    length_scale: float = at_least(low=0)


NOISE: dict[str, type] = {
    "dropout_study.noise.AlphaDropout": NoiseConf,
    "dropout_study.noise.ConcreteDropout": ConcreteConf,
    "dropout_study.noise.DropBlock": DropBlockConf,
    "dropout_study.noise.DropConnect": DropConnectConf,
    "dropout_study.noise.GaussianNoise": NoiseConf,
    "dropout_study.noise.NoNoise": NoiseConf,
    "dropout_study.noise.SpatialDropout": NoiseConf,
    "dropout_study.noise.Standout": StandoutConf,
    "dropout_study.noise.ThreeValuedNoise": NoiseConf,
    "dropout_study.noise.UniformNoise": NoiseConf,
    "torch.nn.Dropout": NoiseConf,
}

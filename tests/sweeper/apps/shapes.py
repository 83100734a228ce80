"""An application that writes down what it was given: its configuration, resolved, as JSON."""

import json
from dataclasses import dataclass
from pathlib import Path

import hydra
from hydra.core.config_store import ConfigStore
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf


@dataclass
class Typed:
    count: int = 1


ConfigStore.instance().store("typed_schema", {"typed": Typed})


@hydra.main(version_base="1.3", config_path="shapes", config_name="config")
def app(config: DictConfig) -> float:
    given = OmegaConf.to_container(config, resolve=True)
    hydra_config = HydraConfig.get()
    shown = {"given": given, "number": hydra_config.job.num, "subdir": hydra_config.sweep.subdir}
    (Path(hydra_config.runtime.output_dir) / "seen.json").write_text(json.dumps(shown))
    return 1.0


if __name__ == "__main__":
    app()

"""A task of two processes, as Lightning's DDP: the first starts the command line once more."""

import os
import subprocess
import sys
from pathlib import Path

import hydra
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from dropout_study import current_trial


@hydra.main(version_base="1.3", config_path=None)
def app(config: DictConfig) -> float:
    rank = int(os.environ.get("LOCAL_RANK", "0"))
    trial = current_trial()
    trial.report(config.x, 1)
    note = Path(HydraConfig.get().runtime.output_dir) / f"rank_{rank}.txt"
    note.write_text(f"{trial.number} {config.x}")
    if rank == 0:
        subprocess.run(
            [sys.executable, *sys.argv], check=True, env={**os.environ, "LOCAL_RANK": "1"}
        )
    elif config.get("fails"):
        raise ValueError("the second rank's mistake")
    if config.get("leaves"):
        sleeper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        Path(config.leaves, f"{trial.number}.{rank}").write_text(str(sleeper.pid))
        if config.get("hangs"):
            sleeper.wait()
    return config.x


if __name__ == "__main__":
    app()

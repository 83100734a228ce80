"""A Hydra application without torch that keeps its state: it notes each epoch and its process."""

import json
import os
import time
from pathlib import Path

import hydra
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from dropout_study import current_trial


@hydra.main(version_base="1.3", config_path=None)
def app(config: DictConfig) -> dict[str, float]:
    trial = current_trial()
    kept = trial.checkpoint_dir() / "state.json"
    job_dir = Path(HydraConfig.get().runtime.output_dir)
    (job_dir / "pid").write_text(str(os.getpid()))
    (job_dir / "gpu").write_text(os.environ.get("CUDA_VISIBLE_DEVICES", ""))
    trained = job_dir / "trained"
    epoch = json.loads(kept.read_text()) if kept.exists() else 0
    while epoch < config.epochs:
        time.sleep(config.epoch_s)  # the work
        epoch += 1
        with trained.open("a") as stream:
            stream.write(f"{epoch}\n")
        kept.with_suffix(".new").write_text(json.dumps(epoch))
        kept.with_suffix(".new").replace(kept)
        trial.report(config.x * epoch, epoch)
        trial.should_prune()
    return {"value": config.x, "epochs_run": epoch}


if __name__ == "__main__":
    app()

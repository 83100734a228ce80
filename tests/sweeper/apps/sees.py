"""An application whose task returns the GPUs that its process sees, and whether torch is there."""

import os
import sys

import hydra
from omegaconf import DictConfig


@hydra.main(version_base="1.3", config_path=None)
def app(config: DictConfig) -> dict[str, object]:
    sees = os.environ.get("CUDA_VISIBLE_DEVICES", "all")
    return {"value": config.x, "sees": f"[{sees}]", "torch": int("torch" in sys.modules)}


if __name__ == "__main__":
    app()

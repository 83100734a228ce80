"""A Hydra application of somebody else's: its task takes milliseconds, or meets a bad end."""

import os
import signal
import sys
import time
from typing import Any

import hydra
from omegaconf import DictConfig

from dropout_study import TrialPruned, current_trial


@hydra.main(config_path=".", config_name="app", version_base="1.3")
def task(config: DictConfig) -> Any:
    trial = current_trial()
    print(f"trial {trial.number} prints")
    meet(config.fate)
    value = 0.0
    for epoch in range(1, config.epochs + 1):
        time.sleep(config.epoch_s)  # the work
        value = config.x * epoch
        trial.report(value, epoch)
        if trial.should_prune():
            raise TrialPruned({"value": value, "epochs_run": epoch})
    returned: dict[str, Any] = {"nan": float("nan"), "none": None, "text": "good"}
    returned["unpicklable"] = {"value": value, "made": lambda: value}
    usual = {"value": value, "epochs_run": config.epochs, "said": config.word}
    return returned.get(config.fate, usual)


def meet(fate: str) -> None:
    if fate == "raise":
        raise ValueError("the task's own mistake")
    if fate == "exit":
        sys.exit("the task has had enough")
    if fate == "os_exit":
        os._exit(7)
    if fate == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if fate == "hang":
        signal.pause()
    if fate == "negative_step":
        current_trial().report(0.5, -1)


if __name__ == "__main__":
    task()

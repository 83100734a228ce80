"""Weights that are saved are loaded again, also those that several layers share."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file, save_model
from torch import nn
from zoo import Tied

from dropout_study.errors import UserError
from dropout_study.paths import JobPaths
from dropout_study.task.checkpoint import CheckpointFile, load_checkpoint


def twice() -> nn.Module:
    shared = nn.Linear(4, 4)
    return nn.Sequential(shared, nn.ReLU(), shared)


@pytest.mark.parametrize("make", [Tied, twice], ids=["a transposed matrix", "a layer twice"])
def test_shared_weights_are_the_same_again(make, tmp_path: Path) -> None:
    saved, loaded, paths = make(), make(), JobPaths(tmp_path)

    CheckpointFile(paths, saved, "last")({"epoch": 3, "val_accuracy": 0.5})
    assert load_checkpoint(paths, loaded) == 3
    for name, weight in saved.state_dict().items():
        assert torch.equal(weight, loaded.state_dict()[name]), name


def test_a_file_that_has_a_shared_weight_once_is_read(tmp_path: Path) -> None:
    saved, loaded, paths = twice(), twice(), JobPaths(tmp_path)
    save_model(saved, str(paths.checkpoint))

    load_checkpoint(paths, loaded)

    assert torch.equal(saved[0].weight, loaded[2].weight)


def test_an_epoch_that_is_no_number_is_damage(tmp_path: Path) -> None:
    model, paths = twice(), JobPaths(tmp_path)
    save_file(
        {name: t.clone() for name, t in model.state_dict().items()},
        paths.checkpoint,
        metadata={"epoch": "last"},
    )

    with pytest.raises(UserError, match="is damaged: its epoch is 'last'"):
        load_checkpoint(paths, model)

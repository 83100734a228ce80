"""Test images saved as files give the predictions that training has recorded, however scaled."""

from pathlib import Path

import pytest
import torch
from omegaconf import OmegaConf
from PIL import Image

from dropout_study.data import Examples, Splits, make_splits, synthetic
from dropout_study.errors import UserError
from dropout_study.paths import JobPaths, conf_dir
from dropout_study.task.predict import predict
from dropout_study.task.trial import open_trial
from dropout_study.training.images import scaled
from dropout_study.training.predict import probabilities

NAMES = [f"class {letter}" for letter in "abcdefghij"]
PLAIN = synthetic(contrast=0.6)

pytestmark = pytest.mark.usefixtures("trusted")


def own_data(form: str) -> Splits:
    """The made-up images as a user may have scaled them."""

    def part(examples: Examples) -> Examples:
        unit = examples.images / 255
        images = {
            "uint8": examples.images,
            "no channel": examples.images[:, 0],
            "unit": unit,
            "float64": examples.images.double() / 255,
            "255": examples.images.float(),
            "normalised": (unit - 0.5) / 0.25,
            "declared": (unit - 0.5) / 0.25,
        }[form]
        return Examples(images, examples.labels)

    declared = {"mean": [0.5], "std": [0.25]} if form == "declared" else {}
    return make_splits(
        part(PLAIN.train), part(PLAIN.test), classes=10, val_size=64, class_names=NAMES, **declared
    )


def trained(root: Path, form: str) -> tuple[list[Path], torch.Tensor]:
    """Trains on ``form``; returns test images as files and the probabilities the network gave."""
    groups = {"model": "linear", "optimizer": "adam", "trainer": "default"}
    config = OmegaConf.merge(
        {g: OmegaConf.load(conf_dir() / g / f"{name}.yaml") for g, name in groups.items()},
        {"data": {"_target_": f"{__name__}.own_data", "form": form}},
        {"trainer": {"epochs": 2, "batch_size": 32, "device": "cpu", "checkpoint": "last"}},
    )
    JobPaths(root).config_yaml.parent.mkdir(parents=True)
    OmegaConf.save(config, JobPaths(root).config_yaml)
    with open_trial(config, root) as trial:
        trial.train()
    files = [root / f"{index}.png" for index in range(20)]
    for path, image in zip(files, PLAIN.test.images, strict=False):
        Image.fromarray(image[0].numpy()).save(path)
    return files, probabilities(trial.model, scaled(trial.splits.test.images[:20]))


@pytest.mark.parametrize("form", ["uint8", "no channel", "unit", "float64", "255", "declared"])
def test_a_test_image_saved_as_a_file_is_predicted_as_in_training(
    tmp_path: Path, form: str
) -> None:
    files, recorded = trained(tmp_path, form)

    guesses = predict(tmp_path, files)

    found = [[g.probability for g in sorted(row, key=lambda g: g.label)] for row in guesses]
    torch.testing.assert_close(torch.tensor(found), recorded, atol=1e-6, rtol=1e-5)
    assert all(guess.name == NAMES[guess.label] for guess in guesses[0])


def test_normalised_data_without_its_mean_and_std_is_refused(tmp_path: Path) -> None:
    files, _ = trained(tmp_path, "normalised")

    with pytest.raises(UserError, match=r"how they were made from pixels is not recorded.*`mean`"):
        predict(tmp_path, files)

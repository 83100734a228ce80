import json
import math
import sys
from pathlib import Path

import pytest
import torch
from omegaconf import OmegaConf
from PIL import Image
from trials import config_of, prepare_trial, trained

from dropout_study.cli.predict import predict as predict_command
from dropout_study.data import Splits
from dropout_study.errors import UserError
from dropout_study.paths import JobPaths
from dropout_study.task.predict import predict


def saved_images(root: Path, splits: Splits, count: int) -> list[Path]:
    paths = [root / f"{index}.png" for index in range(count)]
    for path, image in zip(paths, splits.test.images, strict=False):
        Image.fromarray(image[0].numpy()).save(path)
    return paths


def test_the_predicted_classes_have_the_recorded_accuracy(tmp_path: Path) -> None:
    splits, result = trained(tmp_path, "last")
    images = saved_images(tmp_path, splits, len(splits.test))

    labels = [guesses[0].label for guesses in predict(tmp_path, images)]

    correct = torch.tensor(labels) == splits.test.labels
    assert correct.double().mean().item() == pytest.approx(result["test_accuracy"])
    assert result["test_accuracy"] > 0.2  # chance is 0.1


def test_best_keeps_the_epoch_of_the_highest_validation_accuracy(tmp_path: Path) -> None:
    from safetensors import safe_open

    _, result = trained(tmp_path, "best")

    with safe_open(JobPaths(tmp_path).checkpoint, framework="pt") as opened:
        assert opened.metadata()["epoch"] == str(result["best_epoch"])


def test_by_default_no_weights_are_kept(tmp_path: Path) -> None:
    trained(tmp_path, "none")

    assert not JobPaths(tmp_path).checkpoint.exists()
    with pytest.raises(UserError, match=r"trainer\.checkpoint=best or last"):
        predict(tmp_path, [])


def test_best_without_validation_data_is_refused() -> None:
    config = config_of("best")
    config.data.val_size = 0

    with pytest.raises(UserError, match="needs validation data"):
        prepare_trial(config)


def test_an_unknown_checkpoint_is_refused() -> None:
    with pytest.raises(UserError, match=r"`trainer\.checkpoint` must be one of none, last, best"):
        prepare_trial(config_of("first"))


def test_samples_give_mean_and_spread(tmp_path: Path) -> None:
    splits, _ = trained(tmp_path, "last")
    images = saved_images(tmp_path, splits, 2)

    plain, sampled = predict(tmp_path, images), predict(tmp_path, images, samples=30)

    assert all(math.isnan(guess.sd) for guess in plain[0])
    assert all(guess.sd > 0 for guess in sampled[0])
    assert sum(guess.probability for guess in sampled[0]) == pytest.approx(1, abs=1e-5)
    assert [g.probability for g in sampled[0]] == sorted(
        (g.probability for g in sampled[0]), reverse=True
    )


def test_equal_samples_are_said_in_one_line(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    splits, _ = trained(tmp_path, "last", dropout1=0.0, dropout2=0.0)

    (guesses,) = predict(tmp_path, saved_images(tmp_path, splits, 1), samples=5)

    assert all(math.isnan(guess.sd) for guess in guesses)
    assert [record.getMessage() for record in caplog.records] == [
        "all 5 samples are equal: the network has no noise that can be switched on, so no spread "
        "is given"
    ]


def test_the_command_prints_a_line_an_image(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    splits, _ = trained(tmp_path, "last")
    images = [str(path) for path in saved_images(tmp_path, splits, 2)]
    argv = ["dropout-study-predict", str(tmp_path), *images, "samples=5", "--top", "2"]
    monkeypatch.setattr(sys, "argv", argv)

    predict_command()

    lines = capsys.readouterr().out.splitlines()
    assert [line.partition(":")[0] for line in lines] == images
    assert lines[0].count("(sd ") == 2


def damage_weights(root: Path) -> None:
    JobPaths(root).checkpoint.write_bytes(b"\x80\x04 a pickle, or half a file")


def damage_provenance(root: Path) -> None:
    JobPaths(root).provenance_json.write_text(json.dumps({"data": {}}))


def change_network(root: Path) -> None:
    config = OmegaConf.load(JobPaths(root).config_yaml)
    config.model.hidden1 = 3
    OmegaConf.save(config, JobPaths(root).config_yaml)


def lose_configuration(root: Path) -> None:
    JobPaths(root).config_yaml.write_text("a: [b")


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (damage_weights, "is damaged"),
        (damage_provenance, "must be the directory of a run"),
        (change_network, "does not fit the configuration's network"),
        (lose_configuration, "must be the directory of a run"),
    ],
)
def test_damaged_files_are_told_in_one_line(tmp_path: Path, damage: object, told: str) -> None:
    splits, _ = trained(tmp_path, "last")
    images = saved_images(tmp_path, splits, 1)
    damage(tmp_path)  # type: ignore[operator]

    with pytest.raises(UserError, match=told) as error:
        predict(tmp_path, images)
    assert "\n" not in str(error.value)


def test_what_is_no_image_is_told_in_one_line(tmp_path: Path) -> None:
    trained(tmp_path, "last")
    (tmp_path / "text.png").write_text("no image")

    for name in ("text.png", "missing.png"):
        with pytest.raises(UserError, match=name):
            predict(tmp_path, [tmp_path / name])


@pytest.mark.parametrize("words", [["samples=2"], ["a.png", "samples=many"], ["a.png"]])
def test_mistakes_end_the_command_with_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["dropout-study-predict", str(tmp_path), *words])

    with pytest.raises(SystemExit, match=r"^dropout-study-predict: "):
        predict_command()

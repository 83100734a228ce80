import pytest
import torch
from torch import Tensor

from dropout_study.data import fashion_mnist_mini
from dropout_study.data.idx import IDX_FILES, find_idx_files, read_idx_files
from dropout_study.data.image_sets import FASHION_MNIST
from dropout_study.data.make_mini import main, pack_mini
from dropout_study.data.mini import MINI_FILE, read_mini


def test_it_is_six_thousand_and_one_thousand_images_stratified():
    splits = fashion_mnist_mini()
    assert splits.in_shape == (1, 28, 28)
    assert splits.train.images.dtype == torch.uint8
    assert splits.train.labels.bincount().tolist() == [600] * 10
    assert splits.test.labels.bincount().tolist() == [100] * 10
    assert splits.val is None


def test_it_is_cut_like_any_data():
    splits = fashion_mnist_mini(val_size=1000, train_size=500)
    assert splits.val.labels.bincount().tolist() == [100] * 10
    assert splits.train.labels.bincount().tolist() == [50] * 10


def test_its_images_are_images():
    """The published mean and deviation of Fashion-MNIST, which a sample meets to about 0.002."""
    images = fashion_mnist_mini().train.images / 255
    assert images.mean().item() == pytest.approx(0.2860, abs=0.005)
    assert images.std().item() == pytest.approx(0.3530, abs=0.005)


def test_its_file_is_small_and_carries_its_licence():
    assert MINI_FILE.stat().st_size <= 3_000_000
    notice = (MINI_FILE.parent / "LICENSE.fashion-mnist").read_text(encoding="utf-8")
    assert "MIT License" in notice
    assert "Zalando SE" in notice


def test_packing_forgets_nothing_and_is_the_same_every_time(idx_parts):
    packed = pack_mini(idx_parts)
    assert packed == pack_mini(idx_parts)
    assert all(torch.equal(read_mini(packed)[name], idx_parts[name]) for name in IDX_FILES)


def test_a_directory_without_the_originals_is_refused(tmp_path):
    with pytest.raises(SystemExit, match="must hold train-images-idx3-ubyte"):
        main(str(tmp_path), str(tmp_path / "out"))
    assert not (tmp_path / "out").exists()


@pytest.fixture(scope="module")
def originals() -> dict[str, Tensor]:
    if not FASHION_MNIST.system_dir.is_dir():
        pytest.skip("the originals are absent: apt-get install dataset-fashion-mnist")
    return read_idx_files(find_idx_files(FASHION_MNIST.system_dir), FASHION_MNIST.md5)


def examples(parts: dict[str, Tensor], first: int) -> list[tuple[bytes, int]]:
    images, labels = (parts[name] for name in IDX_FILES[first : first + 2])
    return [
        (image.numpy().tobytes(), label)
        for image, label in zip(images, labels.tolist(), strict=True)
    ]


@pytest.mark.parametrize("first", [0, 2])
def test_labels_and_pixels_are_what_the_originals_hold(originals, first):
    mini = examples(read_mini(MINI_FILE.read_bytes()), first)
    assert set(mini) <= set(examples(originals, first))
    assert len(set(mini)) == len(mini)


@pytest.mark.usefixtures("originals")
def test_it_is_made_again_bit_for_bit(tmp_path, capsys):
    main(str(FASHION_MNIST.system_dir), str(tmp_path / "again"))
    assert (tmp_path / "again").read_bytes() == MINI_FILE.read_bytes()
    assert capsys.readouterr().out.endswith(" bytes\n")

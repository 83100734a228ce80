import gzip
import logging
import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
import torch
from torch import Tensor

from dropout_study.data import fashion_mnist
from dropout_study.data.cache import read_cache, write_cache
from dropout_study.data.idx import IDX_FILES, checksum, encode_idx
from dropout_study.data.image_sets import FASHION_MNIST, KMNIST, MNIST
from dropout_study.data.sources import IdxSource

IMAGES, LABELS = IDX_FILES[:2]


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """Importing torchvision fails; the log is kept."""
    monkeypatch.setitem(sys.modules, "torchvision", None)
    caplog.set_level(logging.INFO, logger="dropout_study")


@pytest.fixture
def source(tmp_path: Path, idx_parts: dict[str, Tensor]) -> IdxSource:
    """A small data set whose package is not installed yet."""
    return IdxSource(
        name="little",
        torchvision_class="Little",
        md5={name: checksum(encode_idx(tensor)) for name, tensor in idx_parts.items()},
        system_dir=tmp_path / "system",
        system_package="dataset-little",
    )


def same(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("inside", [".", "Little/raw"])
def test_a_given_root_is_read_and_nothing_is_kept(
    tmp_path, source, write_idx, idx_parts, caplog, cache_dir, inside
):
    directory = write_idx(tmp_path / "mine" / inside)
    assert same(source.load(str(tmp_path / "mine")), idx_parts)
    assert f"little: found in {directory}" in caplog.text
    assert not cache_dir.exists()


def test_a_given_root_is_the_only_place_looked_at(tmp_path, source, write_idx, told):
    write_idx(source.system_dir)
    message = told(source.load, str(tmp_path / "nowhere"))
    assert "`data.root` must be a directory with" in message
    assert str(tmp_path / "nowhere") in message


def test_a_root_under_the_home_directory_is_found(tmp_path, source, write_idx, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    write_idx(tmp_path / "mine")
    assert source.load("~/mine")


def test_the_systems_files_are_kept_in_the_cache(source, write_idx, idx_parts, caplog, cache_dir):
    write_idx(source.system_dir, gzip.compress, ".gz")
    assert same(source.load(None), idx_parts)
    assert f"little: found in {source.system_dir}" in caplog.text
    assert [path.name for path in cache_dir.iterdir()] == ["little.pt"]

    shutil.rmtree(source.system_dir)
    caplog.clear()
    assert same(source.load(None), idx_parts)
    assert f"little: found in the cache, {cache_dir / 'little.pt'}" in caplog.text


def emptied(content: bytes) -> bytes:
    return content[:0]


def halved(content: bytes) -> bytes:
    return content[: len(content) // 2]


def with_a_changed_pixel(content: bytes) -> bytes:
    """``content`` has the first 20 pixels of a row somewhere: one of them changes."""
    place = content.index(bytes(range(20))) + 3
    return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]


@pytest.mark.parametrize("damaged", [emptied, halved, with_a_changed_pixel])
@pytest.mark.parametrize("known", [True, False])
def test_a_damaged_cache_is_made_again(
    source, write_idx, idx_parts, caplog, cache_dir, damaged, known
):
    idx_parts[IMAGES].view(-1)[:20] = torch.arange(20, dtype=torch.uint8)
    md5 = {name: checksum(encode_idx(tensor)) for name, tensor in idx_parts.items()}
    source = replace(source, md5=md5 if known else {})
    write_idx(source.system_dir)
    source.load(None)
    path = cache_dir / "little.pt"
    whole = path.read_bytes()
    path.write_bytes(damaged(whole))

    assert same(source.load(None), idx_parts)
    assert "is damaged and is made again" in caplog.text
    assert path.read_bytes() == whole


@pytest.mark.parametrize(
    "content",
    [[1], torch.ones(3), {"parts": {}, "md5": []}, {"parts": {"a": "text"}, "md5": {"a": "x"}}],
    ids=["list", "tensor", "md5", "text"],
)
def test_a_strange_cache_is_made_again(cache_dir, content):
    cache_dir.mkdir(parents=True)
    torch.save(content, cache_dir / "little.pt")
    assert read_cache("little", {}) is None


def test_a_full_disk_only_costs_time(monkeypatch):
    def full(*_, **__):
        raise RuntimeError("PytorchStreamWriter failed writing file data/0: file write failed")

    monkeypatch.setattr(torch, "save", full)
    parts = {"a": torch.zeros(3, dtype=torch.uint8)}
    assert write_cache("little", parts) is parts


def test_a_cache_that_cannot_be_written_only_costs_time(
    source, write_idx, idx_parts, caplog, cache_dir
):
    cache_dir.parent.mkdir()
    cache_dir.write_text("a file where the directory should be")
    write_idx(source.system_dir)
    assert same(source.load(None), idx_parts)
    assert "cannot be written to the cache" in caplog.text


def truncate(path: Path) -> None:
    path.write_bytes(halved(path.read_bytes()))


def truncate_compressed(path: Path) -> None:
    path.with_suffix(".gz").write_bytes(halved(gzip.compress(path.read_bytes())))
    path.unlink()


def corrupt(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def not_compressed(path: Path) -> None:
    path.rename(path.with_suffix(".gz"))


def mislabel(path: Path) -> None:
    shutil.copy(path.parent / IDX_FILES[3], path)


@pytest.mark.parametrize("name", [IMAGES, LABELS])
@pytest.mark.parametrize(
    "damage", [truncate, truncate_compressed, corrupt, not_compressed, mislabel]
)
def test_a_damaged_file_is_one_line_that_names_it(source, write_idx, told, cache_dir, name, damage):
    path = write_idx(source.system_dir) / name
    damage(path)
    for root in (None, str(source.system_dir)):
        message = told(source.load, root)
        assert message.startswith(str(path))
        assert "get it again" in message
    assert not cache_dir.exists()


@pytest.mark.parametrize("damage", [truncate, truncate_compressed, not_compressed, mislabel])
def test_damage_shows_without_known_checksums_too(source, write_idx, told, damage):
    path = write_idx(source.system_dir) / IMAGES
    damage(path)
    assert told(replace(source, md5={}).load, None).startswith(str(path))


def torchvision_with(download: Callable[[Path], None]) -> ModuleType:
    """A stand-in for torchvision whose data set ``Little`` downloads by calling ``download``."""

    def little(root: Path, *, download: bool, fetch: Callable[[Path], None] = download) -> None:
        assert download
        fetch(Path(root) / "Little" / "raw")

    module = ModuleType("torchvision")
    module.datasets = SimpleNamespace(Little=little)
    return module


def test_a_download_comes_last_and_into_the_cache(
    source, write_idx, idx_parts, caplog, cache_dir, monkeypatch
):
    fake = torchvision_with(lambda raw: write_idx(raw, gzip.compress, ".gz"))
    monkeypatch.setitem(sys.modules, "torchvision", fake)
    assert same(source.load(None), idx_parts)
    assert f"little: downloading with torchvision into {cache_dir}" in caplog.text

    monkeypatch.setitem(sys.modules, "torchvision", None)
    assert same(source.load(None), idx_parts)


def fail(raw: Path) -> None:
    raise OSError(f"no route to host\nfor {raw}")


def test_data_nowhere_to_be_had_says_what_was_tried_and_the_ways_out(
    source, told, cache_dir, monkeypatch
):
    monkeypatch.setitem(sys.modules, "torchvision", torchvision_with(fail))
    message = told(source.load, None)
    for part in (
        *("little cannot be found", str(cache_dir / "little.pt"), str(source.system_dir)),
        *("no route to host", "use one of 3 ways", "`data.root=DIR`"),
        *("`apt-get install dataset-little`", "`data=fashion_mnist_mini`"),
    ):
        assert part in message


def test_without_a_systems_package_none_is_offered(source, told, monkeypatch):
    monkeypatch.setitem(sys.modules, "torchvision", torchvision_with(fail))
    message = told(replace(source, system_dir=None, system_package=None).load, None)
    assert "use one of 2 ways" in message
    assert "apt-get" not in message


@pytest.mark.parametrize("source", [FASHION_MNIST, MNIST, KMNIST])
def test_the_sources_name_the_four_files(source):
    assert not source.md5 or tuple(source.md5) == IDX_FILES


@pytest.mark.skipif(not FASHION_MNIST.system_dir.is_dir(), reason="dataset-fashion-mnist is absent")
def test_fashion_mnist_is_found_where_the_package_puts_it(caplog):
    splits = fashion_mnist(val_size=5000)
    assert f"fashion_mnist: found in {FASHION_MNIST.system_dir}" in caplog.text
    assert splits.val.labels.bincount().tolist() == [500] * 10
    assert splits.train.labels.bincount().tolist() == [5500] * 10
    assert splits.test.labels.bincount().tolist() == [1000] * 10
    assert splits.in_shape == (1, 28, 28)

    again = fashion_mnist(val_size=5000)
    assert "fashion_mnist: found in the cache" in caplog.text
    assert torch.equal(again.train.images, splits.train.images)

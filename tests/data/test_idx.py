import gzip
import struct

import pytest
import torch

from dropout_study.data.idx import (
    IDX_FILES,
    checksum,
    decode_idx,
    encode_idx,
    find_idx_files,
    idx_examples,
    read_idx_files,
)


@pytest.mark.parametrize("shape", [(7,), (3, 4), (2, 3, 4), (0,), (0, 28, 28)])
def test_what_is_encoded_is_decoded(shape):
    tensor = torch.randint(0, 256, shape, dtype=torch.uint8)
    decoded = decode_idx(encode_idx(tensor), "a file")
    assert decoded.dtype == torch.uint8
    assert torch.equal(decoded, tensor)


def test_the_encoding_is_the_published_format():
    labels = torch.tensor([5, 0, 4], dtype=torch.uint8)
    assert encode_idx(labels) == struct.pack(">II", 2049, 3) + bytes([5, 0, 4])
    assert encode_idx(torch.zeros(1, 2, 1, dtype=torch.uint8)) == (
        struct.pack(">IIII", 2051, 1, 2, 1) + bytes(2)
    )


GOOD = encode_idx(torch.zeros(4, 3, 2, dtype=torch.uint8))


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"\0", b"\0\0\x08\x03", GOOD[:10], GOOD[:-1], GOOD + b"\0"),
        *(b"<html>404</html>", b"\0\0\x0d\x03" + GOOD[4:], b"\0\0\x08\x00" + GOOD[4:]),
    ],
)
def test_a_damaged_content_is_one_line_that_names_its_origin(content, told):
    assert told(decode_idx, content, "dir/file").startswith("dir/file ")


@pytest.mark.parametrize(("pack", "suffix"), [(bytes, ""), (gzip.compress, ".gz")])
def test_plain_and_compressed_files_are_found_and_read(
    tmp_path, write_idx, idx_parts, pack, suffix
):
    files = find_idx_files(write_idx(tmp_path, pack, suffix))
    parts = read_idx_files(files, md5={k: checksum(encode_idx(v)) for k, v in idx_parts.items()})
    assert all(torch.equal(parts[name], idx_parts[name]) for name in IDX_FILES)


@pytest.mark.parametrize("name", IDX_FILES)
def test_one_missing_file_is_none_found(tmp_path, write_idx, name):
    write_idx(tmp_path)
    (tmp_path / name).unlink()
    assert find_idx_files(tmp_path) is None
    assert find_idx_files(tmp_path / "nowhere") is None


def test_examples_have_a_channel_and_whole_number_labels(idx_parts):
    train, test = idx_examples(idx_parts)
    assert (train.images.shape, test.images.shape) == ((40, 1, 6, 5), (20, 1, 6, 5))
    assert (train.images.dtype, train.labels.dtype) == (torch.uint8, torch.int64)


@pytest.mark.parametrize(
    ("one", "other"),
    [(IDX_FILES[0], IDX_FILES[1]), (IDX_FILES[1], IDX_FILES[3]), (IDX_FILES[0], IDX_FILES[2])],
)
def test_files_under_each_others_names_are_refused(
    tmp_path, idx_parts, write_idx, told, one, other
):
    idx_parts[one], idx_parts[other] = idx_parts[other], idx_parts[one]
    message = told(read_idx_files, find_idx_files(write_idx(tmp_path)), md5={})
    assert "wrong name" in message
    assert str(tmp_path / one) in message

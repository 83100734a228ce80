import pytest
import torch

from dropout_study.data import synthetic


def test_size_shape_and_classes_are_as_asked():
    splits = synthetic(shape=(3, 4, 5), classes=7, n_train=70, n_test=14, val_size=21)
    assert splits.in_shape == (3, 4, 5)
    assert (len(splits.train), len(splits.val), len(splits.test)) == (49, 21, 14)
    assert splits.train.images.dtype == torch.uint8
    assert splits.val.labels.bincount().tolist() == [3] * 7


def test_it_is_the_same_every_time():
    assert torch.equal(synthetic().train.images, synthetic().train.images)
    torch.manual_seed(5)
    assert torch.equal(synthetic(val_size=9).val.images, synthetic(val_size=9).val.images)


@pytest.mark.parametrize(("contrast", "alike"), [(1.0, True), (0.0, False)])
def test_contrast_is_the_share_of_the_prototype(contrast, alike):
    test = synthetic(contrast=contrast).test
    shirts = test.images[test.labels == 3]
    assert (shirts[0] == shirts[1]).all().item() is alike

import pytest
import torch

from dropout_study.data import Examples, Splits, make_splits
from dropout_study.data.cut import stratified_order

COUNTS = [70, 30, 17, 3]  # examples of each class: far from even


def numbered(labels: torch.Tensor) -> Examples:
    """Examples whose only pixel is their own index."""
    return Examples(torch.arange(len(labels)).float().reshape(-1, 1, 1, 1), labels)


@pytest.fixture(scope="module")
def train() -> Examples:
    labels = torch.repeat_interleave(torch.arange(len(COUNTS)), torch.tensor(COUNTS))
    return numbered(labels[torch.randperm(len(labels), generator=torch.Generator().manual_seed(0))])


TEST = numbered(torch.arange(8) % 4)


def indices(examples: Examples | None) -> list[int]:
    assert examples is not None
    return examples.images.flatten().long().tolist()


def cut(train: Examples, **sizes: int | None) -> Splits:
    return make_splits(train, TEST, classes=4, **sizes)


def test_splits_are_disjoint_and_keep_labels_with_images(train):
    splits = cut(train, val_size=25)
    assert sorted(indices(splits.val) + indices(splits.train)) == list(range(len(train)))
    for part in (splits.train, splits.val):
        assert torch.equal(part.labels, train.labels[indices(part)])
    assert torch.equal(splits.test.images, TEST.images)


@pytest.mark.parametrize("sizes", [(12, 12), (25, 40), (40, 80)])
def test_every_class_has_its_share_to_within_one_example(train, sizes):
    splits = cut(train, val_size=sizes[0], train_size=sizes[1])
    for part, size in zip((splits.val, splits.train), sizes, strict=True):
        share = torch.tensor(COUNTS) * size / len(train)
        # a stretch of the order has two ends, each of which rounds by at most one half
        assert ((part.labels.bincount(minlength=4) - share).abs() <= 1).all()


def test_equal_classes_are_cut_exactly():
    train = numbered(torch.arange(600) % 10)
    splits = make_splits(train, train, classes=10, val_size=100, train_size=200)
    assert splits.val.labels.bincount().tolist() == [10] * 10
    assert splits.train.labels.bincount().tolist() == [20] * 10


def test_validation_does_not_depend_on_train_size(train):
    assert (
        len({tuple(indices(cut(train, val_size=25, train_size=n).val)) for n in (1, 50, 95)}) == 1
    )


def test_a_smaller_training_split_is_a_subset_of_a_larger_one(train):
    small, large, whole = (
        set(indices(cut(train, val_size=25, train_size=size).train)) for size in (20, 60, None)
    )
    assert small < large < whole


def test_the_seed_chooses_the_cut_and_zero_is_a_seed(train):
    first, again, other = (indices(cut(train, val_size=25, split_seed=s).val) for s in (0, 0, 1))
    assert first == again != other


def test_the_cut_ignores_and_leaves_alone_torchs_own_generator(train):
    torch.manual_seed(1)
    before = torch.get_rng_state()
    first = indices(cut(train, val_size=25).val)
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(2)
    assert indices(cut(train, val_size=25).val) == first


def test_no_validation_is_none_and_keeps_every_example(train):
    splits = cut(train)
    assert splits.val is None
    assert len(splits.train) == len(train)


def test_shape_and_length_are_the_datas(train):
    splits = cut(train)
    assert splits.in_shape == (1, 1, 1)
    assert (len(splits.train), splits.classes) == (120, 4)


@pytest.mark.parametrize(
    ("sizes", "says"),
    [
        ({"val_size": -1}, "`data.val_size` must be in [0, 120), got -1"),
        ({"val_size": 120}, "`data.val_size` must be in [0, 120), got 120"),
        ({"val_size": 20, "train_size": 0}, "`data.train_size` must be in [1, 100]"),
        ({"val_size": 20, "train_size": 101}, "`data.train_size` must be in [1, 100]"),
    ],
)
def test_a_size_out_of_range_is_refused(train, told, sizes, says):
    assert told(cut, train, **sizes).startswith(says)


@pytest.mark.parametrize("label", [-1, 4])
def test_a_label_out_of_range_is_refused(train, told, label):
    bad = numbered(torch.tensor([0, label, 1]))
    assert "training labels must be in [0, 4)" in told(make_splits, bad, TEST, classes=4)
    assert "test labels must be in [0, 4)" in told(make_splits, train, bad, classes=4)


def test_an_order_is_a_permutation():
    labels = torch.tensor([0] * 5 + [2] * 3)
    assert sorted(stratified_order(labels, seed=0).tolist()) == list(range(8))


def test_minibatches_keep_the_order_and_the_last_may_be_smaller(train):
    batches = list(train.minibatches(50))
    assert [len(labels) for _, labels in batches] == [50, 50, 20]
    assert torch.equal(torch.cat([images for images, _ in batches]), train.images)
    assert [len(labels) for _, labels in train.minibatches(1000)] == [120]


def wrong(train, share, **sizes):
    """Returns where the training labels differ from the right ones, as a set of places."""
    right, got = cut(train, **sizes).train, cut(train, label_noise=share, **sizes).train
    assert torch.equal(right.images, got.images)
    return set((right.labels != got.labels).nonzero().flatten().tolist())


@pytest.mark.parametrize(("share", "count"), [(0.0, 0), (0.25, 24), (1.0, 95)])
def test_a_share_of_the_training_labels_is_wrong(train, share, count):
    assert len(wrong(train, share, val_size=25)) == count


def test_more_label_noise_keeps_the_labels_that_are_wrong_already(train):
    assert wrong(train, 0.2, val_size=25) < wrong(train, 0.6, val_size=25)


def test_label_noise_leaves_validation_and_test_right(train):
    right, got = cut(train, val_size=25), cut(train, val_size=25, label_noise=0.5)
    assert torch.equal(right.val.labels, got.val.labels)
    assert torch.equal(right.test.labels, got.test.labels)


def test_wrong_labels_are_classes_of_the_data(train):
    assert set(cut(train, label_noise=1.0).train.labels.tolist()) <= {0, 1, 2, 3}


def test_label_noise_out_of_range_is_refused(train, told):
    says = "`data.label_noise` must be in [0, 1], got 1.5"
    assert told(cut, train, label_noise=1.5).startswith(says)

"""The book's task as a Hydra application, for the peer sweep: DataLoader, ToTensor, autograd.

``sweep.py`` runs it in a separate environment. It imports nothing of this project.
"""

from pathlib import Path

import hydra
import torch
from hydra.core.config_store import ConfigStore
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig
from torch import nn
from torch.utils.data import DataLoader, Subset
from torchvision import datasets, transforms

ConfigStore.instance().store(
    name="peer",
    node={
        **{"root": "???", "val_size": 5000, "batch_size": 256, "epochs": 3, "threads": 1},
        **{"dropout1": 0.2, "dropout2": 0.5, "lr": 0.5},
    },
)


def loaders(root: str, val_size: int, batch_size: int) -> list[DataLoader]:
    """Returns training, validation and test data; the last training images are for validation."""
    train, test = (
        datasets.FashionMNIST(root, train=part, transform=transforms.ToTensor())
        for part in (True, False)
    )
    cut = len(train) - val_size
    parts = (Subset(train, range(cut)), Subset(train, range(cut, len(train))), test)
    return [DataLoader(part, batch_size, shuffle=part is parts[0]) for part in parts]


def network(dropout1: float, dropout2: float) -> nn.Module:
    net = nn.Sequential(
        *(nn.Flatten(), nn.Linear(784, 256), nn.ReLU(), nn.Dropout(dropout1)),
        *(nn.Linear(256, 256), nn.ReLU(), nn.Dropout(dropout2), nn.Linear(256, 10)),
    )
    for layer in net:
        if isinstance(layer, nn.Linear):
            nn.init.normal_(layer.weight, std=0.01)
    return net


def train_epoch(net: nn.Module, optimizer: torch.optim.Optimizer, train: DataLoader) -> None:
    loss = nn.CrossEntropyLoss(reduction="none")
    net.train()
    total = correct = 0.0
    for images, labels in train:
        predicted = net(images)
        each = loss(predicted, labels)
        optimizer.zero_grad()
        each.mean().backward()
        optimizer.step()
        total += float(each.detach().sum())
        correct += float((predicted.argmax(dim=1) == labels).sum())


@torch.no_grad()
def accuracy(net: nn.Module, data: DataLoader) -> float:
    net.eval()
    correct = sum(float((net(images).argmax(dim=1) == labels).sum()) for images, labels in data)
    return correct / len(data.dataset)


@hydra.main(version_base="1.3", config_path=None, config_name="peer")
def main(config: DictConfig) -> float:
    torch.set_num_threads(config.threads)
    torch.manual_seed(0)
    train, val, test = loaders(config.root, config.val_size, config.batch_size)
    net = network(config.dropout1, config.dropout2)
    optimizer = torch.optim.SGD(net.parameters(), lr=config.lr)
    for _ in range(config.epochs):
        train_epoch(net, optimizer, train)
        val_accuracy, _test_accuracy = accuracy(net, val), accuracy(net, test)
    (Path(HydraConfig.get().runtime.output_dir) / "value.txt").write_text(str(val_accuracy))
    return val_accuracy


if __name__ == "__main__":
    main()

import pytest
import torch

from dropout_study.training import allow_tf32, resolve_device


def test_the_cpu_is_always_there():
    assert resolve_device("cpu") == torch.device("cpu")


def test_auto_is_the_fastest_there_is():
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    fastest = next((name for name, available in there.items() if available), "cpu")
    assert resolve_device("auto").type == fastest


@pytest.mark.parametrize("name", ["gpu", "", "cuda:", "meta"])
def test_what_is_no_device_is_refused(name, told):
    message = told(resolve_device, name)
    assert message.startswith(f"`trainer.device={name}` ")
    assert message.endswith("use `trainer.device=auto` or `cpu`")


@pytest.mark.parametrize("name", ["cuda", "cuda:1", "mps"])
def test_a_device_that_this_machine_lacks_is_refused(name, told, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert "is not available on this machine" in told(resolve_device, name)


def test_a_gpu_too_many_is_refused(told, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert resolve_device("cuda:1") == torch.device("cuda:1")
    assert "there are 2" in told(resolve_device, "cuda:2")


def test_tf32_is_for_those_who_ask(monkeypatch):
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)
    before = torch.get_float32_matmul_precision()
    try:
        allow_tf32(True)
        assert torch.get_float32_matmul_precision() == "high"
        assert torch.backends.cudnn.allow_tf32
    finally:
        allow_tf32(False)
    assert torch.get_float32_matmul_precision() == before == "highest"
    assert not torch.backends.cudnn.allow_tf32

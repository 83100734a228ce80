"""A study's directory is data: what it names is not run unless it is trusted."""

from pathlib import Path

import pytest
from command_line import Ended, run_command
from fake_study import TRAINABLE, synthetic_config, write_study
from omegaconf import OmegaConf

from dropout_study.cli.confirm import confirm
from dropout_study.cli.extend import extend
from dropout_study.cli.predict import predict
from dropout_study.cli.report import report
from dropout_study.cli.rerun import rerun
from dropout_study.cli.results import results
from dropout_study.errors import UserError
from dropout_study.paths import StudyPaths
from dropout_study.task.job_files import JobFiles
from dropout_study.task.recorded import Trust, recorded_config, trusting


@pytest.mark.parametrize(
    "target",
    [
        *("dropout_study.models.MLP", "dropout_study.models.mlp.MLP", "dropout_study.data.mnist"),
        *("torch.nn.Dropout", "torch.optim.Adagrad", "torch.optim.lr_scheduler.PolynomialLR"),
        *("dropout_study.noise.GaussianNoise", "dropout_study.training.metrics.Brier"),
        *("dropout_study.noise.schedules.EarlySchedule", "torchvision.models.resnet18"),
        *("dropout_study.training.measures.WeightDistance", "optuna.pruners.HyperbandPruner"),
    ],
)
def test_the_classes_of_this_package_and_of_torch_may_be_named(target):
    assert Trust().allows(target)


@pytest.mark.parametrize(
    "target",
    [
        *("os.system", "builtins.eval", "subprocess.run", "my_net.Net", "functools.partial"),
        *("torch.os.system", "torch.load", "torch.hub.load", "torch.ops.load_library", 3),
        *("torch.nn.torch", "torch.optim.os", "torch.nn.modules.module.warnings.sys.exit"),
        *("torch.nn.init.uniform_", "torch.utils.cpp_extension.load_inline", "torch.jit.load"),
        *("dropout_study.config.instantiate.instantiate", "dropout_study.data.Path"),
        *("dropout_study.data.cache.write_cache", "dropout_study.task.predict.predict"),
        *(
            "torchvision.models.os",
            "torchvision.models._api.WeightsEnum",
            "hydra.utils.instantiate",
        ),
        *("dropout_study.training.single.train_single", "torchvision.datasets.FakeData"),
        *("optuna.samplers.nsgaii", "optuna.create_study", "optuna.pruners._base.abc.ABC"),
    ],
)
def test_nothing_else_may_be_named(target):
    assert not Trust().allows(target)
    assert Trust(everything=True).allows(target)


def test_what_the_present_command_names_may_be_named():
    trust = Trust.of(OmegaConf.create({"model": {"_target_": "yaml.nodes.Node"}}))
    assert trust.allows("yaml.nodes.Node")
    assert trust.allows("yaml.loader.Loader"), "of the same module"
    assert not trust.allows("yaml.loader.sys.exit"), "only found there"
    named = Trust.of(OmegaConf.create({"a": [{"_target_": "torch.hub.load"}]}))
    assert named.allows("torch.hub.load")
    assert not named.allows("torch.load")
    assert not named.allows("os.system")


STRANGE = """
from pathlib import Path
from torch import nn

Path("ran").touch()  # as it is imported

def net(in_shape, classes):
    return nn.Sequential(nn.Flatten(), nn.Linear(64, classes))
"""


@pytest.fixture
def study(tmp_path, monkeypatch) -> Path:
    """A study of somebody else, whose trials run a command: they would leave a file."""
    monkeypatch.chdir(tmp_path)
    root = write_study(Path("study"), ["COMPLETE"] * 3, params=lambda _: TRAINABLE)
    config = synthetic_config()
    config.model = {"_target_": "strange.net", "in_shape": None, "classes": None}
    Path("strange.py").write_text(STRANGE)
    monkeypatch.syspath_prepend(tmp_path)
    write_config(root, config)
    return root


def write_config(root: Path, config) -> None:
    for _, job in StudyPaths(root).jobs():
        OmegaConf.save(config, job.config_yaml)


def command(function, capfd, *words: str) -> Ended:
    return run_command(function, list(words), capfd)


@pytest.mark.usefixtures("study")
@pytest.mark.parametrize(
    ("function", "words"),
    [
        (confirm, ["study", "--seeds", "2"]),
        (confirm, ["study", "--seeds", "2", "--against", "study"]),
        (extend, ["study", "--epochs", "9"]),
        (rerun, ["study", "1"]),
        (rerun, ["study/1"]),
        (predict, ["study/1", "image.png"]),
        (predict, ["study/1", "--split", "test"]),
    ],
)
def test_a_command_that_builds_the_network_refuses_in_one_line(capfd, function, words):
    ended = command(function, capfd, *words)
    assert ended.code == 1
    (line,) = [each for each in ended.err.splitlines() if "trust" in each]
    assert f"config.yaml names `strange.net` ({Path('strange.py').resolve()})" in line
    assert line.endswith("if you trust this directory, add --trust")
    assert "Traceback" not in ended.err
    assert not Path("ran").exists()


@pytest.mark.usefixtures("study")
def test_a_command_that_only_reads_runs_nothing(capfd):
    assert command(results, capfd, "study").code == 0
    assert command(report, capfd, "study").code == 0
    assert not Path("ran").exists()


@pytest.mark.usefixtures("study")
def test_trusted_it_is_built_and_says_from_where(capfd, caplog):
    ended = command(rerun, capfd, "study", "1", "--trust")
    assert Path("ran").exists()
    assert "trial 1: different" in ended.out
    assert f"the study is built with strange.net ({Path('strange.py').resolve()})" in caplog.text


@pytest.mark.parametrize(
    "text",
    [
        *("${oc.env:HOME}", "${oc.decode:'{a: 1}'}", "${${model.kind}:HOME}", "${now:%Y}"),
        *("x${oc.env:A}y", "${oc.create:{_target_: os.system}}", "${my_own:1}"),
    ],
)
def test_the_environment_is_not_read(study, text):
    config = synthetic_config()
    config.data.root = text
    write_config(study, config)
    files = JobFiles(StudyPaths(study).job(0))
    with pytest.raises(UserError, match=r"asks for `.*add --trust"):
        recorded_config(files)
    with trusting(Trust(everything=True)):
        assert "root" in recorded_config(files).data


def test_a_value_of_the_configuration_itself_may_be_asked_for(study):
    config = synthetic_config()
    config.data.root = "${data.classes}/${hydra:job.num}/${.val_size}"
    write_config(study, config)
    assert recorded_config(JobFiles(StudyPaths(study).job(0))).model._target_.endswith("MLP")


def test_texts_of_a_study_are_printed_as_they_are_and_command_no_terminal(tmp_path, capfd):
    strange = "\x1b]0;title\x07\u202e[/bold][red]x"
    write_study(
        tmp_path / "study",
        ["COMPLETE"] * 3,
        params=lambda n: {"optimizer.lr": 0.1, "model.kind": f"{n}{strange}"},
        record={"error": strange},
    )
    ended = command(results, capfd, str(tmp_path / "study"))
    assert ended.code == 0, ended.err
    assert "[/bold][red]x" in ended.out
    assert not set("\x1b\x07\u202e") & set(ended.out + ended.err)

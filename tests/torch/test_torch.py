"""The PyTorch twin against the reference: states, slopes, curvature, distortions, training, files."""

import json
import os
import re
import shutil
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from click.testing import CliRunner

from lenet5 import FAST, InputError, LeNet5, ModelError
from lenet5.network import distortion as distort
from lenet5.network import losses
from lenet5.network import reference as network
from lenet5.network.architecture import PARAMETER_COUNT, SHAPES
from lenet5.training import recipes, stochastic

torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install 'lenet5-1998[torch]'")

from lenet5 import cli  # noqa: E402
from lenet5 import torch as twin  # noqa: E402
from lenet5.data import dataset  # noqa: E402
from lenet5.engine import numpy_backend  # noqa: E402 (after PyTorch is known to be there)
from lenet5.torch import distortion  # noqa: E402
from lenet5.training import loop  # noqa: E402

DOCS = Path(__file__).parents[2] / "docs"
draw = np.random.default_rng(1998)
IMAGES = draw.integers(0, 256, (6, 28, 28)).astype(np.uint8)
LABELS = draw.integers(0, 10, 6)
WEIGHTS = draw.dirichlet(np.ones(12), 6)[:, :10]  # rows that lack something to 1


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


@pytest.fixture
def reference() -> LeNet5:
    return LeNet5(seed=5, spread=1.0, power=0.5)


@pytest.fixture
def judged(reference):
    """The reference's answers in float64: parameters, codes, activations."""
    parameters = {name: value.astype(np.float64) for name, value in reference.named_parameters.items()}
    codes = reference.codes.astype(np.float64)
    return parameters, codes, network.forward(parameters, codes, network.normalise(IMAGES, np.float64))


def furthest(mine, theirs) -> float:
    """Largest difference, as a share of the largest number."""
    return float(np.abs(np.asarray(mine) - theirs).max() / np.abs(theirs).max())


# --- the network ----------------------------------------------------------------------------------------


def test_it_has_the_parameters_of_the_paper_and_no_others():
    net = twin.LeNet5()
    assert sum(parameter.numel() for parameter in net.parameters()) == PARAMETER_COUNT == 60_000
    assert [(name, tuple(value.shape)) for name, value in net.named_parameters()] == list(SHAPES.items())
    assert set(net.state_dict()) == {*SHAPES, "codes"}


def test_it_starts_as_the_reference_does_from_the_same_seed():
    for name, value in LeNet5("abc", 7).named_parameters.items():
        assert (twin.LeNet5("abc", 7).get_parameter(name).detach().numpy() == value).all()


def test_forward_equals_the_reference(reference, judged):
    net = twin.LeNet5.of(reference).double()
    assert np.abs(net(torch.tensor(IMAGES)).detach().numpy() - judged[2].penalties).max() < 1e-10
    x = torch.tensor(network.normalise(IMAGES, np.float64))[:, None]
    for name, layer in zip(("c1", "s2", "c3", "s4", "c5", "f6"), net.layers, strict=True):
        x = layer(x)
        assert np.abs(x.detach().numpy() - judged[2].x[name]).max() < 1e-10


def test_a_wide_field_gives_a_column_every_four_pixels(reference, judged):
    parameters, codes, _ = judged
    x = draw.uniform(-0.1, 1.175, (2, 33, 50))
    found = twin.LeNet5.of(reference).double().penalties(torch.tensor(x)).detach().numpy()
    expected = network.forward(parameters, codes, x).penalties
    assert found.shape == expected.shape == (2, 1, 5, 10)
    assert np.abs(found - expected).max() < 1e-10


@pytest.mark.parametrize(
    "images", [IMAGES, IMAGES[:, None], IMAGES / np.float32(255), np.pad(IMAGES, ((0, 0), (2, 2), (2, 2)))]
)
def test_every_form_of_image_is_the_same_picture(images):
    expected = network.normalise(IMAGES, np.float64)
    assert np.abs(twin.normalise(torch.tensor(images), torch.float64).numpy() - expected).max() < 1e-7


@pytest.mark.parametrize(
    "images", [np.zeros((2, 27, 28)), np.zeros((28, 28)), np.zeros((2, 28, 28), np.int64)]
)
def test_what_is_no_image_is_a_sentence(images):
    with pytest.raises(InputError, match="cannot be read"):
        twin.LeNet5()(torch.tensor(images))


def test_answers_equal_the_engines_on_all_of_the_test_set(mnist_test):
    model = LeNet5.pretrained()
    with torch.no_grad():
        found = torch.cat([twin.LeNet5.of(model)(part) for part in torch.tensor(mnist_test[0]).split(500)])
    expected = model.penalties(mnist_test[0])
    assert (found.numpy().argmin(1) == expected.argmin(1)).all()
    assert np.abs(found.numpy() - expected).max() < 1e-3


# --- losses, slopes, curvature --------------------------------------------------------------------------


@pytest.mark.parametrize("targets", [LABELS, WEIGHTS], ids=["labels", "weights"])
@pytest.mark.parametrize(("j", "scale"), [(1.0, 1.0), (20.0, 0.1), (np.inf, 0.5), (None, 0.5)])
def test_energies_and_gradients_equal_the_reference(reference, judged, targets, j, scale):
    parameters, codes, seen = judged
    net = twin.LeNet5.of(reference).double()
    y = net(torch.tensor(IMAGES))
    t = torch.tensor(targets)
    if j is None:
        found, expected = twin.mean_penalty(y, t, scale), losses.mean_penalty(seen.penalties, targets, scale)
        slope = losses.mean_penalty_slope(seen.penalties, targets, scale)
    else:
        found, expected = twin.energy(y, t, j, scale), losses.energy(seen.penalties, targets, j, scale)
        slope = losses.slope(seen.penalties, targets, j, scale)
    assert found.item() == pytest.approx(expected, rel=1e-12)
    found.backward()
    gradient = network.backward(parameters, seen, losses.f6_slope(seen.f6, codes, slope))
    for name, value in gradient.items():
        mine = net.get_parameter(name).grad.numpy()
        assert np.abs(mine - value).max() < 1e-10 and furthest(mine, value) < 1e-10


def test_the_posterior_equals_the_reference(judged):
    y = judged[2].penalties
    found = twin.posterior(torch.tensor(y), 20.0, 0.1).numpy()
    assert np.abs(found - losses.posterior(y, 20.0, 0.1)).max() < 1e-14


@pytest.mark.parametrize("targets", [LABELS, WEIGHTS], ids=["labels", "weights"])
@pytest.mark.parametrize("j", [1.0, None])
def test_curvature_equals_appendix_c(reference, judged, targets, j):
    parameters, codes, seen = judged
    from_top = losses.curvature(
        seen.f6, codes, seen.penalties, targets, j or 1.0, 0.5, discriminative=j is not None
    )
    expected = network.curvature(parameters, seen, from_top)
    x = torch.tensor(network.normalise(IMAGES, np.float64))
    found = twin.curvature(twin.LeNet5.of(reference).double(), x, torch.tensor(targets), j, 0.5)
    assert list(found) == list(SHAPES)
    for name, value in expected.items():
        assert furthest(found[name], value) < 1e-10 and found[name].min() >= 0


def test_wrong_targets_are_a_sentence():
    with pytest.raises(InputError, match="do not fit"):
        twin.energy(torch.zeros(3, 10), torch.zeros(2, dtype=torch.int64))


def test_sdlm_divides_each_rate_by_its_own_curvature(reference):
    net = twin.LeNet5.of(reference)
    optimiser = twin.SDLM(net, lr=1e-3)
    with pytest.raises(InputError, match="estimate"):
        twin.energy(net(torch.tensor(IMAGES)), torch.tensor(LABELS)).backward()
        optimiser.step()
    optimiser.estimate(torch.tensor(IMAGES), torch.tensor(LABELS))
    recipe = recipes.PAPER.with_settings(schedule=(1e-3,), curvature_patterns=6)
    own = stochastic.rates(
        reference.parameters, reference.codes, IMAGES, LABELS, 0, 0, recipe
    )  # the engine's η_k
    gradient = np.concatenate([p.grad.numpy().ravel() for p in net.parameters()])
    optimiser.step()
    moved = reference.parameters - twin.LeNet5.reference(net).parameters
    assert furthest(moved, own * gradient) < 1e-3


def test_sdlm_learns_and_keeps_its_curvature_in_its_state(reference):
    net = twin.LeNet5.of(reference)
    optimiser = twin.SDLM(net)
    images, labels = torch.tensor(IMAGES), torch.tensor(LABELS)

    def closure():
        optimiser.zero_grad()
        loss = twin.energy(net(images), labels, recipes.PAPER_DISTORTED.loss.j, recipes.PAPER_DISTORTED.loss.scale)
        loss.backward()
        return loss

    optimiser.estimate(images, labels, recipes.PAPER_DISTORTED.loss.j)
    before = optimiser.step(closure).item()
    other = twin.SDLM(net)
    other.load_state_dict(optimiser.state_dict())
    for _ in range(20):
        after = other.step(closure).item()
    assert after < before
    with pytest.raises(InputError, match="more than 0"):
        twin.SDLM(net, lr=0)


# --- PyTorch's own machinery ----------------------------------------------------------------------------


def test_compile_keeps_the_answers_and_the_gradient(reference):
    net = twin.LeNet5.of(reference)
    whole = torch.compile(net, fullgraph=True, backend="aot_eager")
    images, labels = torch.tensor(IMAGES), torch.tensor(LABELS)
    twin.energy(net(images), labels).backward()
    slopes = [parameter.grad.clone() for parameter in net.parameters()]
    net.zero_grad()
    y = whole(images)
    twin.energy(y, labels).backward()
    assert torch.allclose(y, net(images), atol=1e-4)
    for parameter, slope in zip(net.parameters(), slopes, strict=True):
        assert torch.allclose(parameter.grad, slope, atol=1e-5)


def test_export_takes_any_number_of_images(reference):
    net = twin.LeNet5.of(reference).eval()
    batch = torch.export.Dim("batch", min=1, max=4096)
    program = torch.export.export(net, (torch.tensor(IMAGES[:2]),), dynamic_shapes=({0: batch},))
    for count in (1, 6):
        found = program.module()(torch.tensor(IMAGES[:count]))
        assert torch.allclose(found, net(torch.tensor(IMAGES[:count])), atol=1e-4)


@pytest.mark.parametrize(("dtype", "off"), [(torch.bfloat16, 0.05), (torch.float16, 0.01)])
def test_half_precision_gives_nearly_the_same_penalties(dtype, off):
    model = LeNet5.pretrained()
    images = np.stack([np.roll(IMAGES[0] // 2, k, 0) for k in range(4)])
    found = twin.LeNet5.of(model).to(dtype)(torch.tensor(images))
    assert found.dtype == dtype
    assert furthest(found.detach().float().numpy(), model.penalties(images)) < off


def test_a_state_dict_and_a_copy_bring_everything_back(reference):
    import copy

    net, other = twin.LeNet5.of(reference), twin.LeNet5(seed=99)
    images = torch.tensor(IMAGES)
    assert not torch.equal(other(images), net(images))
    other.load_state_dict(net.state_dict())
    assert torch.equal(other(images), net(images)) and torch.equal(copy.deepcopy(net)(images), net(images))


# --- files and the Hub ----------------------------------------------------------------------------------


def test_the_file_is_the_same_to_the_last_byte(tmp_path):
    model = LeNet5.pretrained()
    model.save(tmp_path / "model.safetensors")
    twin.LeNet5.load(tmp_path / "model.safetensors").save(tmp_path / "twin.safetensors")
    assert (tmp_path / "twin.safetensors").read_bytes() == (tmp_path / "model.safetensors").read_bytes()
    assert twin.LeNet5.load("digits").reference().metadata == model.metadata
    with pytest.raises(ModelError, match="does not exist"):
        twin.LeNet5.load(tmp_path / "none.safetensors")


def test_the_hub_offline(tmp_path, monkeypatch):
    hub = pytest.importorskip("huggingface_hub", reason="huggingface_hub is not installed")
    net = twin.LeNet5.of(LeNet5("xyz", seed=3))
    remote = tmp_path / "remote"
    monkeypatch.setattr(
        hub.HfApi, "create_repo", lambda self, repo_id, **more: type("R", (), {"repo_id": repo_id})
    )
    monkeypatch.setattr(
        hub.HfApi, "upload_folder", lambda self, folder_path, **more: shutil.copytree(folder_path, remote)
    )
    net.push_to_hub("someone/letters")
    assert {file.name for file in remote.iterdir()} == {"model.safetensors", "config.json", "README.md"}
    assert json.loads((remote / "config.json").read_text())["classes"] == list("xyz")
    card = (remote / "README.md").read_text()
    assert 'from_pretrained("someone/letters")' in card and "library_name: lenet5" in card
    back = twin.LeNet5.from_pretrained(remote)
    assert back.classes == list("xyz") and torch.equal(back(torch.tensor(IMAGES)), net(torch.tensor(IMAGES)))
    assert LeNet5.load(remote / "model.safetensors").classes == list("xyz")
    (remote / "model.safetensors").unlink()
    with pytest.raises(ModelError, match="save_pretrained"):
        twin.LeNet5.from_pretrained(remote)


# --- distortions ----------------------------------------------------------------------------------------

EVERYTHING = distort.Distortion(
    translation=2, scaling=0.2, squeezing=0.2, shear=0.2, rotation=20, thickness=1, gain=0.5, alpha=30,
    spread=0.8, erasing=0.7, erased=12, regular=0.2,
)  # fmt: skip


@pytest.mark.parametrize("chosen", [distort.NONE, distort.PAPER, distort.STRONG, FAST.distortion, EVERYTHING])
def test_distortions_are_the_engines_picture_for_picture(chosen):
    patterns = np.array([0, 3, 59_999, 1, 2, 77])
    mine = distortion.Distorter(chosen, 5, torch.device("cpu"))
    for pass_index in (0, 41):
        mine.prepare_pass(pass_index)
        assert np.abs(mine.pool.numpy() - chosen.pool(5, pass_index)).max() < 1e-5
        found = mine(torch.tensor(IMAGES), torch.tensor(patterns)).numpy()
        expected = distort.distort(IMAGES, chosen, 5, pass_index, patterns)
        # Rounding may bring a place to another neighbour: the bilinear mean is continuous there.
        assert np.abs(found - expected).max() < 1e-4


# --- training -------------------------------------------------------------------------------------------

MANY = draw.integers(0, 256, (50, 28, 28)).astype(np.uint8)
MANY_LABELS = draw.integers(0, 10, 50)


def trained(trainer, images=MANY, labels=MANY_LABELS, **settings):
    """Two passes in batches of 16: the parameters, the average, energy and errors of the last pass."""
    model = LeNet5(seed=3, spread=1.0, power=0.5)
    own = trainer(
        model.parameters, model.codes, images, labels, batch=16, j=20.0, scale=0.1, seed=4, **settings
    )
    rate = 0.001 if settings.get("squares") else 0.02
    for index in range(2):
        own.prepare_pass(index)
        told = own.run(np.random.default_rng(index).permutation(50), np.full(4, rate, np.float32), 0.1)
    return model.parameters, own.average, np.array(told)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"decay": 0.01, "distortion": distort.STRONG},
        {"squares": 0.99, "decay": 0.1, "momentum": 0.8},
    ],
    ids=["momentum", "distorted", "squares"],
)
def test_training_takes_the_engines_steps(settings):
    mine, theirs = trained(twin.Trainer, **settings), trained(numpy_backend.Trainer, **settings)
    # Adam divides by the root of small numbers, so that rounding shows.
    bound = 1e-3 if "squares" in settings else 1e-5
    assert np.abs(mine[0] - theirs[0]).max() < bound
    assert np.abs(mine[1] - theirs[1]).max() < bound
    assert mine[2][0] == pytest.approx(theirs[2][0], rel=1e-4) and mine[2][1] == theirs[2][1]


def test_weights_as_targets_and_small_pieces_change_nothing(monkeypatch):
    weights = np.eye(10, dtype=np.float32)[MANY_LABELS]
    expected = trained(twin.Trainer)[0]
    assert (trained(twin.Trainer, labels=weights)[0] == expected).all()
    monkeypatch.setattr(sys.modules["lenet5.torch.training"], "PIECE", 16)
    assert np.abs(trained(twin.Trainer)[0] - expected).max() < 1e-6


def test_what_a_trainer_cannot_use_is_a_sentence():
    with pytest.raises(InputError, match="one for each"):
        trained(twin.Trainer, labels=MANY_LABELS[:3])
    with pytest.raises(InputError, match="device 'nonsense'"):
        trained(twin.trainer("nonsense"))
    if not torch.cuda.is_available():
        with pytest.raises(InputError, match="device 'cuda'"):
            trained(twin.trainer("cuda"))


def test_rehearsing_for_a_cuda_graph_leaves_no_trace(monkeypatch):
    """Without a GPU what can be tested of it: CUDA wants work done before it is recorded."""
    nothing = SimpleNamespace(wait_stream=lambda other: None, replay=lambda: None)
    for name in ("Stream", "current_stream", "CUDAGraph"):
        monkeypatch.setattr(torch.cuda, name, lambda *arguments: nothing)
    for name in ("stream", "graph"):
        monkeypatch.setattr(torch.cuda, name, lambda *arguments: nullcontext())
    model = LeNet5(seed=3)
    own = twin.Trainer(model.parameters, model.codes, MANY, MANY_LABELS, batch=16)
    own.run(np.arange(50), np.full(4, 0.02, np.float32), 0.1)
    before = [value.clone() for value in (own._state, own._at, own._done, own._totals)]
    own.device = SimpleNamespace(type="cuda")
    own._at.zero_()
    own._record_step()
    own._at += 4
    for value, was in zip((own._state, own._at, own._done, own._totals), before, strict=True):
        assert torch.equal(value, was)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")
@pytest.mark.parametrize("settings", [{}, {"distortion": distort.STRONG, "decay": 0.01}])
def test_a_gpu_takes_the_same_steps(settings):
    mine, theirs = trained(twin.trainer("cuda"), **settings), trained(numpy_backend.Trainer, **settings)
    assert np.abs(mine[0] - theirs[0]).max() < 1e-2  # TF32, and the order of sums
    assert mine[2][0] == pytest.approx(theirs[2][0], rel=1e-2)


@pytest.fixture(scope="module")
def patterns(tmp_path_factory) -> Path:
    """A small data set: noise around ten pictures."""
    where = tmp_path_factory.mktemp("data") / "few.npz"
    rng = np.random.default_rng(0)
    labels = np.arange(90) % 10
    pictures = rng.integers(0, 256, (10, 7, 7)).repeat(4, 1).repeat(4, 2)
    noise = rng.integers(-40, 40, (90, 28, 28))
    np.savez(where, images=np.clip(pictures[labels] + noise, 0, 255).astype(np.uint8), labels=labels)
    return where


def two_processes(*arguments) -> subprocess.CompletedProcess:
    """`torchrun --nproc_per_node=2 -m lenet5 train --device cpu …`"""
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2", "-m"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [*command, "lenet5", "train", "--device", "cpu", *map(str, arguments)],
        capture_output=True, text=True, timeout=120, env=environment,
    )  # fmt: skip


def test_two_processes_train_as_one_does(patterns, tmp_path):
    alone, both, again = (tmp_path / f"{name}.safetensors" for name in ("alone", "both", "again"))
    common = ("--data", patterns, "--passes", 2, "--seed", 3)
    one = CliRunner().invoke(cli.group, ["train", "--device", "cpu", *map(str, common), "--out", str(alone)])
    assert one.exit_code == 0, one.output
    two = two_processes(*common, "--out", both)
    assert two.returncode == 0, two.stderr
    expected, found = LeNet5.load(alone), LeNet5.load(both)
    assert np.abs(found.parameters - expected.parameters).max() < 1e-5
    assert (
        np.abs(expected.parameters - LeNet5(seed=3, spread=FAST.initialisation.spread, power=FAST.initialisation.power).parameters).max()
        > 1e-2
    )
    assert found.metadata["figures"] == expected.metadata["figures"]
    assert two.stdout.count("pass 1/2") == two.stdout.count("pass 2/2") == 1  # one of them speaks
    assert sorted(file.name for file in tmp_path.iterdir() if "both" in file.name) == [
        "both.log.jsonl", "both.safetensors",
    ]  # fmt: skip

    # Interrupted after a pass, two processes go on to the same result, from the first one's checkpoint.
    def stop(report):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        loop.train(
            dataset.load(str(patterns)), FAST.with_passes(2), seed=3, out=again, each_pass=stop,
            trainer=twin.trainer("cpu"), command="lenet5 train",
        )  # fmt: skip
    resumed = two_processes(*common, "--out", again, "--resume")
    assert resumed.returncode == 0, resumed.stderr
    assert "pass 1/2" not in resumed.stdout
    assert np.abs(LeNet5.load(again).parameters - expected.parameters).max() < 1e-5


# --- what is missing, and the document ------------------------------------------------------------------


def test_without_pytorch_the_sentence_names_the_extra():
    program = (
        "import sys; sys.modules['torch'] = None\n"
        "from lenet5.errors import MissingExtraError\n"
        "try:\n    import lenet5.torch\n"
        "except MissingExtraError as error:\n    print(error)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert "pip install 'lenet5-1998[torch]'" in done.stdout, done.stderr
    program = (
        "import sys; sys.modules['torch'] = None; from lenet5 import cli; cli.main(['train', '--device=cpu'])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and "pip install 'lenet5-1998[torch]'" in done.stderr


def test_without_the_hub_the_rest_works_and_the_hub_names_the_extra():
    program = (
        "import sys; sys.modules['huggingface_hub'] = None\n"
        "from lenet5.torch import LeNet5\n"
        "from lenet5.errors import MissingExtraError\n"
        "for call in (LeNet5.from_pretrained, LeNet5().save_pretrained, LeNet5().push_to_hub):\n"
        "    try: call('x')\n"
        "    except MissingExtraError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert done.stdout.count("pip install 'lenet5-1998[torch]'") == 3, done.stderr


def test_the_example_in_the_document_runs(tmp_path, monkeypatch):
    examples = re.findall(r"```python\n(.*?)```", (DOCS / "torch.md").read_text(encoding="utf-8"), re.DOTALL)
    assert examples
    monkeypatch.chdir(tmp_path)
    names = {}
    for example in examples:
        exec(compile(example, "docs/torch.md", "exec"), names)
    assert (tmp_path / "own.safetensors").exists()

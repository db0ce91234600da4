"""The twin against the reference: parameters, states, answers, and under PyTorch's own machinery."""

import copy

import numpy as np
import pytest

from lenet5.errors import InputError, ModelError
from lenet5.model.lenet5 import LeNet5
from lenet5.network import reference as network
from lenet5.network.architecture import PARAMETER_COUNT, SHAPES
from lenet5.network.preprocessing import normalise

torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install 'lenet5-1998[torch]'")

from lenet5 import torch as twin  # noqa: E402 (after PyTorch is known to be there)

draw = np.random.default_rng(1998)
IMAGES = draw.integers(0, 256, (6, 28, 28)).astype(np.uint8)
LABELS = draw.integers(0, 10, 6)


def test_it_has_the_parameters_of_the_paper_and_no_others():
    net = twin.LeNet5()
    assert sum(parameter.numel() for parameter in net.parameters()) == PARAMETER_COUNT == 60_000
    assert [(name, tuple(value.shape)) for name, value in net.named_parameters()] == list(SHAPES.items())
    assert set(net.state_dict()) == {*SHAPES, "codes"}


def test_it_starts_as_the_reference_does_from_the_same_seed():
    for name, value in LeNet5("abc", 7).named_parameters.items():
        assert (twin.LeNet5("abc", 7).get_parameter(name).detach().numpy() == value).all()


def test_forward_equals_the_reference(reference, activations):
    net = twin.LeNet5.of(reference).double()
    assert np.abs(net(torch.tensor(IMAGES)).detach().numpy() - activations[2].penalties).max() < 1e-10
    x = torch.tensor(normalise(IMAGES, np.float64))[:, None]
    for name, layer in zip(("c1", "s2", "c3", "s4", "c5", "f6"), net.layers, strict=True):
        x = layer(x)
        assert np.abs(x.detach().numpy() - activations[2].x[name]).max() < 1e-10


def test_a_wide_field_gives_a_column_every_four_pixels(reference, activations):
    parameters, codes, _ = activations
    x = draw.uniform(-0.1, 1.175, (2, 33, 50))
    found = twin.LeNet5.of(reference).double().penalties(torch.tensor(x)).detach().numpy()
    expected = network.forward(parameters, codes, x).penalties
    assert found.shape == expected.shape == (2, 1, 5, 10)
    assert np.abs(found - expected).max() < 1e-10


@pytest.mark.parametrize(
    "images", [IMAGES, IMAGES[:, None], IMAGES / np.float32(255), np.pad(IMAGES, ((0, 0), (2, 2), (2, 2)))]
)
def test_every_form_of_image_is_the_same_picture(images):
    expected = normalise(IMAGES, np.float64)
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
def test_half_precision_gives_nearly_the_same_penalties(dtype, off, relative_difference):
    model = LeNet5.pretrained()
    images = np.stack([np.roll(IMAGES[0] // 2, k, 0) for k in range(4)])
    found = twin.LeNet5.of(model).to(dtype)(torch.tensor(images))
    assert found.dtype == dtype
    assert relative_difference(found.detach().float().numpy(), model.penalties(images)) < off


def test_a_state_dict_and_a_copy_bring_everything_back(reference):
    net, other = twin.LeNet5.of(reference), twin.LeNet5(seed=99)
    images = torch.tensor(IMAGES)
    assert not torch.equal(other(images), net(images))
    other.load_state_dict(net.state_dict())
    assert torch.equal(other(images), net(images)) and torch.equal(copy.deepcopy(net)(images), net(images))


def test_the_file_is_the_same_to_the_last_byte(tmp_path):
    model = LeNet5.pretrained()
    model.save(tmp_path / "model.safetensors")
    twin.LeNet5.load(tmp_path / "model.safetensors").save(tmp_path / "twin.safetensors")
    assert (tmp_path / "twin.safetensors").read_bytes() == (tmp_path / "model.safetensors").read_bytes()
    assert twin.LeNet5.load("digits").reference().metadata == model.metadata
    with pytest.raises(ModelError, match="does not exist"):
        twin.LeNet5.load(tmp_path / "none.safetensors")

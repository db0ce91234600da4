"""One place chooses the backend: by argument, by LENET5_BACKEND, or automatically; both offer the same."""

import inspect
import pickle
import subprocess
import sys

import pytest

from lenet5.engine import interface
from lenet5.engine.backend import NAMES, backend
from lenet5.errors import InputError, LeNet5Error

MODULES = ("inference", "minibatch", "stochastic", "augmentation", "seams", "lattice")


def test_the_argument_decides_before_the_environment(monkeypatch):
    monkeypatch.setenv("LENET5_BACKEND", "numpy")
    assert backend().name == "numpy"
    assert backend("numba").name == "numba"
    monkeypatch.delenv("LENET5_BACKEND")
    assert backend().name == "numba"  # it can be imported here


@pytest.mark.parametrize("name", ["cuda", "NumPy", ""])
def test_an_unknown_name_is_a_sentence(name):
    with pytest.raises(InputError, match="numba and numpy are known"):
        backend(name)


def test_an_unknown_name_in_the_environment_says_where_it_stands(monkeypatch):
    monkeypatch.setenv("LENET5_BACKEND", "fast")
    with pytest.raises(InputError, match=r"'fast' \(LENET5_BACKEND\)"):
        backend()


@pytest.mark.parametrize("name", NAMES)
def test_a_backend_is_one_object_also_after_a_journey(name):
    assert pickle.loads(pickle.dumps(backend(name))) is backend(name)


@pytest.mark.parametrize("module", MODULES)
@pytest.mark.parametrize("name", NAMES)
def test_each_module_offers_what_the_interface_declares(module, name):
    declared = getattr(interface, module.capitalize())
    offered = getattr(backend(name), module)
    for member in (key for key in vars(declared) if not key.startswith("_")):
        wanted = getattr(declared, member)
        if isinstance(wanted, property):
            assert inspect.isclass(getattr(offered, member))
        else:
            names = list(inspect.signature(wanted).parameters)[1:]
            assert list(inspect.signature(getattr(offered, member)).parameters) == names


@pytest.mark.parametrize("module", MODULES)
def test_both_trainers_and_passes_take_the_same_arguments(module):
    one, other = (getattr(backend(name), module) for name in NAMES)
    for name in ("Trainer", "Pass"):
        if hasattr(one, name):
            assert inspect.signature(getattr(one, name)) == inspect.signature(getattr(other, name))


def test_numba_by_name_is_an_error_where_it_cannot_be_had():
    program = (
        "import sys; sys.modules['numba'] = None\n"
        "from lenet5.engine.backend import backend\n"
        "from lenet5.errors import MissingExtraError\n"
        "try: backend('numba')\n"
        "except MissingExtraError as error: print(error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    assert "choose numpy" in done.stdout and issubclass(InputError, LeNet5Error)

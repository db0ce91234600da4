"""When an error has settled."""

from lenet5.reproduce.panel import Sample
from lenet5.reproduce.training_figures import settled


def test_an_error_has_settled_where_it_stays():

    assert settled([Sample((error,)) for error in (0.03, 0.0101, 0.02, 0.0102, 0.0099, 0.01)]) == 4
    assert settled([Sample((0.01,))] * 3) == 1

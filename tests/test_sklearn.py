"""The scikit-learn classifier: its contract, its pictures, its probabilities."""

import pickle
import re
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

from lenet5 import FAST, InputError
from lenet5.network import losses

pytest.importorskip("sklearn", reason="scikit-learn is not installed: pip install 'lenet5-1998[sklearn]'")

from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.utils import estimator_checks

from lenet5.sklearn import LeNet5Classifier, fields

DOCS = Path(__file__).parents[1] / "docs"
# The checks' own data are clouds of two features, no characters: gentle steps, and no distortions.
GENTLE = LeNet5Classifier(FAST.with_settings(rate=0.02, batch=16), passes=10, distort=False)
EXPECTED = {
    "check_methods_subset_invariance": "float32 sums of a lone image and of a batch differ by rounding; "
    "the check wants 1e-7"
}


@pytest.fixture(scope="module")
def digits():
    return load_digits(return_X_y=True)


@pytest.fixture(scope="module")
def fitted(digits):
    return LeNet5Classifier(passes=8, random_state=0).fit(digits[0][:1200], digits[1][:1200])


def test_every_check_of_scikit_learn_passes_but_the_explained():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of checks skipped since pandas or array_api is not there
        results = estimator_checks.check_estimator(GENTLE, expected_failed_checks=EXPECTED, on_fail=None)
    failed = {result["check_name"] for result in results if result["status"] == "failed"}
    assert not failed
    assert {result["check_name"] for result in results if result["status"] == "xfail"} <= set(EXPECTED)
    assert sum(result["status"] == "passed" for result in results) > 40


def test_the_explained_exception_is_rounding_and_no_more(fitted, digits):
    rows = digits[0][1200:1260]
    together = fitted.predict_proba(rows)
    apart = np.concatenate([fitted.predict_proba(row[None]) for row in rows])
    assert np.abs(together - apart).max() < 1e-5
    assert (together.argmax(1) == apart.argmax(1)).all()


def test_small_digits_are_learned(fitted, digits):
    assert fitted.score(digits[0][1200:], digits[1][1200:]) > 0.85


def test_a_small_picture_is_enlarged_and_centred():
    row = np.arange(64.0)
    picture = fields(row[None], 0, 63)[0]
    assert picture.shape == (28, 28) and (picture[2:26:3, 2:26:3].ravel() == np.rint(row / 63 * 255)).all()
    assert picture[:2].max() == picture[26:].max() == 0 and (picture[3, 5:8] == picture[3, 5]).all()


def test_pictures_of_28_pixels_stay_as_they_are():
    pictures = np.random.default_rng(0).integers(0, 256, (3, 28, 28)).astype(np.uint8)
    assert (fields(pictures.reshape(3, -1), 0, 255) == pictures).all()
    assert (fields(255 - pictures.reshape(3, -1), 255, 0) == pictures).all()  # black on white


def test_cubes_are_rows(fitted, digits):
    X = digits[0][:5]
    assert (fitted.predict(X.reshape(5, 8, 8)) == fitted.predict(X)).all()


def test_probabilities_are_the_posterior_of_equation_9_among_the_classes(fitted, digits):
    penalties = fitted.penalties(digits[0][1200:]).astype(np.float64)
    posterior = losses.posterior(penalties, j=FAST.loss.j, scale=FAST.loss.scale)
    expected = posterior / posterior.sum(1, keepdims=True)
    found = fitted.predict_proba(digits[0][1200:])
    assert np.abs(found - expected).max() < 1e-12
    assert (fitted.classes_[found.argmax(1)] == fitted.predict(digits[0][1200:])).all()


def test_any_labels_do(digits):
    names = np.array([f"number {label}" for label in digits[1][:200]])
    classifier = clone(GENTLE).set_params(passes=1).fit(digits[0][:200], names)
    assert set(classifier.predict(digits[0][:9])) <= set(names)
    assert classifier.classes_.tolist() == sorted(set(names))


def test_digits_keep_their_own_codes(fitted):
    assert fitted.model_.classes == list("0123456789")


def test_one_state_one_network(digits):
    one, other, third = (
        clone(GENTLE)
        .set_params(passes=1, random_state=state)
        .fit(*(part[:100] for part in digits))
        .model_.parameters
        for state in (1, 1, 2)
    )
    assert (one == other).all() and (one != third).any()


def test_partial_fit_learns_pass_by_pass(digits):
    classifier = LeNet5Classifier(FAST.with_settings(rate=0.05, batch=16), distort=False, random_state=0)
    X, y = digits[0][:600], digits[1][:600]
    with pytest.raises(InputError, match="all classes"):
        classifier.partial_fit(X, y)
    scores = []
    for _ in range(6):
        for part in (slice(0, 300), slice(300, 600)):
            classifier.partial_fit(X[part], y[part], classes=range(10))
        scores.append(classifier.score(X, y))
    assert scores[-1] > max(0.85, scores[0]) and classifier.n_iter_ == 12
    with pytest.raises(InputError, match="first partial_fit"):
        classifier.partial_fit(X, y, classes=range(9))
    with pytest.raises(InputError, match="none of the classes"):
        classifier.partial_fit(X[:1], [11])


def test_partial_fit_keeps_its_momentum(digits):
    settings = {"classes": range(10)}
    X, y = digits[0][:100], digits[1][:100]
    kept = clone(GENTLE).set_params(random_state=0).partial_fit(X, y, **settings)
    lost = clone(GENTLE).set_params(random_state=0).partial_fit(X, y, **settings)
    lost._velocity[:] = 0
    assert (kept.partial_fit(X, y).model_.parameters != lost.partial_fit(X, y).model_.parameters).any()


def test_pipelines_searches_folds_and_pickles(digits, fitted):
    X, y = digits[0][:200], digits[1][:200]
    short = clone(GENTLE).set_params(passes=2, random_state=0)
    assert len(cross_val_score(make_pipeline(MinMaxScaler(), short), X, y, cv=2)) == 2
    search = GridSearchCV(short, {"passes": [1, 2]}, cv=2).fit(X, y)
    assert search.best_params_["passes"] in (1, 2)
    again = pickle.loads(pickle.dumps(fitted))  # scikit-learn's way to other processes
    assert (again.predict_proba(X) == fitted.predict_proba(X)).all()


@pytest.mark.parametrize(
    ("settings", "X", "y", "sentence"),
    [
        ({}, np.zeros((4, 785)), [0, 1, 0, 1], "784 pixels"),
        ({}, np.eye(4), [1, 1, 1, 1], "2 to 95 classes"),
        ({}, np.ones((192, 2)), np.arange(192) // 2, "2 to 95 classes"),
        ({"recipe": "slow"}, np.eye(4), [0, 1, 0, 1], "fast or best"),
        ({"recipe": "paper"}, np.eye(4), [0, 1, 0, 1], "must be .*best.*, or a lenet5.Recipe"),
        ({"ink": (1, 1)}, np.eye(4), [0, 1, 0, 1], "must differ"),
    ],
)
def test_what_cannot_be_learned_is_a_sentence(settings, X, y, sentence):
    with pytest.raises(InputError, match=sentence):
        clone(GENTLE).set_params(**settings).fit(X, y)


def test_before_fit_it_says_so(digits):
    for ask in (GENTLE.predict, GENTLE.predict_proba, GENTLE.penalties):
        with pytest.raises(NotFittedError):
            ask(digits[0])


def test_without_scikit_learn_the_sentence_names_the_extra():
    program = (
        "import sys; sys.modules['sklearn'] = None\n"
        "from lenet5.errors import MissingExtraError\n"
        "try:\n    import lenet5.sklearn\n"
        "except MissingExtraError as error:\n    print(error)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert "pip install 'lenet5-1998[sklearn]'" in done.stdout, done.stderr


def test_the_example_in_the_document_runs(tmp_path, monkeypatch):
    examples = re.findall(
        r"```python\n(.*?)```", (DOCS / "sklearn.md").read_text(encoding="utf-8"), re.DOTALL
    )
    assert examples
    monkeypatch.chdir(tmp_path)
    for example in examples:
        exec(compile(example, "docs/sklearn.md", "exec"), {})
    assert (tmp_path / "own.safetensors").exists()


def test_a_standard_scaler_is_warned_of(digits):
    with pytest.warns(UserWarning, match="leave StandardScaler out"):
        make_pipeline(StandardScaler(), LeNet5Classifier(passes=1, random_state=0)).fit(
            digits[0][:60], digits[1][:60]
        )


@pytest.mark.parametrize(("fit", "predict"), [(16, 1 / 16), (1 / 16, 16)])
def test_another_scale_than_that_of_fit_is_warned_of(digits, fit, predict):
    images, labels = digits[0][:60], digits[1][:60]  # 0 to 16
    classifier = LeNet5Classifier(passes=1, random_state=0).fit(images * fit, labels)
    with pytest.warns(UserWarning, match="give both on one scale"):
        classifier.predict(images * predict)
    classifier.predict(images * fit)  # and no warning


def test_scaled_values_are_warned_of_where_fit_had_pixels(digits):
    images, labels = digits[0][:60], digits[1][:60]
    classifier = LeNet5Classifier(passes=1, random_state=0).fit(images, labels)
    with pytest.warns(UserWarning, match="X goes down to -.*leave out StandardScaler"):
        classifier.predict(StandardScaler().fit_transform(images))


def test_data_frames_and_arrays_give_the_same(digits, fitted):
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    images, labels = digits[0][:300], digits[1][:300]
    frame = pandas.DataFrame(images, columns=[f"p{i}" for i in range(64)])
    one = LeNet5Classifier(passes=1, random_state=0).fit(frame, pandas.Series(labels))
    other = LeNet5Classifier(passes=1, random_state=0).fit(images, labels)
    assert (one.predict_proba(frame) == other.predict_proba(images)).all()

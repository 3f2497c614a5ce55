"""TripletRanking: by hand, finite differences, the twin, scikit-learn's checks, bad input."""

import pickle
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import autograd.numpy
import numpy as np
import pytest
from autograd import grad
from sklearn.base import clone
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.utils.estimator_checks import parametrize_with_checks

from tests.reference import triplet as reference
from trfast._ext import _triplet
from trfast.errors import ModelError, ParameterError
from trfast.scoring.triplet import TripletRanking
from trfast.scoring.triplet_training import Members


def vectors(n_classes=12, size=4, d=8, noise=0.7, seed=0, dtype=np.float64):
    """Noisy vectors of classes, and a pair and a single that only give negatives."""
    rng = np.random.default_rng(seed)
    sizes = [size] * n_classes + [2, 1]
    y = np.repeat(np.arange(len(sizes)), sizes)
    means = np.random.default_rng(99).normal(size=(len(sizes), d))
    return (means[y] + noise * rng.normal(size=(len(y), d))).astype(dtype), y


def with_ones(x):
    return np.hstack([x, np.ones((len(x), 1), x.dtype)])


def random_triplets(y, n, seed=0):
    rng = np.random.default_rng(seed)
    found: list[tuple[int, int, int]] = []
    while len(found) < n:
        a, p, q = rng.integers(len(y), size=3)
        if a != p and y[a] == y[p] and y[a] != y[q]:
            found.append((a, p, q))
    return np.array(found, dtype=np.intc)


def kernel_forward(x, weights):
    unit, norm = np.empty((len(x), weights.shape[1]), x.dtype), np.empty(len(x), x.dtype)
    _triplet.forward(x, weights, unit, norm)
    return unit, norm


def kernel_gradient(x, weights, triplets):
    unit, norm = kernel_forward(x, weights)
    gradient = np.empty_like(weights)
    _triplet.loss_gradient(x, unit, norm, triplets, gradient)
    return gradient


@parametrize_with_checks([TripletRanking(n_epochs=30), TripletRanking(selection="hard", n_init=2)])
def test_scikit_learn_checks(estimator, check):
    estimator.n_epochs = 30
    check(estimator)


def test_loss_by_hand():
    # tanh of (1, 0), (0, 1) and (1, 1): cosines 0 and 1 / sqrt(2).
    x = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    expected = -0.0 + 0.5**0.5 + 0.6
    assert reference.loss(x, np.eye(2), np.array([[0, 1, 2]]), 0.6) == pytest.approx(expected)


@pytest.mark.usefixtures("instruction_set")
@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-14), (np.float32, 5e-7)])
@pytest.mark.parametrize("scale", [1e-4, 0.1, 1.0, 30.0])
@pytest.mark.parametrize("h", [1, 7, 200])
@pytest.mark.parametrize("n", [9, 700])
def test_forward(n, h, scale, dtype, tolerance):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(n, 5)).astype(dtype)
    weights = (scale * rng.normal(size=(5, h))).astype(dtype)
    x[3] = 0
    unit, norm = kernel_forward(x, weights)
    np.testing.assert_allclose(unit, reference.forward(x, weights), atol=3 * tolerance)
    assert norm[3] == 0
    assert not unit[3].any()


@pytest.mark.usefixtures("instruction_set")
def test_tanh_in_single_precision():
    """Every size of argument, also under the smallest exponent of the approximation."""
    z = np.concatenate([np.geomspace(1e-30, 100, 20_001), np.linspace(0, 10, 20_001)])
    z = np.concatenate([z, -z]).astype(np.float32)[:, None]
    unit, norm = kernel_forward(z, np.ones((1, 1), np.float32))
    expected = np.tanh(z.astype(np.float64))
    large = np.abs(z[:, 0]) > 1e-18  # the square of a smaller one is zero
    np.testing.assert_allclose((unit[:, 0] * norm)[large], expected[large, 0], rtol=5e-7)


def test_gradient_by_finite_differences():
    x, y = vectors(d=5)
    x = with_ones(x)
    weights = 0.3 * np.random.default_rng(1).normal(size=(6, 4))
    triplets = random_triplets(y, 40)
    margin = 2.5  # above 2, every triplet contributes
    numeric = np.empty_like(weights)
    for place in np.ndindex(*weights.shape):
        step = np.zeros_like(weights)
        step[place] = 1e-5
        above = reference.loss(x, weights + step, triplets, margin)
        below = reference.loss(x, weights - step, triplets, margin)
        numeric[place] = (above - below) / 2e-5
    np.testing.assert_allclose(kernel_gradient(x, weights, triplets), numeric, atol=1e-8)


def test_gradient_by_automatic_differentiation():
    x, y = vectors(dtype=np.float64)
    triplets = random_triplets(y, 50)
    weights = np.random.default_rng(1).normal(size=(8, 6))

    def loss(weights):
        output = autograd.numpy.tanh(x @ weights)
        unit = output / autograd.numpy.sqrt((output**2).sum(axis=1, keepdims=True))
        a, p, n = (unit[rows] for rows in triplets.T)
        return autograd.numpy.maximum(0, (a * (n - p)).sum(axis=1) + 2.5).sum()

    np.testing.assert_allclose(kernel_gradient(x, weights, triplets), grad(loss)(weights))


# Rows that fill a part of a kernel's block, one, and some blocks and a part.
N_ROWS = [51, 160, 403]


@pytest.mark.usefixtures("instruction_set")
@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-12), (np.float32, 1e-5)])
@pytest.mark.parametrize("n", N_ROWS)
@pytest.mark.parametrize("h", [3, 70])
def test_gradient(h, n, dtype, tolerance):
    x, y = (values[:n] for values in vectors(n_classes=100, dtype=dtype))
    x = with_ones(x)
    x[4] = 0  # an output of zero has no slope
    weights = np.random.default_rng(1).normal(size=(9, h)).astype(dtype) / 3
    for n_triplets in (1, 60, 1500):
        triplets = random_triplets(y, n_triplets)
        expected = reference.loss_gradient(x, weights, triplets)
        actual = kernel_gradient(x, weights, triplets)
        np.testing.assert_allclose(actual, expected, atol=tolerance * np.abs(expected).max())
    assert len(np.unique(triplets)) == n


@pytest.mark.usefixtures("instruction_set")
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("k", [1, 5, 40])
@pytest.mark.parametrize("n", N_ROWS)
def test_nearest_others(n, k, dtype):
    x, y = (values[:n] for values in vectors(n_classes=100, dtype=dtype))
    unit = reference.forward(x, np.eye(8, dtype=dtype))
    unit[20] = unit[10]  # equals: the first is taken
    neighbours = np.empty((n, k), np.intc)
    _triplet.nearest_others(unit, y.astype(np.intc), neighbours)
    np.testing.assert_array_equal(neighbours, reference.nearest_others(unit, y, k))


@pytest.mark.usefixtures("instruction_set")
@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-14), (np.float32, 1e-6)])
def test_adadelta(dtype, tolerance):
    rng = np.random.default_rng(0)
    weights, gradients, steps = (rng.uniform(size=(9, 7)).astype(dtype) for _ in range(3))
    expected, state = weights, (gradients, steps)
    for _ in range(3):
        gradient = rng.normal(size=(9, 7)).astype(dtype)
        expected, state = reference.adadelta(expected, gradient, state, 0.5, 0.95, 1e-6)
        _triplet.adadelta(weights, gradient, gradients, steps, 0.5, 0.95, 1e-6)
    np.testing.assert_allclose(weights, expected, rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(gradients, state[0], rtol=tolerance)
    np.testing.assert_allclose(steps, state[1], rtol=tolerance)


@pytest.mark.usefixtures("instruction_set")
@pytest.mark.parametrize("screened", [True, False])
@pytest.mark.parametrize("soft", [True, False])
@pytest.mark.parametrize("h", [1, 31, 96, 200])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_mine(dtype, h, soft, screened):
    """Of many classes in few groups, at a margin that half of the pairs fail to reach."""
    rng = np.random.default_rng(0)
    classes, groups = rng.integers(30, size=(2, 150)) // [[1], [8]]
    x = (rng.normal(size=(30, h))[classes] + rng.normal(size=(150, h))).astype(dtype)
    unit, _ = kernel_forward(x, np.eye(h, dtype=dtype))
    neighbours = reference.nearest_others(unit, classes, 23).astype(np.intc)
    similarity = unit @ unit.T
    others = classes[:, None] != classes
    margin = float(np.median(similarity[~others]) - np.median((similarity * others).max(axis=1)))
    margin = max(margin, 0.1)
    members = Members.of(classes, groups, 3)
    drawn = np.split(members.rows, members.offsets[1:-1])
    uniforms = rng.random((40 * len(drawn), 4))
    triplets = np.empty((len(uniforms), 3), np.intc)
    losses = np.empty(len(uniforms), dtype)
    count = _triplet.mine(
        unit, *members, neighbours, uniforms, 40, 23, margin, soft, screened, triplets, losses
    )
    expected = reference.mine(
        unit.astype(np.float64), drawn, groups, neighbours, uniforms, 40, 23, margin, soft=soft
    )
    assert 0.1 < count / len(uniforms) < 0.9 or h == 1
    np.testing.assert_array_equal(triplets[:count], expected)
    a, p, n = unit[expected.T]
    np.testing.assert_allclose(losses[:count], (a * (n - p)).sum(axis=1) + margin, atol=1e-6)


def test_members():
    classes = np.array([2, 0, 2, 1, 2, 0, 0, 1, 2])
    groups = np.array([1, 0, 0, 0, 1, 0, 0, 1, 0])
    rows, offsets, runs = Members.of(classes, groups, 2)
    # All of class 0 lie in one group.
    np.testing.assert_array_equal(rows, [3, 7, 2, 8, 0, 4])
    np.testing.assert_array_equal(offsets, [0, 2, 6])
    np.testing.assert_array_equal(runs, [[0, 1], [1, 2], [2, 4], [2, 4], [4, 6], [4, 6]])
    np.testing.assert_array_equal(Members.of(classes, groups, 3).rows, [2, 8, 0, 4])


@pytest.mark.usefixtures("instruction_set")
@pytest.mark.parametrize("groups", [None, np.arange(51) // 2 % 3])
@pytest.mark.parametrize("soft", [True, False])
@pytest.mark.parametrize(("dtype", "loss_tol"), [(np.float64, 1e-10), (np.float32, 1e-3)])
def test_training_equals_the_twin_epoch_by_epoch(dtype, loss_tol, soft, groups):
    x, y = vectors(dtype=dtype)
    n_epochs, margin, k, refresh = 25, 0.6, 20, 10
    selection = "soft" if soft else "hard"
    model = TripletRanking(
        margin=margin,
        n_neighbors=k,
        refresh=refresh,
        n_epochs=n_epochs,
        selection=selection,  # type: ignore[arg-type]
        learning_rate=0.5,
        input_scale=0.5,
        random_state=3,
    )
    seen = []
    model.fit(x, y, groups=groups, callback=lambda network: seen.append(network.weights.copy()))

    rng = np.random.default_rng(np.random.SeedSequence(3).spawn(1)[0])
    scaled = with_ones(0.5 * x.astype(np.float64))
    limit = np.sqrt(6 / 16)
    weights = np.vstack([rng.uniform(-limit, limit, (8, 8)).astype(dtype), np.zeros((1, 8))])
    state = (np.zeros_like(weights), np.zeros_like(weights))
    groups = np.arange(51) if groups is None else groups
    classes = [np.flatnonzero(y == c) for c in range(12)]
    classes = [rows[np.argsort(groups[rows], kind="stable")] for rows in classes]
    for epoch in range(n_epochs):
        unit = reference.forward(scaled, weights)
        if epoch % refresh == 0:
            neighbours = reference.nearest_others(unit, y, k)
        uniforms = rng.random((36, 4))
        triplets = reference.mine(
            unit, classes, groups, neighbours, uniforms, 3, 23, margin, soft=soft
        )
        loss = reference.loss(scaled, weights, triplets, margin)
        gradient = reference.loss_gradient(scaled, weights, triplets)
        weights, state = reference.adadelta(weights, gradient, state, 0.5, 0.95, 1e-6)
        entry = model.history_[epoch]
        assert entry.n_triplets == len(triplets)
        assert entry.n_classes == len({y[a] for a, _, _ in triplets})
        assert entry.loss == pytest.approx(loss, rel=loss_tol)
        np.testing.assert_allclose(seen[epoch], weights, atol=loss_tol)
    np.testing.assert_array_equal(model.weights_, seen[-1][:-1])
    np.testing.assert_array_equal(model.bias_, seen[-1][-1])
    np.testing.assert_allclose(
        model.transform(x), reference.forward(scaled, weights), atol=10 * loss_tol
    )


def test_a_start_with_bias_and_constant_outputs():
    x, y = vectors()
    start = np.zeros((9, 10))
    start[:8, :8] = np.eye(8)
    start[8] = 0.1, 0.2, 0.3, 0, 0, 0, 0, 0, 0.7, 0
    model = TripletRanking(initialization=start, n_epochs=20).fit(x, y)
    assert (model.weights_[:, :8] != start[:8, :8]).all()
    assert (model.bias_[:8] != start[8, :8]).all()
    np.testing.assert_array_equal(model.weights_[:, 8], 0)
    assert model.bias_[8] == np.float64(0.7)
    # Without a bias, an output of no weights is like any other.
    assert (model.weights_[:, 9] != 0).any() or model.bias_[9] == 0


def test_selections():
    """Soft triplets lose less than the margin each, hard ones may lose more."""
    x, y = vectors(noise=1.5)
    soft = TripletRanking(n_epochs=1).fit(x, y).history_[0]
    hard = TripletRanking(n_epochs=1, selection="hard").fit(x, y).history_[0]
    assert 0 < soft.loss < 0.6 * soft.n_triplets
    assert hard.n_triplets >= soft.n_triplets
    assert hard.loss / hard.n_triplets > soft.loss / soft.n_triplets


def test_it_learns_what_the_cosine_misses():
    """Speakers in one column, a loud channel in the others: held-back vectors of new speakers."""
    rng = np.random.default_rng(0)
    y = np.repeat(np.arange(60), 5)
    speakers = np.hstack([rng.normal(size=(60, 5)), np.zeros((60, 5))])
    x = (speakers[y] + rng.normal(size=(300, 10)) * ([0.2] * 5 + [2.0] * 5)).astype(np.float32)
    train, test = y < 40, y >= 40
    model = TripletRanking(n_epochs=400, input_scale=0.3).fit(x[train], y[train])

    def ranked(z):
        """How often a speaker's pair beats a pair of two speakers."""
        similarity = z @ z.T
        same = y[test][:, None] == y[test]
        pairs = similarity[same & ~np.eye(len(same), dtype=bool)]
        return np.mean(pairs[:, None] > similarity[~same][::7])

    unit = x[test] / np.linalg.norm(x[test], axis=1, keepdims=True)
    assert ranked(unit) < 0.75
    assert ranked(model.transform(x[test])) > 0.95


def test_partial_fit_goes_on():
    x, y = vectors()
    once = TripletRanking(n_epochs=40, refresh=10).fit(x, y)
    twice = TripletRanking(n_epochs=20, refresh=10).partial_fit(x, y).partial_fit(x, y)
    np.testing.assert_array_equal(twice.weights_, once.weights_)
    assert len(twice.history_) == 40
    assert len(twice.fit(x, y).history_) == 20


def test_initialization_by_a_matrix():
    x, y = vectors()
    start = np.random.default_rng(0).normal(size=(8, 3))
    seen = []
    model = TripletRanking(initialization=start, n_epochs=1)
    clone(model).fit(x, y, callback=lambda network: seen.append(network.transform(x)))
    assert seen[0].shape == (len(x), 3)
    # One step of Adadelta moves a weight by at most sqrt(1e-6 / 0.05).
    np.testing.assert_allclose(seen[0], reference.forward(x, start), atol=0.1)
    with pytest.raises(ParameterError, match=r"shape \(8, 3\), expected \(8, 4\)"):
        TripletRanking(initialization=start, n_components=4).fit(x, y)


def test_initialization_by_a_projection():
    """Training goes on from it, in its fewer dimensions."""
    x, y = vectors(n_classes=40, d=20, noise=1.0)
    start = LinearDiscriminantAnalysis().fit(x, y).scalings_[:, :10]
    model = TripletRanking(initialization=start, n_epochs=150).fit(x, y)
    assert model.weights_.shape == (20, 10)
    assert model.bias_.shape == (10,)
    losses = [epoch.loss for epoch in model.history_]
    random = TripletRanking(n_components=10, n_epochs=1).fit(x, y).history_[0].loss
    assert np.mean(losses[-10:]) < losses[0] < random


def test_positives_of_other_groups():
    """Vectors of a recording share its channel; the pair that differs in it has to be learned."""
    rng = np.random.default_rng(0)
    y, recording = np.repeat(np.arange(40), 6), np.arange(240) // 3
    speakers = np.hstack([rng.normal(size=(40, 5)), np.zeros((40, 5))])
    channels = np.hstack([np.zeros((80, 5)), 2 * rng.normal(size=(80, 5))])
    x = speakers[y] + channels[recording] + 0.2 * rng.normal(size=(240, 10))
    options: dict[str, Any] = {"n_epochs": 200, "input_scale": 0.3}
    plain = TripletRanking(**options).fit(x, y).transform(x)
    apart = TripletRanking(**options).fit(x, y, groups=[f"show {r}" for r in recording])

    def across(unit):
        pairs = (y[:, None] == y) & (recording[:, None] != recording)
        return (unit @ unit.T)[pairs].mean()

    assert across(apart.transform(x)) > across(plain) > across(x / np.linalg.norm(x))


def test_classes_of_one_group_only_give_negatives():
    x, y = vectors()
    groups = np.where(y < 5, np.arange(len(y)), 1000 + y)
    model = TripletRanking(n_epochs=5, selection="hard").fit(x, y, groups=groups)
    assert max(epoch.n_classes for epoch in model.history_) == 5
    with pytest.raises(ModelError, match=r"at least 3 vectors \(min_class_size\) in at least 2 g"):
        TripletRanking().fit(x, y, groups=y)
    with pytest.raises(ParameterError, match=r"one a vector, shape \(51,\), got \(50,\)"):
        TripletRanking().fit(x, y, groups=groups[1:])


def test_early_stop_keeps_the_best_weights():
    x, y = vectors(noise=1.5)
    validation = vectors(noise=1.5, seed=5)
    options: dict[str, Any] = {"refresh": 5, "patience": 2, "n_epochs": 500}
    model = TripletRanking(**options).fit(x, y, validation=validation)
    errors = np.array([epoch.error for epoch in model.history_])
    assert len(errors) < 500
    assert np.isfinite(errors[4::5]).all()
    assert np.isfinite(errors).sum() == len(errors) // 5
    best = model.networks_[0].best_epoch
    assert errors[best - 1] == np.nanmin(errors)
    assert len(errors) == best + 10
    again = TripletRanking(**options | {"n_epochs": best}).fit(x, y)
    np.testing.assert_array_equal(model.weights_, again.weights_)


def test_callback_ends_the_training():
    x, y = vectors()
    model = TripletRanking().fit(x, y, callback=lambda network: len(network.history) == 7)
    assert len(model.history_) == 7


def test_several_initializations():
    x, y = vectors()
    options: dict[str, Any] = {"n_epochs": 60, "n_init": 3, "refresh": 10}
    model = TripletRanking(**options).fit(x, y)
    losses = [sum(epoch.loss for epoch in n.history[-10:]) for n in model.networks_]
    assert losses == sorted(losses)
    assert len(set(losses)) == 3
    with ThreadPoolExecutor(2) as executor:
        parallel = TripletRanking(**options).fit(x, y, executor=executor)
    np.testing.assert_array_equal(parallel.weights_, model.weights_)


def test_pickle_and_float32():
    x, y = vectors(dtype=np.float32)
    model = TripletRanking(n_epochs=10).fit(x, y)
    assert model.weights_.dtype == model.transform(x).dtype == np.float32
    same = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(same.transform(x), model.transform(x))
    same.partial_fit(x, y)
    np.testing.assert_array_equal(same.weights_, model.partial_fit(x, y).weights_)


def test_odd_vectors_are_harmless():
    """Zero vectors, duplicates, also across classes, and constant columns."""
    x, y = vectors()
    x[3] = 0
    x[8], x[9] = x[7], x[30]
    x[:, 2] = 5
    model = TripletRanking(n_epochs=50).fit(x, y)
    assert np.isfinite(model.transform(x)).all()
    assert model.history_[-1].loss < model.history_[0].loss


@pytest.mark.parametrize(
    ("labels", "counts"),
    [
        (np.zeros(50), "50 vectors of 1 class, the largest of 50"),
        (np.arange(50) // 2, "50 vectors of 25 classes, the largest of 2"),
    ],
)
def test_classes_too_few_or_too_small(labels, counts):
    with pytest.raises(ModelError, match=f"{counts}, cannot train.*at least 3"):
        TripletRanking().fit(vectors()[0][:50], labels[: len(vectors()[0])])


def test_bad_vectors():
    x, y = vectors()
    with pytest.raises(ModelError, match="all 51 vectors are equal"):
        TripletRanking().fit(np.ones_like(x), y)
    with pytest.raises(ValueError, match="8 features, but TripletRanking is expecting 7"):
        TripletRanking(n_epochs=1).fit(x[:, 1:], y).transform(x)
    with pytest.raises(ValueError, match="NaN"):
        TripletRanking().fit(np.where(x > 1, np.nan, x), y)


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"margin": 0}, "margin must lie above 0 and up to 2, got 0"),
        ({"margin": np.nan}, "margin"),
        ({"n_neighbors": 0}, "n_neighbors must be at least 1, got 0"),
        ({"min_class_size": 1}, "min_class_size must be at least 2, got 1"),
        ({"selection": "any"}, "one of soft, hard, got 'any'"),
        ({"initialization": "zeros"}, "'random' or a matrix, got 'zeros'"),
        ({"input_scale": 0}, "input_scale must be above 0, got 0"),
    ],
)
def test_bad_parameters(option, message):
    with pytest.raises(ParameterError, match=message):
        TripletRanking(**option).fit(*vectors())


@pytest.mark.parametrize("labels", [np.arange(51), np.zeros(51), np.zeros(50)])
def test_bad_validation(labels):
    x, y = vectors()
    with pytest.raises(ParameterError, match=r"validation has 51 vectors and .* labels"):
        TripletRanking().fit(x, y, validation=(x, labels))
    with pytest.raises(ParameterError, match="validation must have 8 columns, got 7"):
        TripletRanking().fit(x, y, validation=(x[:, 1:], y))
    with pytest.raises(ParameterError, match=r"every 50 epochs .* n_epochs is 49"):
        TripletRanking(n_epochs=49).fit(x, y, validation=(x, y))

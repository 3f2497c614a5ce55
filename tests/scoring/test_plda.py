"""Plda: by hand, against dense joint Gaussians, SIDEKIT, scikit-learn's checks."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.utils.estimator_checks import parametrize_with_checks

from tests.reference import plda as reference
from trfast.errors import ModelError, ParameterError
from trfast.scoring import Plda, cosine_similarity, equal_error_rate


@parametrize_with_checks([Plda(rank=1), Plda(shrinkage=0.5)])
def test_scikit_learn_checks(estimator, check):
    check(estimator)


@pytest.fixture
def model():
    rng = np.random.default_rng(1)
    within = np.cov(rng.normal(size=(5, 40)))
    return Plda.from_parameters(rng.normal(size=5), rng.normal(size=(5, 3)), within)


def simulated(n_speakers, d=6, rank=3, seed=0, most=6):
    """Vectors, labels, and the model they come from: mean, factor, within."""
    rng = np.random.default_rng(seed)
    mean, factor = 3 * rng.normal(size=d), 1.5 * rng.normal(size=(d, rank))
    mix = rng.normal(size=(d, d)) / np.sqrt(d) + np.eye(d)
    labels = np.repeat(np.arange(n_speakers), rng.integers(1, most + 1, size=n_speakers))
    h = rng.normal(size=(n_speakers, rank))[labels]
    x = mean + h @ factor.T + rng.normal(size=(len(labels), d)) @ mix.T
    return x, labels, (mean, factor, mix @ mix.T)


def test_score_by_hand():
    # Variance 1 between and 1 within: the pair has the covariance [[2, 1], [1, 2]], whose
    # inverse is [[2, -1], [-1, 2]] / 3 and determinant 3, against 4 for two speakers.
    plda = Plda.from_parameters([1.0], [[1.0]], [[1.0]])
    a, b = 3.0, 2.0
    expected = -(2 * a * a - 2 * a * b + 2 * b * b) / 6 + (a * a + b * b) / 4 - np.log(3 / 4) / 2
    np.testing.assert_allclose(plda.similarity([[1 + a]], [[1 + b]]), [[expected]])
    # Posterior of h: a variance of 1 / 2 and the mean a / 2.
    np.testing.assert_allclose(np.abs(plda.transform([[1 + a]])), [[a / 2]])


def test_score_equals_dense_gaussians(model):
    rng = np.random.default_rng(2)
    a, b = rng.normal(size=(4, 5)), 3 * rng.normal(size=(3, 5))
    between = model.factor_ @ model.factor_.T
    expected = [
        [reference.log_likelihood_ratio([x], [y], model.mean_, between, model.within_) for y in b]
        for x in a
    ]
    np.testing.assert_allclose(model.similarity(a, b), expected, rtol=1e-10)
    np.testing.assert_allclose(model.similarity(b, a), np.transpose(expected), rtol=1e-10)
    np.testing.assert_array_equal(model.similarity(a), model.similarity(a, a))


def test_score_of_sets_equals_dense_gaussians(model):
    rng = np.random.default_rng(3)
    sets_a = [rng.normal(size=(n, 5)) for n in (1, 4, 2, 4)]
    sets_b = [2 * rng.normal(size=(n, 5)) for n in (3, 1, 7)]
    between = model.factor_ @ model.factor_.T
    expected = [
        [reference.log_likelihood_ratio(a, b, model.mean_, between, model.within_) for b in sets_b]
        for a in sets_a
    ]
    counts_a, counts_b = [len(a) for a in sets_a], [len(b) for b in sets_b]
    sums_a, sums_b = [a.sum(axis=0) for a in sets_a], [b.sum(axis=0) for b in sets_b]
    ratios = model.similarity_of_sets(counts_a, sums_a, counts_b, sums_b)
    np.testing.assert_allclose(ratios, expected, rtol=1e-9)
    alone = model.similarity_of_sets(counts_a, sums_a)
    np.testing.assert_array_equal(
        alone, model.similarity_of_sets(counts_a, sums_a, counts_a, sums_a)
    )


def test_sets_of_one_are_vectors(model):
    x = np.random.default_rng(4).normal(size=(6, 5))
    np.testing.assert_allclose(model.similarity_of_sets(np.ones(6), x), model.similarity(x))


def test_transform_is_the_posterior_mean(model):
    x = np.random.default_rng(5).normal(size=(4, 5))
    expected = [
        reference.posterior(row[None], model.mean_, model.factor_, model.within_)[0] for row in x
    ]
    np.testing.assert_allclose(model.transform(x), expected, rtol=1e-10)


def test_both_covariances_become_diagonal(model):
    p = model.projection_
    np.testing.assert_allclose(p.T @ model.within_ @ p, np.eye(3), atol=1e-12)
    between = p.T @ model.factor_ @ model.factor_.T @ p
    np.testing.assert_allclose(between, np.diag(model.eigenvalues_), atol=1e-12)
    assert (np.diff(model.eigenvalues_) < 0).all()


@pytest.mark.parametrize("rank", [2, 6, None])
def test_em_equals_one_class_at_a_time(rank):
    x, y, _ = simulated(20)
    before, after = (Plda(rank=rank, n_iterations=n).fit(x, y) for n in (2, 3))
    mean, factor, within = reference.em_step(x, y, before.mean_, before.factor_, before.within_)
    np.testing.assert_allclose(after.mean_, mean, rtol=1e-9)
    np.testing.assert_allclose(after.within_, within, atol=1e-9)
    # Up to a rotation of h, which changes nothing.
    np.testing.assert_allclose(after.factor_ @ after.factor_.T, factor @ factor.T, atol=1e-8)


def test_em_raises_the_likelihood():
    x, y, _ = simulated(30)
    likelihoods = []
    for n in range(1, 8):
        m = Plda(rank=2, n_iterations=n).fit(x, y)
        between = m.factor_ @ m.factor_.T
        densities = [
            reference.log_density(x[y == k], m.mean_, between, m.within_) for k in np.unique(y)
        ]
        likelihoods.append(sum(densities))
    assert (np.diff(likelihoods) > 0).all()


def test_em_finds_the_model_behind_the_vectors():
    x, y, (mean, factor, within) = simulated(3000, d=4, rank=2)
    plda = Plda(rank=2, n_iterations=30).fit(x, y)
    scale = np.abs(factor @ factor.T).max()
    np.testing.assert_allclose(plda.mean_, mean, atol=0.15)
    np.testing.assert_allclose(plda.within_, within, atol=0.05 * np.abs(within).max())
    np.testing.assert_allclose(plda.factor_ @ plda.factor_.T, factor @ factor.T, atol=0.06 * scale)


def test_shrinkage_draws_to_the_identity():
    x, y, _ = simulated(20)
    free = Plda(rank=2, n_iterations=1).fit(x, y)
    full = Plda(rank=2, n_iterations=3, shrinkage=1.0).fit(x, y)
    np.testing.assert_allclose(full.within_, np.eye(6) * full.within_[0, 0])
    start, half = (Plda(rank=2, n_iterations=n, shrinkage=0.5).fit(x, y) for n in (1, 2))
    *_, within = reference.em_step(x, y, start.mean_, start.factor_, start.within_)
    expected = 0.5 * within + 0.5 * np.trace(within) / 6 * np.eye(6)
    np.testing.assert_allclose(half.within_, expected, atol=1e-9)
    assert np.linalg.cond(half.within_) < np.linalg.cond(free.within_)


def test_shrinkage_helps_where_classes_are_few():
    rng = np.random.default_rng(9)
    speakers = np.repeat(np.arange(60), 2)
    x = rng.normal(size=(60, 50))[speakers] + 2 * rng.normal(size=(120, 50))
    h = rng.normal(size=(200, 50))
    a, b = (h + 2 * rng.normal(size=h.shape) for _ in range(2))

    def false_alarms(shrinkage):
        scores = Plda(rank=20, shrinkage=shrinkage).fit(x, speakers).similarity(a, b)
        return (scores >= np.median(np.diag(scores))).mean()

    assert false_alarms(0.7) < 0.8 * false_alarms(0.0)


def test_more_rank_than_classes_stays_unused():
    x, y, _ = simulated(4, d=6, most=30)
    plda = Plda(rank=6).fit(x, y)
    assert np.isfinite(plda.similarity(x)).all()
    np.testing.assert_allclose(plda.eigenvalues_[3:], 0, atol=1e-8)


def test_type_follows_the_vectors(model):
    x = np.random.default_rng(6).normal(size=(9, 5))
    single = x.astype(np.float32)
    assert model.similarity(single).dtype == model.transform(single).dtype == np.float32
    assert model.similarity_of_sets(np.ones(9), single).dtype == np.float32
    assert model.similarity(single, x).dtype == model.similarity(x.tolist()).dtype == np.float64
    np.testing.assert_allclose(model.similarity(single), model.similarity(x), atol=1e-4)


def test_pickle_and_clone():
    x, y, _ = simulated(20)
    plda = Plda(rank=2, shrinkage=0.2).fit(x, y)
    np.testing.assert_array_equal(
        pickle.loads(pickle.dumps(plda)).similarity(x), plda.similarity(x)
    )
    assert clone(plda).get_params() == {"rank": 2, "n_iterations": 10, "shrinkage": 0.2}
    again = Plda.from_parameters(plda.mean_, plda.factor_, plda.within_)
    np.testing.assert_allclose(again.similarity(x), plda.similarity(x), atol=1e-9)


def test_labels_may_be_anything_that_sorts():
    x, y, _ = simulated(20)
    order = np.random.default_rng(0).permutation(len(x))
    names = np.array([f"speaker {k}" for k in y])
    expected = Plda(rank=2).fit(x, y).similarity(x)
    np.testing.assert_allclose(Plda(rank=2).fit(x[order], names[order]).similarity(x), expected)


@pytest.mark.parametrize("file", ["g_scoring.npz", "x_link_ivectors.npz"])
def test_scores_equal_sidekit(golden, file):
    data = np.load(golden / file)
    x = data["X" if "X" in data else "iv"]
    plda = Plda.from_parameters(data["plda_mean"], data["plda_F"], data["plda_Sigma"])
    np.testing.assert_allclose(plda.similarity(x), data["plda_scores"], rtol=1e-9, atol=1e-9)


def test_two_covariance_scores_equal_sidekit(golden):
    """SIDEKIT leaves out the constant, the half, and the mean."""
    data = np.load(golden / "g_scoring.npz")
    root = np.linalg.cholesky(data["between_cov"])
    plda = Plda.from_parameters(np.zeros(50), root, data["within_cov"])
    zero = np.zeros((1, 50))
    scores = 2 * (plda.similarity(data["X"]) - plda.similarity(zero))
    np.testing.assert_allclose(scores, data["two_cov_scores"], rtol=1e-9, atol=1e-9)


def test_training_comes_near_sidekit(golden):
    """SIDEKIT starts elsewhere and keeps the mean: not the same model, but one as likely, and
    scores that go together."""
    data = np.load(golden / "g_scoring.npz")
    x, y = data["train"], data["train_label"]
    ours = Plda(rank=20, n_iterations=10).fit(x, y)
    theirs = Plda.from_parameters(data["plda_mean"], data["plda_F"], data["plda_Sigma"])
    classes = x[np.argsort(y)].reshape(80, 8, 50)
    ours_likely, theirs_likely = (
        reference.log_density(classes, m.mean_, m.factor_ @ m.factor_.T, m.within_).sum()
        for m in (ours, theirs)
    )
    assert ours_likely >= theirs_likely
    scores = np.stack([ours.similarity(data["X"]).ravel(), data["plda_scores"].ravel()])
    assert np.corrcoef(scores)[0, 1] > 0.9


def test_trained_scores_tell_speakers_apart(golden):
    data = np.load(golden / "g_scoring.npz")
    plda = Plda(rank=20).fit(data["train"], data["train_label"])
    same = data["speaker"][:, None] == data["speaker"]
    upper = np.triu(np.ones_like(same), 1)
    for scores in (plda.similarity(data["X"]), cosine_similarity(plda.transform(data["X"]))):
        target, other = scores[same & upper], scores[~same & upper]
        assert (other >= np.quantile(target, 0.1)).mean() < 0.1


def test_bad_training_data():
    x, y, _ = simulated(20)
    n = len(x)
    with pytest.raises(ParameterError, match=f"{n} vectors of 1 class cannot train Plda"):
        Plda(rank=2).fit(x, np.zeros(n))
    with pytest.raises(ModelError, match=f"each of the {n} classes has one vector"):
        Plda(rank=2).fit(x, np.arange(n))
    with pytest.raises(ParameterError, match=rf"inconsistent numbers of samples: \[{n}, {n - 1}\]"):
        Plda(rank=2).fit(x, y[1:])
    with pytest.raises(ModelError, match=r"of 10 vectors in 5 classes has rank 5 of 6"):
        Plda(rank=2).fit(x[:10], np.repeat(np.arange(5), 2))
    assert np.isfinite(
        Plda(rank=2, shrinkage=0.1).fit(x[:10], np.arange(10) // 2).similarity(x)
    ).all()
    for rank in (0, 7):
        with pytest.raises(
            ParameterError, match=f"rank must lie in 1 to n_features = 6, got {rank}"
        ):
            Plda(rank=rank).fit(x, y)
    with pytest.raises(ParameterError, match="n_iterations must be at least 1, got 0"):
        Plda(rank=2, n_iterations=0).fit(x, y)
    with pytest.raises(ParameterError, match="shrinkage must lie in 0 to 1, got 2"):
        Plda(rank=2, shrinkage=2).fit(x, y)
    x[3, 1] = np.nan
    with pytest.raises(ParameterError, match=r"X holds NaN or infinity, first in row 3 \(1 of "):
        Plda(rank=2).fit(x, y)


def test_bad_vectors_to_score(model):
    x = np.ones((2, 5))
    with pytest.raises(ParameterError, match="b must have 5 columns, got 4"):
        model.similarity(x, x[:, :4])
    with pytest.raises(ParameterError, match="X has 4 features, but Plda is expecting 5"):
        model.transform(x[:, :4])
    with pytest.raises(ParameterError, match=r"counts_a \(3,\) and sums_a \(2, 5\) do not fit"):
        model.similarity_of_sets([1, 1, 1], x)
    for count in (0, 1.5, np.nan):
        with pytest.raises(ParameterError, match=f"whole and at least 1, got {count}"):
            model.similarity_of_sets([2, count], x)
    with pytest.raises(ParameterError, match="belong together"):
        model.similarity_of_sets([1, 1], x, [1, 1])
    x[1, 0] = np.inf
    with pytest.raises(ParameterError, match="a holds NaN or infinity, first in row 1"):
        model.similarity(x)


def test_bad_parameters():
    with pytest.raises(ParameterError, match="do not fit"):
        Plda.from_parameters([0, 0], np.ones((2, 3)), np.eye(2))
    with pytest.raises(ParameterError, match="within must have 2 columns, got 3"):
        Plda.from_parameters([0, 0], np.ones((2, 1)), np.eye(3))
    with pytest.raises(ModelError, match="not positive definite: its smallest eigenvalue is -1"):
        Plda.from_parameters([0, 0], np.ones((2, 1)), np.diag([1, -1]))


def test_grid_search_over_speakers_who_are_new():
    """Labels rise, so that the speakers of each fold are in no other one."""
    x, y, _ = simulated(60)
    search = GridSearchCV(
        Plda(),
        {"rank": [1, 3]},
        scoring=lambda plda, x, y: -equal_error_rate(*trials(plda.similarity(x), y)),
        cv=KFold(4),
    )
    search.fit(x, y)
    assert search.best_params_ == {"rank": 3}
    assert -0.2 < search.best_score_ < 0


def test_grid_search_without_a_scoring_asks_for_one():
    x, y, _ = simulated(60)
    with pytest.raises(TypeError, match="should have a 'score' method"):
        GridSearchCV(Plda(), {"rank": [1, 3]}, cv=KFold(4)).fit(x, y)


def trials(scores, labels):
    """Every pair of rows."""
    first, second = np.triu_indices(len(scores), 1)
    return scores[first, second], labels[first] == labels[second]

"""DiagonalGmm against its NumPy twin, SIDEKIT and scikit-learn."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.mixture import GaussianMixture
from sklearn.utils.estimator_checks import parametrize_with_checks

from tests.reference import gmm as reference
from trfast.embedding.gmm import BaumWelchStatistics, DiagonalGmm
from trfast.errors import ModelError, ParameterError


def fixed_gmm(weights, means, variances):
    return DiagonalGmm.of(weights, means, variances, posterior_floor=0, n_threads=1)


@parametrize_with_checks(
    [DiagonalGmm(n_components=2, n_iterations=2, n_threads=1)],
    expected_failed_checks=lambda _: {
        "check_estimators_empty_data_messages": "no frames are a ModelError, as too few are",
        "check_n_features_in_after_fitting": "a wrong number of columns is told in our own words",
    },
)
def test_scikit_learn_checks(estimator, check):
    check(estimator)


@pytest.fixture
def case():
    rng = np.random.default_rng(3)
    c, d = 7, 5
    gmm = fixed_gmm(
        rng.dirichlet(np.ones(c)), rng.normal(size=(c, d)), rng.uniform(0.3, 2, size=(c, d))
    )
    return gmm, rng.normal(size=(1000, d))


@pytest.mark.usefixtures("instruction_set")
@pytest.mark.parametrize("n_threads", [1, 2])
@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-12), (np.float32, 2e-5)])
@pytest.mark.parametrize("floor", [0.0, 0.02])
def test_statistics_equal_the_twin(case, dtype, tolerance, n_threads, floor):
    gmm, x = case
    gmm.set_params(n_threads=n_threads, posterior_floor=floor)
    x = x.astype(dtype)
    offsets = np.array([0, 1, 300, 300, 990])
    statistics = gmm.statistics(x, offsets)
    posterior, log_likelihood = reference.posteriors(x, gmm.weights_, gmm.means_, gmm.variances_)
    zeroth, first = reference.statistics(x, offsets, posterior, floor)
    assert statistics.zeroth.dtype == dtype
    np.testing.assert_allclose(statistics.zeroth, zeroth, rtol=tolerance, atol=300 * tolerance)
    np.testing.assert_allclose(statistics.first, first, rtol=tolerance, atol=300 * tolerance)
    np.testing.assert_allclose(gmm.predict_proba(x), posterior, atol=tolerance)
    np.testing.assert_allclose(gmm.score_samples(x), log_likelihood, rtol=tolerance, atol=1e-5)


@pytest.mark.usefixtures("instruction_set")
def test_threads_do_not_change_a_bit(case):
    gmm, x = case
    x = np.tile(x, (40, 1)).astype(np.float32)
    one = clone(gmm).set_params(n_components=4, n_threads=1).fit(x)
    two = clone(gmm).set_params(n_components=4, n_threads=2).fit(x)
    np.testing.assert_array_equal(one.means_, two.means_)
    np.testing.assert_array_equal(one.variances_, two.variances_)


def test_statistics_equal_sidekit(golden: Path):
    data = np.load(golden / "b_stats.npz")
    ubm = fixed_gmm(data["w"], data["mu"], 1 / data["invcov"])
    statistics = ubm.statistics(data["x"].astype(np.float64), data["offsets"])
    first = data["stat1"].reshape(statistics.first.shape)
    np.testing.assert_allclose(statistics.zeroth, data["stat0"], rtol=1e-6, atol=1e-5)
    np.testing.assert_allclose(statistics.first, first, rtol=1e-6, atol=1e-4)
    frames = ubm.score_samples(data["x"].astype(np.float64))
    sums = [frames[a:b].sum() for a, b in zip(data["offsets"], data["offsets"][1:], strict=False)]
    np.testing.assert_allclose(sums, data["loglik_sum"], rtol=1e-8)


def test_em_step_equals_sidekit(golden: Path):
    """The accumulators are the same, and the re-estimated weights and means. Variances are
    not compared: SIDEKIT floors and caps them by its own rule. Nor are the Gaussians that
    got (next to) no frames, which ours starts again beside the heaviest one."""
    data = np.load(golden / "c_em.npz")
    ubm = fixed_gmm(data["w0"], data["mu0"], 1 / data["invcov0"])
    x = data["x"].astype(np.float64)
    zeroth, sums, log_likelihood = ubm.accumulate([x])
    d = x.shape[1]
    np.testing.assert_allclose(zeroth, data["acc_w"], rtol=1e-6, atol=1e-4)
    np.testing.assert_allclose(sums[:, :d], data["acc_mu"], rtol=1e-6, atol=1e-3)
    np.testing.assert_allclose(sums[:, d:], data["acc_x2"], rtol=1e-6, atol=1e-3)
    assert log_likelihood == pytest.approx(float(data["loglik_sum"]), rel=1e-9)
    ubm._em_step([x], len(x), np.full(d, 1e-3))
    alive = data["acc_w"] > 1e-2
    assert np.count_nonzero(~alive) == 1
    alive[np.argmax(data["acc_w"])] = False
    np.testing.assert_allclose(ubm.weights_[alive], data["w1"][alive], rtol=1e-6)
    np.testing.assert_allclose(ubm.means_[alive], data["mu1"][alive], rtol=1e-5, atol=1e-6)


def test_scikit_learn_finds_nothing_to_improve():
    rng = np.random.default_rng(0)
    centres = rng.normal(scale=4, size=(8, 4))
    x = centres[rng.integers(8, size=6000)] + rng.normal(size=(6000, 4))
    ours = DiagonalGmm(n_components=8, n_iterations=100, posterior_floor=0).fit(x)
    assert np.all(np.diff(ours.log_likelihood_) > -1e-9)
    peer = GaussianMixture(
        8,
        covariance_type="diag",
        weights_init=ours.weights_,
        means_init=ours.means_,
        precisions_init=1 / ours.variances_,
    ).fit(x)
    assert ours.score_samples(x).mean() == pytest.approx(peer.score(x), abs=1e-3)


def test_blocks_give_the_same_model_as_one_array():
    x = np.random.default_rng(1).normal(size=(3 * 8192, 3)).astype(np.float32)
    whole = DiagonalGmm(n_components=4).fit(x)
    blocks = DiagonalGmm(n_components=4).fit([x[:8192], x[8192:]])
    np.testing.assert_allclose(whole.means_, blocks.means_, rtol=1e-9, atol=1e-12)


def test_grouped_statistics_add_up(case):
    gmm, x = case
    parts = gmm.statistics(x, [0, 100, 200, 1000])
    groups = parts.grouped(np.array([0, 1, 0]), 2)
    rest = gmm.statistics(np.concatenate([x[:100], x[200:]]))
    np.testing.assert_allclose(groups.zeroth[0], rest.zeroth[0])
    np.testing.assert_allclose(groups.first[0], rest.first[0], atol=1e-9)
    assert isinstance(groups, BaumWelchStatistics)


def test_constant_column_keeps_a_positive_variance():
    x = np.random.default_rng(1).normal(size=(500, 3))
    x[:, 1] = 2.0
    gmm = DiagonalGmm(n_components=4).fit(x)
    assert (gmm.variances_ > 0).all()
    assert np.isfinite(gmm.score_samples(x)).all()


def test_no_frames_give_empty_statistics(case):
    gmm, _ = case
    statistics = gmm.statistics(np.empty((0, 5), np.float32), [0, 0])
    assert statistics.zeroth.shape == (1, 7)
    assert not statistics.zeroth.any()


def test_bad_input_is_named(case):
    gmm, x = case
    with pytest.raises(ModelError, match="64 Gaussians need at least as many frames, got 10"):
        DiagonalGmm(n_components=64).fit(x[:10])
    with pytest.raises(ParameterError, match="at least 1, got 0"):
        DiagonalGmm(n_components=0).fit(x)
    with pytest.raises(ParameterError, match="5 columns, got 4"):
        gmm.statistics(x[:, :4])
    x[17, 2] = np.nan
    with pytest.raises(ParameterError, match="NaN or infinity, first in row 17"):
        gmm.statistics(x)
    with pytest.raises(ModelError, match="no frames"):
        DiagonalGmm().fit([])

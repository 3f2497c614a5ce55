"""TotalVariability against its NumPy twin and SIDEKIT."""

from pathlib import Path

import numpy as np
import pytest

from tests.reference import ivector as reference
from trfast.embedding.gmm import BaumWelchStatistics, DiagonalGmm
from trfast.embedding.ivector import ProjectedStatistics, TotalVariability
from trfast.errors import ModelError, ParameterError


def make_ubm(weights, means, variances):
    return DiagonalGmm.of(weights, means, variances)


@pytest.fixture
def case():
    rng = np.random.default_rng(5)
    n, c, d, rank = 150, 4, 3, 6
    ubm = make_ubm(
        rng.dirichlet(np.ones(c)), rng.normal(size=(c, d)), rng.uniform(0.5, 2, size=(c, d))
    )
    zeroth = rng.uniform(0, 40, size=(n, c))
    shift = rng.normal(scale=0.5, size=(n, c, d))
    first = zeroth[:, :, None] * (ubm.means_ + shift)
    return ubm, BaumWelchStatistics(zeroth, first), rng.normal(scale=0.3, size=(c, d, rank))


def model(ubm, matrix, n_threads=1, **parameters):
    fitted = TotalVariability(ubm=ubm, rank=matrix.shape[2], n_threads=n_threads, **parameters)
    fitted.matrix_ = matrix
    return fitted


@pytest.mark.usefixtures("instruction_set")
@pytest.mark.parametrize("n_threads", [1, 2])
@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-10), (np.float32, 1e-4)])
def test_vectors_and_em_equal_the_twin(case, dtype, tolerance, n_threads):
    ubm, statistics, matrix = case
    cast = BaumWelchStatistics(statistics.zeroth.astype(dtype), statistics.first.astype(dtype))
    fitted = model(ubm, matrix, n_threads)
    expected = [
        reference.posterior(n, f, matrix, ubm)[0]
        for n, f in zip(statistics.zeroth, statistics.first, strict=True)
    ]
    vectors = fitted.transform(cast)
    assert vectors.dtype == dtype
    np.testing.assert_allclose(vectors, expected, atol=10 * tolerance)
    fitted._em_step([cast])
    twin = reference.em_step(statistics.zeroth, statistics.first, matrix, ubm)
    np.testing.assert_allclose(fitted.matrix_, twin, atol=10 * tolerance)


@pytest.mark.usefixtures("instruction_set")
@pytest.mark.parametrize("n_threads", [1, 2])
@pytest.mark.parametrize("without", [0.0, 0.5, 1.0])
@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-10), (np.float32, 1e-4)])
def test_projection_equals_the_twin(case, dtype, tolerance, without, n_threads):
    """Also of segments without a frame of some Gaussians, or of all but one."""
    ubm, statistics, matrix = case
    absent = np.random.default_rng(0).random(statistics.zeroth.shape) < without
    absent[:, 0] = False
    statistics.zeroth[absent] = statistics.first[absent] = 0
    cast = BaumWelchStatistics(statistics.zeroth.astype(dtype), statistics.first.astype(dtype))
    found = model(ubm, matrix, n_threads).project(repeated(cast, 4))
    expected = [
        reference.projected(n, f, matrix, ubm)
        for n, f in zip(statistics.zeroth, statistics.first, strict=True)
    ]
    assert found.zeroth.dtype == found.first.dtype == dtype
    np.testing.assert_array_equal(found.zeroth, np.tile(cast.zeroth, (4, 1)))
    np.testing.assert_allclose(
        found.first, np.tile(expected, (4, 1)), atol=tolerance * np.abs(expected).max()
    )


@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-10), (np.float32, 1e-4)])
def test_projections_add_up(case, dtype, tolerance):
    ubm, statistics, matrix = case
    cast = BaumWelchStatistics(statistics.zeroth.astype(dtype), statistics.first.astype(dtype))
    groups = np.random.default_rng(0).integers(40, size=150)
    fitted = model(ubm, matrix)
    found = fitted.transform(fitted.project(cast).grouped(groups, 41))
    assert found.dtype == dtype
    np.testing.assert_allclose(found, fitted.transform(cast.grouped(groups, 41)), atol=tolerance)
    np.testing.assert_array_equal(found[40], np.zeros(6))


def test_sums_are_of_double_precision():
    first = np.array([[1e8], [1.0], [5.0], [-1e8]], dtype=np.float32)
    sums = ProjectedStatistics(first, first).grouped(np.array([1, 1, 0, 1]), 2)
    assert sums.zeroth.tolist() == sums.first.tolist() == [[5.0], [1.0]]
    assert sums.first.dtype == np.float32
    assert len(sums) == 2


def repeated(statistics, n):
    """More segments than the kernels take at a time, and not a multiple of it."""
    return BaumWelchStatistics(
        np.tile(statistics.zeroth, (n, 1)), np.tile(statistics.first, (n, 1, 1))
    )


@pytest.mark.usefixtures("instruction_set")
def test_many_segments_equal_a_few_at_a_time(case):
    ubm, statistics, matrix = case
    few, many = model(ubm, matrix), model(ubm, matrix, n_threads=2)
    np.testing.assert_allclose(
        many.transform(repeated(statistics, 9)),
        np.tile(few.transform(statistics), (9, 1)),
        rtol=1e-12,
    )
    few._em_step([statistics])
    many._em_step([repeated(statistics, 5), repeated(statistics, 4)])
    np.testing.assert_allclose(many.matrix_, few.matrix_, rtol=1e-9)


@pytest.mark.usefixtures("instruction_set")
def test_threads_do_not_change_a_bit(case):
    ubm, statistics, _ = case
    statistics = repeated(statistics, 9)
    one = TotalVariability(ubm=ubm, rank=6, n_iterations=3, n_threads=1).fit(statistics)
    two = TotalVariability(ubm=ubm, rank=6, n_iterations=3, n_threads=2).fit(statistics)
    np.testing.assert_array_equal(one.matrix_, two.matrix_)
    np.testing.assert_array_equal(one.transform(statistics), two.transform(statistics))


@pytest.mark.parametrize("name", ["de_tv_small", "de_tv_real"])
@pytest.mark.parametrize("n_iterations", [1, 3])
def test_em_and_vectors_equal_sidekit(golden: Path, name, n_iterations):
    """SIDEKIT's matrix lives in the whitened space, so ours is it times the deviations."""
    data = np.load(golden / f"{name}.npz")
    c, d = data["mu"].shape
    ubm = make_ubm(data["w"], data["mu"], 1 / data["invcov"])
    deviation = np.sqrt(ubm.variances_)[:, :, None]
    statistics = BaumWelchStatistics(data["stat0"], data["stat1"].reshape(-1, c, d))
    start = data["F0"].reshape(c, d, -1)
    fitted = model(ubm, start * deviation, minimum_divergence=False)
    for _ in range(n_iterations):
        fitted._em_step([statistics])
    expected = data[f"F_it{n_iterations}_mindiv0"].reshape(start.shape)
    # SIDEKIT stores first-order statistics as float32.
    np.testing.assert_allclose(
        fitted.matrix_ / deviation, expected, atol=1e-6 * abs(expected).max()
    )
    final = model(ubm, data["F_it3_mindiv1"].reshape(start.shape) * deviation)
    np.testing.assert_allclose(final.transform(statistics), data["ivectors"], atol=1e-10)


def test_minimum_divergence_beside_sidekit(golden: Path):
    """SIDEKIT multiplies by the upper Cholesky factor of the second moment R = U'U, which
    makes the supervectors' covariance F U U' F'; by the definition it is F R F', so ours
    is F U'. Both come from the same F and R, and that is what is compared here."""
    data = np.load(golden / "de_tv_small.npz")
    c, d = data["mu"].shape
    ubm = make_ubm(data["w"], data["mu"], 1 / data["invcov"])
    deviation = np.sqrt(ubm.variances_)[:, :, None]
    statistics = BaumWelchStatistics(data["stat0"], data["stat1"].reshape(-1, c, d))
    fitted = model(ubm, data["F0"].reshape(c, d, -1) * deviation)
    fitted._em_step([statistics])
    plain = data["F_it1_mindiv0"]
    ours = np.linalg.lstsq(plain, (fitted.matrix_ / deviation).reshape(plain.shape))[0]
    theirs = np.linalg.lstsq(plain, data["F_it1_mindiv1"])[0]
    np.testing.assert_allclose(ours.T, theirs, atol=1e-6)


def test_minimum_divergence_makes_the_prior_standard_normal(case):
    ubm, statistics, _ = case
    fitted = TotalVariability(ubm=ubm, rank=4, n_iterations=25).fit(statistics)
    moments = [
        reference.posterior(n, f, fitted.matrix_, ubm)[1]
        for n, f in zip(statistics.zeroth, statistics.first, strict=True)
    ]
    np.testing.assert_allclose(np.mean(moments, axis=0), np.eye(4), atol=0.05)


def test_no_segments_give_no_vectors(case):
    ubm, statistics, matrix = case
    empty = BaumWelchStatistics(statistics.zeroth[:0], statistics.first[:0])
    assert model(ubm, matrix).transform(empty).shape == (0, 6)


def test_segment_without_frames_is_the_prior(case):
    ubm, statistics, matrix = case
    silent = BaumWelchStatistics(0 * statistics.zeroth[:1], 0 * statistics.first[:1])
    np.testing.assert_array_equal(model(ubm, matrix).transform(silent), np.zeros((1, 6)))


def test_bad_input_is_named(case):
    ubm, statistics, matrix = case
    with pytest.raises(ModelError, match=r"150 segments cannot train .* of rank 200"):
        TotalVariability(ubm=ubm).fit(statistics)
    wrong = BaumWelchStatistics(statistics.zeroth, statistics.first[:, :, :2])
    with pytest.raises(ParameterError, match=r"\(4, 2\) do not fit a UBM of shape \(4, 3\)"):
        model(ubm, matrix).transform(wrong)
    with pytest.raises(ParameterError, match=r"4 Gaussians and rank 5 do not fit .* rank 6"):
        model(ubm, matrix).transform(model(ubm, matrix[:, :, :5]).project(statistics))
    broken = BaumWelchStatistics(-statistics.zeroth, statistics.first)
    with pytest.raises(ModelError, match="not positive definite"):
        model(ubm, matrix).transform(broken)

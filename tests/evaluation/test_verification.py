import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trfast.errors import ParameterError
from trfast.evaluation import det_points, equal_error_rate, minimum_dcf, verification_trials
from trfast.evaluation.verification import verification_trials_of_scores

SCORES = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0]
LABELS = [0, 0, 1, 0, 0, 1, 1, 0, 1]


def test_det_points_by_hand() -> None:
    thresholds, miss, false_alarm = det_points(SCORES, LABELS)
    assert thresholds.tolist() == [*SCORES, math.inf]
    assert (4 * miss).tolist() == [0, 0, 0, 1, 1, 1, 2, 3, 3, 4]
    np.testing.assert_allclose(5 * false_alarm, [5, 4, 3, 3, 2, 1, 1, 1, 0, 0], rtol=1e-15)


def test_equal_error_rate_by_hand() -> None:
    # Between thresholds 4 (miss 1/4, false alarm 3/5) and 6 (1/4, 1/5) the miss rate is flat.
    assert equal_error_rate(SCORES, LABELS) == pytest.approx(0.2500000, abs=5e-8)
    # From (0, 2/3) at 0.3 to (1/3, 0) at 0.5: equal at 2/9.
    assert equal_error_rate([0.1, 0.3, 0.3, 0.3, 0.5, 0.5], [0, 0, 0, 1, 1, 1]) == pytest.approx(
        0.2222222, abs=5e-8
    )


def test_minimum_dcf_by_hand() -> None:
    # Best at threshold 9: 0.01 * 3/4 over 0.01.
    assert minimum_dcf(SCORES, LABELS) == pytest.approx(0.7500000, abs=5e-8)
    # At 6, with prior 1/2: (1/4 + 1/5) / 2 over 1/2.
    assert minimum_dcf(SCORES, LABELS, prior=0.5) == pytest.approx(0.4500000, abs=5e-8)
    # A miss costs ten times more: at 3, 3/5 of 1/11 over 1/11.
    assert minimum_dcf(SCORES, LABELS, prior=0.5, cost_miss=10) == pytest.approx(
        0.6000000, abs=5e-8
    )


def test_perfect_and_reversed_scores() -> None:
    assert equal_error_rate([0, 1], [0, 1]) == 0
    assert minimum_dcf([0, 1], [0, 1]) == 0
    assert equal_error_rate([0, 1], [1, 0]) == 1
    assert minimum_dcf([0, 1], [1, 0]) == 1


def test_equal_scores_tell_nothing() -> None:
    assert equal_error_rate([3, 3, 3, 3], [0, 1, 0, 0]) == 0.5
    assert minimum_dcf([3, 3, 3, 3], [0, 1, 0, 0]) == 1


@pytest.mark.parametrize(
    ("scores", "labels", "message"),
    [
        ([1, 2], [1], "equally long"),
        ([[1, 2]], [[0, 1]], "1-D"),
        ([1, math.nan], [0, 1], "NaN or infinity in 1 places"),
        ([1, 2], [1, 1], "2 target and 0 non-target trials"),
        ([], [], "0 target and 0 non-target trials"),
        ([1, 2], [1, 2], "labels must be true"),
    ],
)
def test_trials_that_make_no_sense(scores: list[float], labels: list[int], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        det_points(scores, labels)


@pytest.mark.parametrize("options", [{"prior": 0}, {"prior": 1}, {"cost_miss": 0}])
def test_costs_out_of_range(options: dict[str, float]) -> None:
    with pytest.raises(ParameterError):
        minimum_dcf(SCORES, LABELS, **options)


trials = st.lists(st.tuples(st.integers(0, 8), st.booleans()), min_size=2, max_size=30).filter(
    lambda trials: len({label for _, label in trials}) == 2
)


@settings(deadline=None)
@given(trials=trials)
def test_against_scikit_learn_and_symmetry(trials: list[tuple[int, bool]]) -> None:
    from sklearn.metrics import det_curve

    scores, labels = np.array([s for s, _ in trials]), np.array([t for _, t in trials])
    false_alarm, miss, _ = det_curve(labels, scores)
    _, our_miss, our_false_alarm = det_points(scores, labels)
    ours = set(zip(our_false_alarm.round(12), our_miss.round(12), strict=True))
    assert set(zip(false_alarm.round(12), miss.round(12), strict=True)) <= ours
    eer = equal_error_rate(scores, labels)
    assert 0 <= eer <= 1
    # Targets and non-targets change places with the sign of the score.
    assert equal_error_rate(-scores, ~labels) == pytest.approx(eer)
    # Only the order of the scores matters.
    assert equal_error_rate(np.exp(scores), labels) == eer
    assert 0 <= minimum_dcf(scores, labels) <= 1


def test_trials_of_vectors_by_hand() -> None:
    vectors = np.array([[1, 0], [3, 4], [0, -2], [1, 1]], np.float32)
    scores, labels = verification_trials(vectors, ["ann", "ann", "ben", "ben"])
    np.testing.assert_allclose(scores, [0.6, 0, 0.5**0.5, -0.8, 1.4 * 0.5**0.5, -(0.5**0.5)])
    assert labels.tolist() == [True, False, False, False, False, True]


@pytest.mark.parametrize(
    ("vectors", "message"),
    [
        (np.ones((3, 2)), r"shape \(3, 3\), but 2 speakers: expected \(2, 2\)"),
        (np.array([[1.0, 0.0], [0.0, 0.0]]), "zero vector in row 1"),
        (np.array([[1.0, np.nan], [0.0, 1.0]]), "NaN"),
    ],
)
def test_vectors_that_make_no_trials(vectors: npt.NDArray[np.float64], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        verification_trials(vectors, ["ann", "ben"])


def test_trials_of_scores_by_hand() -> None:
    matrix = [[0, 7, -3], [100, 0, 1], [100, 100, 0]]  # only what lies above the diagonal
    scores, labels = verification_trials_of_scores(matrix, ["ann", "ben", "ben"])
    assert scores.tolist() == [7, -3, 1]
    assert labels.tolist() == [False, False, True]


@pytest.mark.parametrize("shape", [(2, 2), (3, 2), (2, 3)])
def test_scores_that_make_no_trials(shape: tuple[int, int]) -> None:
    with pytest.raises(
        ParameterError, match=r"scores of shape .*, but 3 speakers: expected \(3, 3\)"
    ):
        verification_trials_of_scores(np.ones(shape), ["ann", "ben", "ben"])


def test_vectors_are_left_as_they_are() -> None:
    vectors = np.array([[2.0, 0.0], [0.0, 3.0]])
    verification_trials(vectors, ["ann", "ben"])
    assert vectors.tolist() == [[2.0, 0.0], [0.0, 3.0]]

"""Who is taken for a voice that is known, and who stays unknown."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from trfast.comparison import Comparison
from trfast.errors import ParameterError
from trfast.linking import Known, Voices, enrolment, identify, link_centred
from trfast.linking.enrolment import identify_new

ANN, BEN, CAT, DAN = np.eye(4, dtype=np.float32)
COSINE = Comparison(threshold=0.5)


def whom(
    vectors: npt.ArrayLike, recordings: str, voices: Voices, known: Known | None = None
) -> list[int]:
    found = identify(vectors, list(recordings), voices, COSINE, known=known)
    return [int(speaker) for speaker in found.speakers]


def test_the_open_set() -> None:
    voices = Voices([ANN, BEN], [3, 7])
    assert whom([BEN, CAT, ANN], "aab", voices) == [7, -1, 3]
    assert whom(np.empty((0, 4)), "", voices) == []


def test_the_runner_up_must_be_beaten_by_the_margin() -> None:
    between = [0.66 * ANN + 0.6 * BEN]
    assert whom(between, "a", Voices([ANN, BEN], [0, 1])) == [0]
    assert whom(between, "a", Voices([ANN, BEN], [0, 1], margin=0.1)) == [-1]
    assert whom(between, "a", Voices([ANN, BEN], [0, 0], margin=0.1)) == [0]  # voices of one


def test_one_in_a_recording_at_most() -> None:
    ann, nearly = ANN, ANN + 0.3 * CAT
    assert whom([nearly, ann], "aa", Voices([ANN], [0])) == [-1, 0]
    assert whom([nearly, ann], "ab", Voices([ANN], [0])) == [0, 0]


def test_the_mean_over_the_voices_of_a_speaker() -> None:
    voices = Voices([ANN, BEN, CAT], [0, 0, 0])
    assert whom([ANN], "a", voices) == [-1]  # 1/3
    found = identify([ANN + BEN + CAT], ["a"], voices, COSINE)
    assert found.scores == pytest.approx([1 / np.sqrt(3)])


def test_what_is_known_comes_first() -> None:
    voices = Voices([ANN, BEN], [3, 7])
    known = Known([3, -1, -1, -1], refused=[(2, 7)])
    assert whom([CAT, ANN, BEN, ANN], "aabc", voices, known) == [-1, -1, -1, 3]
    found = identify([CAT, ANN, BEN, ANN], list("aabc"), voices, COSINE, known=known)
    assert found.added_to(known).speakers.tolist() == [3, -1, -1, 3]
    assert found.added_to(known).refused.tolist() == [[2, 7]]


def test_blocks_of_rows_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    x, recordings = rng.normal(size=(60, 4)), [str(k) for k in rng.integers(0, 12, 60)]
    voices = Voices(np.eye(4), [0, 1, 2, 3], margin=0.01)
    whole = identify(x, recordings, voices, COSINE)
    assert (whole.speakers >= 0).sum() > 10
    monkeypatch.setattr(enrolment, "_BLOCK", 7)
    parts = identify(x, recordings, voices, COSINE)
    assert parts.speakers.tolist() == whole.speakers.tolist()
    np.testing.assert_allclose(parts.scores, whole.scores, rtol=1e-6)


def test_false_acceptance_is_that_of_normal_scores() -> None:
    """Strangers whose cosines are normal about 0: with deviation 1/sqrt(d)."""
    rng = np.random.default_rng(0)
    d = 100
    x = rng.normal(size=(2000, d))
    recordings = [str(k // 10) for k in range(2000)]
    comparison = Comparison(threshold=0.2)
    found = identify(x, recordings, Voices(rng.normal(size=(1, d)), [0]), comparison)
    assert found.false_acceptance == pytest.approx(0.0228, abs=0.004)  # two deviations
    alone = identify(x, [str(k) for k in range(2000)], Voices(x[:1], [0]), comparison)
    assert alone.false_acceptance is None


def test_a_link_names_by_voice_and_others_follow() -> None:
    x = np.array([ANN, ANN + 0.3 * CAT, BEN, DAN, ANN + 0.9 * CAT])
    links = link_centred(x, list("abccd"), COSINE, voices=Voices([ANN, CAT], [5, 6]))
    assert links.identified is not None
    assert links.identified.speakers.tolist()[:4] == [5, 5, -1, -1]
    assert links.labels.tolist() == [0, 0, 1, 2, 0]


def test_new_ones_are_identified_beside_those_who_are_there() -> None:
    x = np.array([ANN, BEN, ANN, CAT, ANN], np.float32)
    before = np.array([3, 4, -1, -1, -1])
    found = identify_new(x, list("aabbc"), before, Voices([ANN], [3]), COSINE)
    assert found.speakers.tolist() == [-1, -1, 3, -1, 3]
    beside = identify_new(x, list("aaaaa"), before, Voices([ANN], [3]), COSINE)
    assert beside.speakers.tolist() == [-1] * 5  # Ann is there already


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([ANN], [0, 1]), "one number a row"),
        (([ANN], [-1]), "from 0 on"),
        (([ANN], [0], -1.0), "margin"),
    ],
)
def test_errors(arguments: tuple[object, ...], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        Voices(*arguments)  # type: ignore[arg-type]

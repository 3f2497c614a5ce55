"""Calibration and score normalization one trial at a time."""

import math
import statistics


def cross_entropy(ratios, labels, prior):
    """Mean cost in nats of the posteriors that log-likelihood ratios give with a prior."""
    odds = math.log(prior / (1 - prior))
    targets = [math.log1p(math.exp(-r - odds)) for r, t in zip(ratios, labels, strict=True) if t]
    others = [math.log1p(math.exp(r + odds)) for r, t in zip(ratios, labels, strict=True) if not t]
    return prior * statistics.fmean(targets) + (1 - prior) * statistics.fmean(others)


def detection_cost(threshold, scores, labels, prior):
    """Cost of accepting the trials that score at least the threshold."""
    misses = [s < threshold for s, t in zip(scores, labels, strict=True) if t]
    false_alarms = [s >= threshold for s, t in zip(scores, labels, strict=True) if not t]
    return prior * statistics.fmean(misses) + (1 - prior) * statistics.fmean(false_alarms)


def normalized_score(score, cohort_a, cohort_b, n_top):
    """S-norm of one score, from the cohort scores of its two vectors."""
    tops = [sorted(cohort)[-n_top:] for cohort in (cohort_a, cohort_b)]
    return statistics.fmean((score - statistics.fmean(t)) / statistics.pstdev(t) for t in tops)

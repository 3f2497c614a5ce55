"""PLDA with dense joint Gaussians, and EM one class at a time."""

import numpy as np
from scipy.stats import multivariate_normal


def log_density(x, mean, between, within):
    """Of the vectors of one speaker, (..., n, d), as one vector of length n d."""
    n, d = np.shape(x)[-2:]
    covariance = np.kron(np.ones((n, n)), between) + np.kron(np.eye(n), within)
    return multivariate_normal.logpdf(np.reshape(x, (-1, n * d)), np.tile(mean, n), covariance)


def log_likelihood_ratio(a, b, mean, between, within):
    """Of two sets of vectors: one speaker over two."""
    together = log_density(np.vstack([a, b]), mean, between, within)
    apart = [log_density(x, mean, between, within) for x in (a, b)]
    return together - sum(apart)


def posterior(x, mean, factor, within):
    """Mean and covariance of the speaker factor, given vectors of one speaker."""
    precise = factor.T @ np.linalg.inv(within)
    covariance = np.linalg.inv(np.eye(factor.shape[1]) + len(x) * precise @ factor)
    return covariance @ precise @ (x - mean).sum(axis=0), covariance


def em_step(x, y, mean, factor, within):
    """One iteration of EM, then minimum divergence; the new parameters."""
    classes = [x[y == label] for label in np.unique(y)]
    found = [posterior(c, mean, factor, within) for c in classes]
    moments = [np.outer(h, h) + v for h, v in found]
    residuals = [(c - mean).sum(axis=0) for c in classes]
    left = np.sum([np.outer(r, h) for r, (h, _) in zip(residuals, found, strict=True)], axis=0)
    right = np.sum([len(c) * m for c, m in zip(classes, moments, strict=True)], axis=0)
    factor = left @ np.linalg.inv(right)
    within = ((x - mean).T @ (x - mean) - factor @ left.T) / len(x)
    shift = np.mean([h for h, _ in found], axis=0)
    prior = np.mean(moments, axis=0) - np.outer(shift, shift)
    return mean + factor @ shift, factor @ np.linalg.cholesky(prior), within

"""Vectors whose covariances are known by hand."""

# Means (4, 1), (1, 0), (1, 3); within each class a spread of 1 in one of the columns.
BY_HAND = [[4.0, 0.0], [4.0, 2.0], [0.0, 0.0], [2.0, 0.0], [1.0, 3.0], [1.0, 3.0]]
NAMES = ["ann", "ann", "bob", "bob", "eve", "eve"]

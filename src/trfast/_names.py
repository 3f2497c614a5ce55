"""The names that arguments may have: one place for each list, and its type."""

from __future__ import annotations

from typing import Literal, get_args

BackendName = Literal["cosine", "wccn", "lda", "plda", "tr"]
BACKENDS: tuple[BackendName, ...] = get_args(BackendName)

ClusteringName = Literal["cc", "hac", "average"]
CLUSTERINGS: tuple[ClusteringName, ...] = get_args(ClusteringName)

DetectorName = Literal["model", "energy"]
DETECTORS: tuple[DetectorName, ...] = get_args(DetectorName)

Mode = Literal["full", "hybrid"]
MODES: tuple[Mode, ...] = get_args(Mode)

Recipe = Literal["default", "paper"]
RECIPES: tuple[Recipe, ...] = get_args(Recipe)

NormalizationScope = Literal["segment", "sliding"]
SCOPES: tuple[NormalizationScope, ...] = get_args(NormalizationScope)

Selection = Literal["soft", "hard"]
SELECTIONS: tuple[Selection, ...] = get_args(Selection)

TripletStart = Literal["plda", "random"]
TRIPLET_STARTS: tuple[TripletStart, ...] = get_args(TripletStart)

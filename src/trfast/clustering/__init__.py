"""From similarities to clusters: connected components, complete and average linkage.

A pair belongs together if its similarity reaches the threshold: ``similarity >= threshold``.
Clusters are numbered in order of first appearance.
"""

from trfast.clustering.average import (
    average_linkage_of_edges,
    average_linkage_of_factors,
    average_linkage_of_items,
    average_linkage_of_scores,
)
from trfast.clustering.complete import (
    complete_linkage,
    complete_linkage_of_edges,
    complete_linkage_of_scores,
)
from trfast.clustering.components import (
    Forest,
    connected_components,
    constrained_components,
    members_of_groups,
    unite_in_bands,
)
from trfast.clustering.labels import (
    CLUSTERINGS,
    check_clustering,
    in_order_of_appearance,
)
from trfast.clustering.merges import merges_of_scores

__all__ = [
    "CLUSTERINGS",
    "Forest",
    "average_linkage_of_edges",
    "average_linkage_of_factors",
    "average_linkage_of_items",
    "average_linkage_of_scores",
    "check_clustering",
    "complete_linkage",
    "complete_linkage_of_edges",
    "complete_linkage_of_scores",
    "connected_components",
    "constrained_components",
    "in_order_of_appearance",
    "members_of_groups",
    "merges_of_scores",
    "unite_in_bands",
]

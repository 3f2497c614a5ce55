"""Speech detection, slowly: the best of all paths, and gaps closed one by one."""

from itertools import groupby, product

import numpy as np


def path_score(path, ratio, penalty):
    return np.dot(path, ratio) - penalty * np.count_nonzero(np.diff(path))


def best_score(ratio, penalty):
    paths = product((0, 1), repeat=len(ratio))
    return max(path_score(np.array(path), ratio, penalty) for path in paths)


def closed(speech, min_speech, min_gap):
    """Close gaps shorter than `min_gap` frames inside, then drop runs below `min_speech`."""
    regions: list[list[int]] = []
    first = 0
    for value, group in groupby(speech):
        last = first + len(list(group))
        if value and regions and first - regions[-1][1] < min_gap:
            regions[-1][1] = last
        elif value:
            regions.append([first, last])
        first = last
    return [region for region in regions if region[1] - region[0] >= min_speech]

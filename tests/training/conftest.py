"""A collection of synthetic voices, and models trained on it."""

from dataclasses import replace

import pytest

from tests.small import CONFIG, write_collection
from trfast.training import train
from trfast.training.labelled import LabelledCollection

COSINE = replace(CONFIG, backends=("cosine",))


@pytest.fixture(scope="package")
def folder(tmp_path_factory):
    return write_collection(tmp_path_factory.mktemp("labelled"))


@pytest.fixture(scope="package")
def trained(folder, tmp_path_factory):
    """A model with the cosine only, and the folder of its stages."""
    stages = tmp_path_factory.mktemp("stages")
    return train(LabelledCollection.read(folder), stages=stages, config=COSINE, jobs=1), stages


@pytest.fixture(scope="package")
def complete(folder, trained):
    """A model with all back-ends."""
    return train(LabelledCollection.read(folder), stages=trained[1], config=CONFIG, jobs=1)

"""Networks of an eighth of the published widths, whose files are up to 64 times smaller.

What is done with names, axes and files is the same at every width. Widths themselves are compared
with published figures elsewhere, and test_published.py converts files of the published sizes.
"""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from common import networks
from common.files import weights
from common.networks import NETWORKS
from common.spec import Conv, Layer
from common.tools.zoo import find_plan

# Functions that remember what they derived from the tables.
CACHED = (
    networks.read_table,
    weights.first_convolution,
    find_plan.full_plan,
    find_plan.names_there,
    find_plan.published_plan,
    find_plan.plan_if_it_fits,
)


def narrow(path: str, layer: Layer) -> Layer:
    """An override that leaves a convolution an eighth of its channels, unless it classifies."""
    if isinstance(layer, Conv) and path != "fc":
        return replace(layer, channels=max(1, layer.channels // 8))
    return layer


@pytest.fixture
def narrow_networks(monkeypatch) -> Iterator[None]:
    """Makes all networks of this process narrow; those of its workers keep their widths."""
    for name, variant in list(NETWORKS.items()):
        overrides = (*variant.overrides, narrow)
        monkeypatch.setitem(NETWORKS, name, replace(variant, overrides=overrides))
    forget()
    yield
    monkeypatch.undo()
    forget()


def forget() -> None:
    """Empties the caches."""
    for function in CACHED:
        function.cache_clear()

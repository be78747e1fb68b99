"""Networks of an eighth of the published widths, whose files are up to 64 times smaller.

What is done with names, axes and files is the same at every width. Widths themselves are compared
with published figures elsewhere, and test_published.py converts files of the published sizes.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from common import networks
from common.files import weights
from common.jobs import worker
from common.networks import NETWORKS
from common.spec import Conv, Init, Layer
from common.tools.zoo import find_plan

VARIABLE = "PYTEST_NARROW"
# Functions that remember what they derived from the tables.
CACHED = (
    networks.published_spec,
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


def narrow_every_network() -> None:
    """Makes all networks of this process narrow, with initial values for their own widths."""
    for name, variant in list(NETWORKS.items()):
        overrides = (*variant.overrides, narrow)
        NETWORKS[name] = replace(variant, overrides=overrides, init=Init.FAN_IN)
    forget()


@pytest.fixture
def narrow_networks() -> Iterator[None]:
    """Makes all networks narrow, in this process and in its forked workers."""
    with narrowed():
        yield


@pytest.fixture(scope="module", autouse=True)
def narrow_module() -> Iterator[None]:
    """Does so for all tests of a module that imports this fixture."""
    with narrowed():
        yield


@contextmanager
def narrowed() -> Iterator[None]:
    """Makes all networks narrow, in this process and in its forked workers."""
    wide = dict(NETWORKS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, "1")  # for warm_server.py
        narrow_every_network()
        yield
    NETWORKS.update(wide)
    forget()


def forget() -> None:
    """Empties the caches."""
    for function in CACHED:
        function.cache_clear()


if __name__ == "__main__":  # a worker that is not forked
    narrow_every_network()
    worker.main(Path(sys.argv[1]))

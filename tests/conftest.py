"""Shared fixtures; one framework per process: `pytest tests/frameworks --framework pytorch`."""

import importlib
import importlib.util
import os
import shutil
import warnings
from dataclasses import dataclass
from types import ModuleType

import cli
import numpy as np
import pytest
from warm import Servers

from common.arrays import Arrays
from common.jobs.frameworks import ALL, FRAMEWORKS
from common.networks import network
from common.spec.initial import initial_arrays
from common.spec.plan import Plan
from common.spec.planner import make_plan

# Test files, those with the longest tests first.
SLOW = ("processes", "published", "bench", "site", "real_checkpoints", "page_command", "browser",
        "browser_network", "browser_keys", "check", "check_training", "training", "exhibit",
        "every_network", "source", "fast", "forward")  # fmt: skip


def pytest_addoption(parser):
    parser.addoption("--framework", choices=FRAMEWORKS, help="whose tests/frameworks to run")
    parser.addoption("--long", action="store_true", help="the tests marked long, and no others")


def pytest_xdist_auto_num_workers(config):
    """One process per core and per 3 GB of memory."""
    assert config
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return max(1, min(len(os.sched_getaffinity(0)), memory // 3_000_000_000))


def pytest_collection_modifyitems(config, items):
    """Selects by `--long`, and starts the longest tests first: none is left for the end."""
    long = config.getoption("--long")
    others = [item for item in items if bool(item.get_closest_marker("long")) != long]
    config.hook.pytest_deselected(items=others)
    items[:] = [item for item in items if item not in set(others)]
    order = {f"test_{name}.py": place for place, name in enumerate(SLOW)}
    items.sort(key=lambda item: order.get(item.path.name, len(order)))


def pytest_configure(config):
    """Imports the framework before anything else; its import warnings are not ours to fix."""
    framework = config.getoption("--framework")
    if framework and installed(framework):
        os.environ |= {"TF_CPP_MIN_LOG_LEVEL": "3", "TF_NUM_INTEROP_THREADS": "1"}
        os.environ |= {"TF_NUM_INTRAOP_THREADS": os.environ.get("OMP_NUM_THREADS", "2")}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            importlib.import_module(ALL[framework].package)


def pytest_ignore_collect(collection_path, config):
    """Collects tests/frameworks only with `--framework`, and then for that framework only."""
    framework = config.getoption("--framework")
    if framework is None:
        return collection_path.name == "frameworks" or None
    others = {f"test_{name}.py" for name in FRAMEWORKS}
    if installed(framework):
        others.remove(f"test_{framework}.py")
    return collection_path.name in others or None


@dataclass(frozen=True)
class Implementation:
    """The imported modules of one framework's package."""

    name: str
    package: ModuleType
    runner: ModuleType
    weights: ModuleType
    baselines: ModuleType


@pytest.fixture(scope="session")
def impl(request) -> Implementation:
    """The framework's modules; if it is not installed, the test is skipped, or fails in CI."""
    framework = request.config.getoption("--framework")
    require(framework)
    parts = [f"{framework}_impl{part}" for part in ("", ".run", ".weights", ".baselines")]
    return Implementation(framework, *map(importlib.import_module, parts))


@pytest.fixture(scope="session", autouse=True)
def warm_workers(tmp_path_factory):
    """Forks the workers that the tests' own process starts, with their framework imported."""
    servers = Servers(tmp_path_factory.mktemp("warm"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("common.jobs.call.subprocess", servers)
        yield servers
    servers.end()


@pytest.fixture(scope="session")
def page_file(tmp_path_factory):
    """GoogLeNet's page, with the results of one program and a second network for comparison."""
    require("onnx")
    out = tmp_path_factory.mktemp("page") / "page.html"
    googlenet = cli.googlenet
    googlenet("page", "--out", out, "-f", "onnx", "--against", "googlenet.torchvision")
    return out


@pytest.fixture(scope="session")
def browser():
    """Chromium; if it is not installed, the test is skipped, or fails in CI."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if not chromium:
        told = "no browser here: apt install chromium"
        pytest.fail(told) if os.environ.get("CI") else pytest.skip(told)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        opened = play.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture
def tab(browser):
    """A tab in which nothing may go wrong, and that may load nothing but files."""
    context = browser.new_context(locale="en-GB", viewport={"width": 1280, "height": 900})
    opened = context.new_page()
    opened.set_default_timeout(20_000)
    faults, requests = [], []
    opened.on("console", lambda message: faults.append(message.text))
    opened.on("pageerror", lambda error: faults.append(str(error)))
    opened.on("request", lambda request: requests.append(request.url))
    yield opened
    context.close()
    assert faults == []
    assert [url for url in requests if not url.startswith(("file:", "data:"))] == []


@pytest.fixture
def page(tab, page_file):
    """The page, opened; it may load nothing else, not even a file."""
    requests = []
    tab.on("request", lambda request: requests.append(request.url))
    tab.goto(page_file.as_uri())
    yield tab
    assert {url.partition("#")[0] for url in requests} == {page_file.as_uri()}


def installed(framework: str) -> bool:
    """Whether the framework is installed, checked without importing it."""
    return importlib.util.find_spec(ALL[framework].package) is not None


def require(framework: str) -> None:
    """Skips the test, or fails it in CI, unless the framework is installed."""
    if not installed(framework):
        told = f"{framework} is not installed"
        pytest.fail(told) if os.environ.get("CI") else pytest.skip(told)


def planned(name="googlenet", size=(224, 224), aux=False, **options) -> Plan:
    """The plan for images of that size, with heads if requested and if the network has any."""
    made = network(name, **options)
    return make_plan(network(name, (made.input[0], *size), aux=aux and bool(made.heads), **options))


def native(name, aux=False, **options) -> Plan:
    """The plan for images of the network's default size."""
    return planned(name, network(name).input[1:], aux, **options)


def seeded(plan: Plan) -> Arrays:
    """Weights without constant values, so that a test notices if one of them is ignored."""
    return initial_arrays(plan, seed=1, random_stats=True)


def noise(plan: Plan, images: int = 2) -> np.ndarray:
    """A batch of seeded noise."""
    return np.random.default_rng(2).standard_normal((images, *plan.spec.input))


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A folder of weights with heads, a batch and labels, in the formats that the command uses."""
    folder = tmp_path_factory.mktemp("files")
    options = ("--classes", 5, "--aux", "--input", "3x96x96", "--random-stats")
    cli.googlenet("init", "googlenet", "--seed", 3, "--out", folder / "w.safetensors", *options)
    x = np.random.default_rng(0).standard_normal((2, 3, 96, 96)).astype(np.float32)
    np.save(folder / "x.npy", x)
    np.save(folder / "labels.npy", np.array([0, 4]))
    return folder

"""`check` with files that do anything: each gets its own line, and the others their results.

The workers import a framework of a few lines in place of PyTorch, since none is needed.
"""

import json
import os
import sys
from pathlib import Path

import pytest
from cli import call

FRAMEWORK = """
import sys, types
import numpy as np
from common.tools.check.old_names import OldNames
from common.tools.check.trace import LayerCall, Trace

class Net:
    def __call__(self, x):
        return x.mean((2, 3))

def trace(net, x, heads, lines):
    y = net(x)
    weights, mean = {"weight": np.ones((5, 3))}, x.mean((2, 3))
    call = LayerCall(name="fc", kind="linear", weights=weights, input=mean, output=y)
    return Trace(image=x, calls=[call], outputs=[y], parameters=15)

def fail(trace, *_, **__):
    raise ValueError(f"{len(trace.calls)} layer")  # a bug of ours in the comparison, which is slow

names = "torch", "pytorch_impl", "pytorch_impl.run", "pytorch_impl.check"
sys.modules |= {name: types.ModuleType(name) for name in names}
verdict = types.ModuleType("common.tools.check.verdict")
verdict.Verdict, verdict.reach_verdict = types.SimpleNamespace, fail
sys.modules["common.tools.check.verdict"] = verdict
vars(sys.modules["pytorch_impl.check"]).update(
    VERSION="0", NETWORK=Net, prepare=lambda *_: None, parts=lambda net: [], trace=trace,
    own_input=lambda net: (3, 224, 224), count_parameters=lambda net: 15, fill=lambda *_: None,
    TRAINING=(), OLD_NAMES=OldNames(title="PyTorch"), as_network=lambda made: made,
    is_unshaped=lambda net: False, is_too_large=lambda net: False,
)
"""
NETWORK = """
import sys
Net = sys.modules["pytorch_impl.check"].NETWORK
net = Net()
"""
ANSWER = "cannot be compared (ValueError: 1 layer)"  # the trace has arrived
EXITS = "def main():\n    raise SystemExit(0)"
NET = NETWORK.strip().replace("net = Net()", "class Own(Net):\n    def __call__(self, x): ")
FILES = {
    "good": (NETWORK, ANSWER),
    "SystemExit": (
        "import sys; sys.exit('a\\x1b[2Jb')",
        ", line 1: it exits the process (exit code a",
    ),
    "exit in a function": (EXITS, ", line 2: it exits the process (exit code 0"),
    "exit in one of its functions": (
        EXITS.replace("main", "build") + NETWORK.replace("net =", "def make(): return"),
        ANSWER,
    ),
    "exit in the network": (NET + "sys.exit(5)", "it exits the process (exit code 5"),
    "os._exit": ("import os; os._exit(0)", "ended with status 0 and no answer"),
    "a crash": ("import os; os.kill(os.getpid(), 11)", "terminated by signal 11, SIGSEGV"),
    "an unnamed signal": (
        "import os; os.kill(os.getpid(), 40)",
        "terminated by signal 40, unnamed",
    ),
    "KeyboardInterrupt": ("raise KeyboardInterrupt", ", line 1: KeyboardInterrupt"),
    "BaseException": ("class E(BaseException): pass\nraise E('hi')", ", line 2: E: hi"),
    "no message": (
        "class E(Exception):\n    def __str__(self): 1 / 0\nraise E",
        "E'>, which has no message",
    ),
    "input": ("x = 1\nname = input()", ", line 2: EOFError"),
    "options": (
        "import argparse, sys\nargparse.ArgumentParser().parse_args()\n"
        "right = (sys.argv, sys.stdin.read()) == (['options.py'], '')"
        + NETWORK.replace("Net()", "Net() if right else None"),
        ANSWER,
    ),
    "Python 2": ("x = 1\nexec 'x'", ", line 2: Missing parentheses"),
    "syntax of another": ("import nested", "nested.py, line 1: too many nested parentheses: x = ("),
    "UTF-16": (NETWORK.encode("utf-16"), "SyntaxError: source code string cannot contain null"),
    "recursion": ("def f(): return f()\nf()", ", line 1: RecursionError"),
    "memory": (
        "import os, numpy\nbytes = os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE')\n"
        "numpy.zeros(9 * bytes // 10, 'u1')",  # the memory is never touched
        ", line 3: out of memory",
    ),
    "memory in a library": ("import os; os.write(2, b'bad_alloc'); os.abort()", "out of memory"),
    "prints": ("for _ in range(300): print('x' * 10**5)" + NETWORK, ANSWER),
    "leaves its folder": (
        "import os, tempfile\nd = tempfile.mkdtemp(); os.chdir(d); os.rmdir(d)" + NETWORK,
        ANSWER,
    ),
    "removes what is ours": (
        "import shutil, tempfile; shutil.rmtree(tempfile.gettempdir()); raise SystemExit",
        "ended with status 1 and no answer",
    ),
    "threads": (
        "import atexit, threading, time\natexit.register(time.sleep, 99)\n"
        "threading.Thread(target=time.sleep, args=(99,)).start()" + NETWORK,
        ANSWER,
    ),
    "signals": ("import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)" + NETWORK, ANSWER),
    "descriptors": ("import os; os.closerange(0, 100)" + NETWORK, ANSWER),
    "fork": ("import os; os.fork()" + NETWORK, ANSWER),
    "recursion limit": ("import sys; sys.setrecursionlimit(22)" + NETWORK, ANSWER),
    "patched": ("import os, json; os._exit = os.getpid = json.loads = None" + NETWORK, ANSWER),
    "answers": (NET + "return 'abc'", "AttributeError: 'str' object has no attribute"),
    "NaN": (NET + "return x.mean((2, 3)) * float('nan')", ANSWER),
    "hostile attributes": (
        NET + "return 1\n    def __getattr__(self, name): raise RuntimeError('no')\nnet = Own()",
        "AttributeError: 'int' object has no attribute 'size'",
    ),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with the files, and with others that some of them import."""
    made = tmp_path_factory.mktemp("hostile")
    for name, (text, _) in FILES.items():
        (made / f"{name}.py").write_bytes(text if isinstance(text, bytes) else text.encode())
    (made / "nested.py").write_text("x = " + "(" * 500 + ")" * 500)
    (made / "json.py").write_text("raise RuntimeError('imported in place of the library')")
    (made / "folder.py").mkdir()
    (made / "framework").mkdir()
    (made / "framework" / "sitecustomize.py").write_text(FRAMEWORK)
    return made


def fail(trace, *_, **__):
    """Simulates a bug of ours in the comparison, which is slow."""
    raise ValueError(f"{len(trace.calls)} layer")


@pytest.fixture
def check(folder, monkeypatch):
    """Calls `check` in that folder, with workers that have only that framework."""
    monkeypatch.setenv("PYTHONPATH", f"{folder / 'framework'}{os.pathsep}{os.getcwd()}")
    monkeypatch.chdir(folder)
    monkeypatch.setattr("common.tools.check.check_file.reach_verdict", fail)
    return lambda *words: call("check", "--limit", 10, *words, "--json")


def test_one_file_never_ends_the_others(check):
    """Nor does a file that is missing, a folder, or a file that is named twice."""
    names = [f"{name}.py" for name in FILES]
    words = ["gone.py", "folder.py", "no name", *names, "good.py", "good.py:gone"]
    code, out, _ = check(*words)
    assert code == 1
    rows = json.loads(out)
    assert [row["source"] for row in rows] == words
    expected = [
        "no such file",
        "is not a regular file",
        "give FILE.py",
        *(line for _, line in FILES.values()),
    ]
    for row, line in zip(rows, [*expected, ANSWER, "does not define 'gone'"], strict=True):
        assert line in row["error"], row
        assert row["source"].partition(":")[0] in row["error"]
        assert len(row["error"]) < 500


CHILDREN = """
import ctypes, os, subprocess, sys, time
for apart in (False, True):
    program = [sys.executable, "-S", "-c", "import time; time.sleep(99)"]
    child = subprocess.Popen(program, start_new_session=apart)
    print(child.pid, file=open("pids", "a"))
if not os.fork():  # a daemon: in a session of its own, its parent ended
    os.setsid()
    ctypes.CDLL(None).prctl(15, b") 1 \\xff")  # its name
    if not os.fork():
        print(os.getpid(), file=open("pids", "a"), flush=True)
        time.sleep(99)
    os._exit(0)
os.wait()
while open("pids").read().count("\\n") < 3:  # else the last one may be ended before it has written
    time.sleep(0.01)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
@pytest.mark.parametrize("end", [NETWORK, "os._exit(0)"], ids=["computes", "dies first"])
def test_what_a_file_starts_ends_with_it(check, folder, end):
    (folder / "pids").unlink(missing_ok=True)
    (folder / "starts.py").write_text(CHILDREN + end)
    check("starts.py")
    pids = (folder / "pids").read_text().split()
    assert len(pids) == 3
    assert [pid for pid in pids if Path("/proc", pid).exists()] == []


@pytest.mark.parametrize("limit", ["0", "-1", "nan"])
def test_a_limit_is_above_zero(check, limit):
    code, _, error = check("good.py", "--limit", limit)
    assert (code, error.count("\n")) == (2, 1)
    assert "give a number of seconds above 0" in error

"""Code and output shown in the README and the documents; `python tests/readme.py` updates it."""

import ast
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
DOCUMENTS = (README, *sorted((ROOT / "docs").glob("*.md")))
COMMANDS = {
    "compare": ["compare"],
    "list": ["list"],
    "diff": ["diff", "googlenet", "googlenet.paddle", "--numbers"],
}
# The network whose check is shown: edits of tests/people/googlenet.txt.
MINE = {
    "unit(64, 64, 1)": "nn.Conv2d(64, 64, 1)",
    "for row in ROWS]\n": "for row in ROWS]\n        body[2] = nn.MaxPool2d(3, 2, padding=1)\n",
}
EXCERPTS = ("pytorch", "tensorflow", "paddle")


def find(name: str) -> tuple[Path, re.Match]:
    """The block that follows a comment with that name, and the document that contains it."""
    pattern = rf"<!-- {name} -->\n```\w*\n(.*?)```"
    found = [(path, re.search(pattern, path.read_text(), re.DOTALL)) for path in DOCUMENTS]
    [(path, match)] = [(path, match) for path, match in found if match]
    return path, match


def block(name: str) -> str:
    """The text of that block."""
    return find(name)[1][1]


def excerpt(framework: str) -> str:
    """The Inception module from the framework's hand-written GoogLeNet."""
    text = (ROOT / f"{framework}_impl" / "googlenet.py").read_text()
    [found] = [node for node in ast.parse(text).body if getattr(node, "name", "") == "Inception"]
    return f"{ast.get_source_segment(text, found)}\n"


def code(framework: str) -> str:
    """The README's Python block that imports a framework's package."""
    blocks = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    [wanted] = [text for text in blocks if f"from {framework}_impl import" in text]
    return wanted


def output(name: str) -> str:
    """The current output of the command, without trailing blanks."""
    command = [sys.executable, "-m", "common.command.main", *COMMANDS[name]]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return "".join(f"{line.rstrip()}\n" for line in printed.splitlines())


def checked(_: str) -> str:
    """The output of `check` for `MINE`."""
    text = (ROOT / "tests" / "people" / "googlenet.txt").read_text()
    for old, new in MINE.items():
        assert text.count(old) == 1
        text = text.replace(old, new)
    words = ["check", "mine.py", "--network", "googlenet"]
    command = [sys.executable, "-m", "common.command.main", *words]
    paths = os.environ | {"PYTHONPATH": str(ROOT)}
    with tempfile.TemporaryDirectory() as box:
        Path(box, "mine.py").write_text(text)
        done = subprocess.run(
            command, capture_output=True, text=True, cwd=box, env=paths, check=False
        )
    return done.stdout


def package_map(_: str) -> str:
    """Every package and file of the code, with the first sentence of its docstring."""
    rows = []
    for folder in ("common", "pytorch_impl", "tensorflow_impl", "paddle_impl"):
        for package in sorted({path.parent for path in (ROOT / folder).rglob("*.py")}):
            rows.append(f"\n{package.relative_to(ROOT)}/: {about(package / '__init__.py')}\n")
            files = sorted(path for path in package.glob("*.py") if path.name != "__init__.py")
            rows += [f"    {path.name:<24}{about(path)}" for path in files]
    return "\n".join(rows).lstrip("\n") + "\n"


def about(path: Path) -> str:
    """The first sentence of a file's docstring."""
    text = ast.get_docstring(ast.parse(path.read_text())) or ""
    return " ".join(text.partition("\n\n")[0].split())


def main() -> None:
    """Updates the commands' output and the code in the README and the documents."""
    fresh = dict.fromkeys(COMMANDS, output) | dict.fromkeys(EXCERPTS, excerpt)
    fresh |= {"map": package_map, "check": checked}
    for name, made in fresh.items():
        path, match = find(name)
        text, (start, end) = path.read_text(), match.span(1)
        path.write_text(text[:start] + made(name) + text[end:])


if __name__ == "__main__":
    main()

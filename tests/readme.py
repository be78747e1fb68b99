"""The README's and the documents' code and output; `python tests/readme.py` renews both."""

import ast
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
DOCUMENTS = (README, *sorted((ROOT / "docs").glob("*.md")))
COMMANDS = {
    "compare": ["compare"],
    "list": ["list"],
    "diff": ["diff", "googlenet", "googlenet.paddle", "--numbers"],
}
EXCERPTS = ("pytorch", "tensorflow", "paddle")


def find(name: str) -> tuple[Path, re.Match]:
    """The block that follows a comment of that name, and the document that it is in."""
    pattern = rf"<!-- {name} -->\n```\w*\n(.*?)```"
    found = [(path, re.search(pattern, path.read_text(), re.DOTALL)) for path in DOCUMENTS]
    [(path, match)] = [(path, match) for path, match in found if match]
    return path, match


def block(name: str) -> str:
    """What stands in that block."""
    return find(name)[1][1]


def excerpt(framework: str) -> str:
    """The Inception module as the framework's GoogLeNet by hand has it."""
    text = (ROOT / f"{framework}_impl" / "googlenet.py").read_text()
    [found] = [node for node in ast.parse(text).body if getattr(node, "name", "") == "Inception"]
    return f"{ast.get_source_segment(text, found)}\n"


def code(framework: str) -> str:
    """The Python block that imports a framework's folder."""
    blocks = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    [wanted] = [text for text in blocks if f"from {framework}_impl import" in text]
    return wanted


def output(name: str) -> str:
    """What the command prints now, without the blanks at line ends."""
    command = [sys.executable, "-m", "common.command.main", *COMMANDS[name]]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return "".join(f"{line.rstrip()}\n" for line in printed.splitlines())


def main() -> None:
    """Puts what the commands print and the code says now into the README."""
    fresh = dict.fromkeys(COMMANDS, output) | dict.fromkeys(EXCERPTS, excerpt)
    for name, made in fresh.items():
        path, match = find(name)
        text, (start, end) = path.read_text(), match.span(1)
        path.write_text(text[:start] + made(name) + text[end:])


if __name__ == "__main__":
    main()

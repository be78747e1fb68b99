"""The README's code and output, for the tests; `python tests/readme.py` renews the output."""

import re
import subprocess
import sys
from pathlib import Path

README = Path(__file__).resolve().parent.parent / "README.md"
COMMANDS = {
    "compare": ["compare"],
    "list": ["list"],
    "diff": ["diff", "googlenet", "googlenet.paddle", "--numbers"],
}


def block(name: str) -> str:
    """The output block that follows a comment of that name."""
    found = re.search(rf"<!-- {name} -->\n```\n(.*?)```", README.read_text(), re.DOTALL)
    assert found, f"README.md has no block {name}"
    return found[1]


def code(framework: str) -> str:
    """The Python block that imports a framework's folder."""
    blocks = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    [wanted] = [text for text in blocks if f"from {framework}_impl import" in text]
    return wanted


def output(name: str) -> str:
    """What the command prints now, without the blanks at line ends."""
    command = [sys.executable, "-m", "common.cli", *COMMANDS[name]]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return "".join(f"{line.rstrip()}\n" for line in printed.splitlines())


def main() -> None:
    """Puts what the commands print now into the README."""
    for name in COMMANDS:
        text = README.read_text()
        start = text.index(f"<!-- {name} -->\n```\n") + len(f"<!-- {name} -->\n```\n")
        README.write_text(text[:start] + output(name) + text[text.index("```", start) :])


if __name__ == "__main__":
    main()

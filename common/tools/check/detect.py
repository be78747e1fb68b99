"""Detects a file's framework from its imports."""

import ast
from collections import Counter
from pathlib import Path

from common.errors import DataError
from common.tools.check.notebooks import source_of

FRAMEWORK = {
    "torch": "pytorch",
    "torchvision": "pytorch",
    "pytorch_impl": "pytorch",
    "timm": "pytorch",
    "paddle": "paddle",
    "paddle_impl": "paddle",
    "tensorflow": "tensorflow",
    "keras": "tensorflow",
    "tensorflow_impl": "tensorflow",
    "tf_slim": "tensorflow",
}


def detect_framework(source: str) -> str:
    """The framework of a file or module; PyTorch if it imports none."""
    path = Path(source)
    if path.suffix not in (".py", ".ipynb"):
        return FRAMEWORK.get(source.partition(".")[0], "pytorch")
    try:
        tree = ast.parse(source_of(path))
    except (SyntaxError, ValueError, OSError, RecursionError, MemoryError, DataError):
        return "pytorch"  # the file's own error is reported when it runs
    tops = Counter(
        FRAMEWORK[top]
        for each in ast.walk(tree)
        for name in imported(each)
        if (top := name.partition(".")[0]) in FRAMEWORK
    )
    return tops.most_common(1)[0][0] if tops else "pytorch"


def imported(node: ast.AST) -> list[str]:
    """The modules that an import statement names."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []

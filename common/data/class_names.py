"""The class names of published weights."""

from pathlib import Path

IMAGENET = Path(__file__).with_name("imagenet.txt")
BACKGROUND = "background"


def class_names(classes: int) -> list[str]:
    """ImageNet's names for 1000 classes, or 1001 with the background first; otherwise numbers."""
    if classes not in (1000, 1001):
        return [str(number) for number in range(classes)]
    names = IMAGENET.read_text().splitlines()
    return [BACKGROUND, *names] if classes == 1001 else names

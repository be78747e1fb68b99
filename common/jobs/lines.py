"""Where in a user's file each layer was made."""

import sys


class Lines:
    """In which lines of the user's file each layer was made."""

    def __init__(self) -> None:
        self.file = ""
        self.found: dict[int, tuple[object, tuple[int, ...]]] = {}  # keeps the layers alive

    def note(self, layer: object) -> None:
        """Keeps the lines of the user's file that are being run, the outermost first."""
        lines, frame = [], sys._getframe(1)
        while frame:
            if frame.f_code.co_filename == self.file and frame.f_code.co_name != "<module>":
                lines.append(frame.f_lineno)
            frame = frame.f_back  # type: ignore[assignment]
        self.found[id(layer)] = layer, tuple(reversed(lines))

    def of(self, layer: object) -> tuple[int, ...]:
        """The lines noted for a layer."""
        return self.found.get(id(layer), (None, ()))[1]

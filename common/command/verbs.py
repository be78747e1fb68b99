"""All verbs: importing this adds each to the command."""

from common.command import (  # noqa: F401
    bench,
    check,
    cli,
    compare,
    data,
    export,
    identify,
    page,
    source,
    training,
    using,
)

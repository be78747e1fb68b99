"""All subcommands; importing this module registers them."""

from common.command import (  # noqa: F401
    bench,
    check,
    compare,
    convert,
    data,
    diff,
    doctor,
    evaluate,
    exercise,
    export,
    grad,
    identify,
    init,
    list,  # noqa: A004
    page,
    predict,
    run,
    source,
    summary,
    train,
)

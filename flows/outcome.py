"""What a command prints of what its flow did, also where a message about it did not go out."""

from collections.abc import Callable
from typing import Any, TypeVar

from pydantic import BaseModel

from flows.display import show_result

Shown = TypeVar("Shown", bound=BaseModel)


def outcome(run: Callable[[], Any], view: Callable[[Any], Shown], json: bool) -> Shown:
    """Return what is to be printed of what `run` returns.

    Where all is done and a message waits, the result is printed before the error goes on.

    Raises:
        UndeliveredError: with the record that was printed.
    """
    from tasks.alerts import UndeliveredError

    try:
        return view(run())
    except UndeliveredError as error:
        show_result(view(error.record), json)
        raise

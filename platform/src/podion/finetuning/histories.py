"""Records filled in with what is known of their past: by a task's history, from its state on."""

from collections.abc import Mapping, Sequence

import numpy as np
from pydantic import BaseModel

from podion.data.withholding import with_sensitive_of, without_sensitive
from podion.errors import PluginError
from podion.hosting.adapter_files import Array
from podion.vertical import Task

_MOST_BYTES = 256 << 20


def followed(
    task: Task, records: Sequence[BaseModel], state: Mapping[str, Array] | None = None
) -> tuple[list[BaseModel], Mapping[str, Array] | None]:
    """Return the records in their order, filled in, and the state that the task's history is in after them.

    The history begins with `state`, and sees nothing that is sensitive. Without one, the records are those given and
    the state is None. Raises `PluginError` for a history that fails, or returns something else than it has to.
    """
    if task.history is None:
        return list(records), None
    name = task.history.__name__
    try:
        history = task.history(state)
        filled = list(history.follow(without_sensitive(task, records)))
        after = {key: np.asarray(array) for key, array in history.state().items()}
    except Exception as error:  # a plugin's code: it may fail in any way
        raise PluginError(f"task {task.name}: its history {name} failed: {type(error).__name__}: {error}") from error
    if len(filled) != len(records) or not all(isinstance(record, task.record) for record in filled):
        raise PluginError(
            f"task {task.name}: its history {name} returned {len(filled)} of {len(records)} records, or something "
            f"else than {task.record.__name__}"
        )
    _check(f"task {task.name}: the state of its history {name}", after)
    return list(with_sensitive_of(task, filled, records)), after


def _check(what: str, state: Mapping[str, Array]) -> None:
    odd = [f"{name} is {array.dtype}" for name, array in state.items() if array.dtype.kind not in "fiub"]
    if odd:
        raise PluginError(f"{what} holds no numbers or bytes: {', '.join(odd[:5])}")
    size = sum(array.nbytes for array in state.values())
    if size > _MOST_BYTES:
        raise PluginError(f"{what} takes {size:,} bytes; {_MOST_BYTES:,} are kept: forget what is too old to count")

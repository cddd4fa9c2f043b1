"""One text, eight tasks of one tenant: heads on shared states, and adapters on the top two layers."""

from functools import partial

from .mixing import Setting
from .ours import Ours
from .report import Figure
from .rounds import interleaved, over, spread
from .world import LAYERS, Adapter, Shape, write

TASKS = 8
_TEXTS = 16
_TOP = LAYERS - 2


def fan_out(setting: Setting) -> list[Figure]:
    """What eight tasks cost over one, text by text, nothing remembered."""
    figures = []
    for name, shape, most in (
        ("fan_out_8_heads_over_one", None, 1.2),
        ("fan_out_8_adapters_over_one", Shape(lowest=_TOP, cut=_TOP), 3.8),
    ):
        ours = Ours(setting.bases, setting.base, setting.runtime)
        folder = setting.folder / name
        tasks = [write(folder, ours.base, number, 2 + 10 * number, shape, owner="one") for number in range(TASKS)]
        found = interleaved(
            {
                "eight": partial(_each, ours, setting, tasks),
                "one": partial(_each, ours, setting, tasks[:1]),
            },
            setting.rounds,
        )
        behind = {
            "rounds": spread(found["eight"], found["one"]),
            "runtime": setting.runtime,
            "sides": {side: seconds.told() for side, seconds in found.items()},
        }
        figures.append(Figure(name, over(found["eight"], found["one"]), most=most, behind=behind))
    return figures


def _each(ours: Ours, setting: Setting, tasks: list[Adapter], number: int) -> None:
    for place in range(_TEXTS):
        text = setting.texts[(number * _TEXTS + place) % len(setting.texts)]
        ours.answer([(task, text) for task in tasks])

"""Two charts of a day as inline SVG: no script, nothing fetched, readable in print. Everything is escaped."""

from collections.abc import Mapping, Sequence
from html import escape

WIDTH, HEIGHT = 720, 180
_LEFT, _BOTTOM, _TOP = 44, 24, 12
COLOURS: Mapping[str, str] = {"negative": "#b3392f", "neutral": "#9aa3ad", "positive": "#2f7d4f", "unsure": "#d9c27a"}
_OTHER = "#6d7fa8"


def colour(sentiment: str) -> str:
    """Return the colour of a sentiment."""
    return COLOURS.get(sentiment, _OTHER)


def stacked(columns: Sequence[Mapping[str, float]], names: Sequence[str], labels: Sequence[str], title: str) -> str:
    """Return bars, one a column, the amounts of `names` on top of each other; `labels` stand below every third."""
    most = max((sum(column.values()) for column in columns), default=0) or 1
    step = (WIDTH - _LEFT) / max(1, len(columns))
    bars = []
    for place, column in enumerate(columns):
        top = float(HEIGHT - _BOTTOM)
        for name in names:
            tall = column.get(name, 0) / most * (HEIGHT - _BOTTOM - _TOP)
            top -= tall
            if tall:
                bars.append(
                    _bar(_LEFT + place * step + 1, top, step - 2, tall, name, f"{labels[place]}: {column[name]:g}")
                )
    return _svg(title, [*_axis(most), *bars, *_below(labels, step)])


def line(values: Sequence[float | None], labels: Sequence[str], title: str) -> str:
    """Return a line between -1 and 1 with a rule at 0; where there is None it is broken."""
    step = (WIDTH - _LEFT) / max(1, len(values))
    tall = HEIGHT - _BOTTOM - _TOP
    parts, fresh = [], True
    for place, value in enumerate(values):
        if value is None:
            fresh = True
            continue
        x, y = _LEFT + (place + 0.5) * step, _TOP + (1 - value) / 2 * tall
        parts.append(f"{'M' if fresh else 'L'}{x:.1f} {y:.1f}")
        fresh = False
    middle = _TOP + tall / 2
    dots = [
        f'<circle cx="{_LEFT + (place + 0.5) * step:.1f}" cy="{_TOP + (1 - value) / 2 * tall:.1f}" r="2.5" '
        f'fill="#33415c"><title>{escape(labels[place])}: {value:+.2f}</title></circle>'
        for place, value in enumerate(values)
        if value is not None
    ]
    drawn = [
        f'<line x1="{_LEFT}" x2="{WIDTH}" y1="{middle:.1f}" y2="{middle:.1f}" stroke="#c8ced6"/>',
        *(
            f'<text x="{_LEFT - 6}" y="{_TOP + (1 - value) / 2 * tall + 4:.1f}" text-anchor="end">{value:+d}</text>'
            for value in (-1, 1)
        ),
        f'<path d="{"".join(parts)}" fill="none" stroke="#33415c" stroke-width="2"/>' if parts else "",
        *dots,
    ]
    return _svg(title, [*drawn, *_below(labels, step)])


def _bar(x: float, y: float, wide: float, tall: float, name: str, told: str) -> str:
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{wide:.1f}" height="{tall:.1f}" fill="{colour(name)}">'
        f"<title>{escape(told)} {escape(name)}</title></rect>"
    )


def _axis(most: float) -> list[str]:
    floor = HEIGHT - _BOTTOM
    return [
        f'<line x1="{_LEFT}" x2="{WIDTH}" y1="{floor}" y2="{floor}" stroke="#c8ced6"/>',
        f'<text x="{_LEFT - 6}" y="{_TOP + 4}" text-anchor="end">{most:g}</text>',
        f'<text x="{_LEFT - 6}" y="{floor}" text-anchor="end">0</text>',
    ]


def _below(labels: Sequence[str], step: float) -> list[str]:
    return [
        f'<text x="{_LEFT + (place + 0.5) * step:.1f}" y="{HEIGHT - 6}" text-anchor="middle">{escape(label)}</text>'
        for place, label in enumerate(labels)
        if place % 3 == 0
    ]


def _svg(title: str, parts: Sequence[str]) -> str:
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title, quote=True)}" '
        f'font-family="sans-serif" font-size="11" fill="#445">{"".join(parts)}</svg>'
    )

"""The day's report as one HTML file: no script, no resource from elsewhere, made to be printed. Titles are hostile."""

from collections.abc import Mapping, Sequence
from html import escape

from podion import Language
from podion_sentiment_monitor.alerts import Alert, StoryCard
from podion_sentiment_monitor.charts import colour, line, stacked
from podion_sentiment_monitor.report import DayReport, net
from podion_sentiment_monitor.trends import Share

_WORDS: Mapping[Language, Mapping[str, str]] = {
    "en": {
        "title": "Public opinion", "articles": "articles", "stories": "stories", "reach": "reach",
        "volume": "Articles an hour, by sentiment (UTC)",
        "tone": "Net sentiment an hour: (positive - negative) / articles",
        "top": "Stories with the widest reach", "alerts": "Alerts", "no_alerts": "Nothing surged on this day.",
        "no_stories": "No story began on this day.", "topic": "Topics", "entity": "Entities", "source": "Sources",
        "observed": "observed", "expected": "expected", "chance": "p", "status": "status", "at": "at", "name": "name",
        "subject": "subject", "firing": "firing", "acknowledged": "acknowledged", "silenced": "silenced",
        "resolved": "resolved", "false": "false alarm", "negative": "negative", "neutral": "neutral",
        "positive": "positive", "unsure": "unsure", "": "not read", "made": "made", "everything": "everything",
        "incomplete": "More than 2,000 stories began on this day: the newest were ranked.",
    },
    "zh": {
        "title": "舆情日报", "articles": "篇文章", "stories": "个事件", "reach": "传播量",
        "volume": "每小时文章数，按情感（UTC）", "tone": "每小时净情感：（正面－负面）÷文章数",
        "top": "传播最广的事件", "alerts": "预警", "no_alerts": "当日没有异常激增。",
        "no_stories": "当日没有新事件。", "topic": "主题", "entity": "主体", "source": "来源",
        "observed": "实际", "expected": "预期", "chance": "p 值", "status": "状态", "at": "时间", "name": "名称",
        "subject": "对象", "firing": "触发中", "acknowledged": "已确认", "silenced": "已静默", "resolved": "已结束",
        "false": "误报", "negative": "负面", "neutral": "中性", "positive": "正面", "unsure": "不确定", "": "未判断",
        "made": "生成于", "everything": "全部", "incomplete": "当日新事件超过 2,000 个，仅对最新的排序。",
    },
}  # fmt: skip

_STYLE = """
body{font:14px/1.5 system-ui,"PingFang SC","Microsoft YaHei",sans-serif;color:#1c2330;max-width:760px;margin:2em auto;
padding:0 1em}h1{font-size:1.5em;margin-bottom:0}h2{font-size:1.1em;margin:1.6em 0 .4em}table{border-collapse:collapse;
width:100%}td,th{text-align:left;padding:.25em .6em .25em 0;border-bottom:1px solid #e3e7ec;vertical-align:top}
td.n,th.n{text-align:right;white-space:nowrap}.big{font-size:1.6em}.key{display:inline-block;width:.8em;height:.8em;
margin:0 .3em 0 1em}svg{width:100%;height:auto}small{color:#667}a{color:#1f4f8f;overflow-wrap:anywhere}
@media print{body{margin:0;max-width:none}a{color:inherit;text-decoration:none}h2{break-after:avoid}tr,svg{
break-inside:avoid}}
"""


def page(told: DayReport, language: Language) -> str:
    """Return the report as HTML."""
    words = _WORDS[language]
    names = sorted({name for point in told.hours for name in point.sentiments}, key=_order)
    labels = [point.at.strftime("%H:%M") for point in told.hours]
    columns = [{name: float(count) for name, count in point.sentiments.items()} for point in told.hours]
    title = f"{words['title']} {told.day.isoformat()}"
    parts = [
        f"<h1>{title}</h1><small>{words['made']} {told.made_at:%Y-%m-%d %H:%M} UTC</small>",
        f'<p class="big">{told.articles:,} {words["articles"]} · {told.stories:,} {words["stories"]} · '
        f"{told.reach:,.0f} {words['reach']}</p>",
        f"<h2>{words['volume']}</h2>{_key(names, words)}{stacked(columns, names, labels, words['volume'])}",
        f"<h2>{words['tone']}</h2>{line(net(told.hours), labels, words['tone'])}",
        f"<h2>{words['alerts']}</h2>{_alerts(told.alerts, words)}",
        f"<h2>{words['top']}</h2>{_stories(told.top_stories, words)}",
        "" if told.complete else f"<p><small>{words['incomplete']}</small></p>",
        *(
            f"<h2>{words[family]}</h2>{_shares(found, words)}"
            for family, found in (("topic", told.topics), ("entity", told.entities), ("source", told.sources))
            if found
        ),
    ]
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>{title}</title><style>{_STYLE}</style></head>'
        f"<body>{''.join(parts)}</body></html>"
    )


def _order(name: str) -> tuple[int, str]:
    known = ("negative", "neutral", "positive", "unsure")
    return (known.index(name) if name in known else len(known), name)


def _key(names: Sequence[str], words: Mapping[str, str]) -> str:
    return "".join(
        f'<span class="key" style="background:{colour(name)}"></span>{escape(words.get(name, name))}' for name in names
    )


def _alerts(alerts: Sequence[Alert], words: Mapping[str, str]) -> str:
    if not alerts:
        return f"<p>{words['no_alerts']}</p>"
    head = ("at", "name", "subject", "observed", "expected", "chance", "status")
    rows = []
    for alert in alerts:
        status = words[str(alert.status)] + (f" · {words['false']}" if alert.false_alarm else "")
        rows.append(
            f"<tr><td>{alert.started_at:%H:%M}</td><td>{escape(alert.rule_name)}</td>"
            f"<td>{escape(alert.subject or words['everything'])}</td>"
            f'<td class="n">{alert.observed}</td><td class="n">{alert.expected:.1f}</td>'
            f'<td class="n">{alert.p_value:.1e}</td><td>{status}</td></tr>'
            f'<tr><td></td><td colspan="6">{_links(alert.stories)}</td></tr>'
        )
    return f"<table><tr>{''.join(f'<th>{words[each]}</th>' for each in head)}</tr>{''.join(rows)}</table>"


def _stories(stories: Sequence[StoryCard], words: Mapping[str, str]) -> str:
    if not stories:
        return f"<p>{words['no_stories']}</p>"
    rows = (
        f"<tr><td>{_link(each)}<br><small>{escape(each.source)} · {each.first_at:%H:%M}</small></td>"
        f'<td>{escape(words.get(each.sentiment, each.sentiment))}</td><td class="n">{each.articles:,} '
        f'{words["articles"]}</td><td class="n">{each.reach:,.0f}</td></tr>'
        for each in stories
    )
    return f"<table>{''.join(rows)}</table>"


def _shares(found: Sequence[Share], words: Mapping[str, str]) -> str:
    rows = (
        f'<tr><td>{escape(each.name)}</td><td class="n">{each.articles:,} {words["articles"]}</td>'
        f'<td class="n">{each.stories:,} {words["stories"]}</td><td>'
        + ", ".join(f"{escape(words.get(name, name))} {count:,}" for name, count in sorted(each.sentiments.items()))
        + "</td></tr>"
        for each in found
    )
    return f"<table>{''.join(rows)}</table>"


def _links(stories: Sequence[StoryCard]) -> str:
    return "<br>".join(f"{_link(each)} <small>{escape(each.source)}</small>" for each in stories)


def _link(story: StoryCard) -> str:
    """Return a title, linked where its address is of the web; the schema lets no other in, and this none out."""
    title = escape(story.title[:200])
    if story.url is None or not story.url.startswith(("http://", "https://")):
        return title
    return f'<a href="{escape(story.url, quote=True)}" rel="noopener noreferrer nofollow">{title}</a>'

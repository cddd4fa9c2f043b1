"""Near-duplicates and what only looks like them, generated: articles with the story that each belongs to. Seeded.

A story's copies are cut short, marked as reposts (`RT @x:`, `转载：`, `via …`), touched up in a few words, or all.
Beside a third of the stories stands a twin: the same sentences with another number, another company or a denial, which
is another report and must not be filed with it.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

COMPANIES = {
    "en": ("Harbour Bank", "Northgate Savings", "Corvid Air", "Meridian Foods", "Oakline Motors", "Tessel Telecom"),
    "zh": ("海港银行", "北门储蓄", "渡鸦航空", "子午食品", "橡树汽车", "棱镜电信"),
}
_SUBJECTS = {
    "en": ("customers", "regulators", "shareholders", "analysts", "branch staff", "suppliers", "the city council",
           "consumer groups", "union leaders", "lawmakers", "local residents", "former managers"),
    "zh": ("客户", "监管部门", "股东", "分析师", "网点员工", "供应商", "市议会", "消费者协会",
           "工会代表", "当地居民", "前高管", "投资者"),
}  # fmt: skip
_VERBS = {
    "en": ("complained about", "welcomed", "questioned", "reported", "discussed", "warned of", "criticised", "praised",
           "asked about", "investigated", "defended", "were surprised by"),
    "zh": ("投诉", "欢迎", "质疑", "报告了", "讨论了", "警告", "批评", "称赞", "询问", "调查", "回应", "关注"),
}  # fmt: skip
_OBJECTS = {
    "en": ("delayed transfers", "the new savings plan", "higher fees", "a data leak", "closed branches", "late flights",
           "the quarterly results", "an outage of the app", "a product recall", "the merger talks", "hiring plans",
           "a tax ruling", "battery faults", "the loyalty scheme", "roaming charges"),
    "zh": ("转账延迟", "新的储蓄计划", "手续费上涨", "数据泄露", "网点关闭", "航班延误", "季度业绩", "手机应用故障",
           "产品召回", "合并谈判", "招聘计划", "税务裁定", "电池缺陷", "积分计划", "漫游资费"),
}  # fmt: skip
_PLACES = {
    "en": ("in the capital", "in the northern region", "at the annual meeting", "after a long weekend", "near the port",
           "during the morning rush", "at three branches", "across the coast", "on social media",
           "before the holidays"),
    "zh": ("在首都", "在北部地区", "在年度大会上", "在长周末之后", "在港口附近", "在早高峰期间", "在多家网点",
           "在沿海一带",
           "在社交媒体上", "在节日之前"),
}  # fmt: skip
_TAILS = {
    "en": ("The company said it would answer within {n} days.", "Shares moved by {n} percent.",
           "About {n} people were affected.", "A hotline took {n} calls by noon.",
           "An internal note named {n} open cases.", "Officials expect a report in {n} weeks.",
           "Competitors offered a discount of {n} percent.", "The change costs {n} million a year."),
    "zh": ("公司表示将在{n}天内答复。", "股价变动{n}%。", "约{n}人受到影响。", "截至中午热线接到{n}个来电。",
           "内部文件列出{n}起未结案件。", "官方预计{n}周内公布报告。", "竞争对手提供{n}%的折扣。",
           "这一调整每年花费{n}百万元。"),
}  # fmt: skip
_SYNONYMS = {
    "en": {"said": "stated", "company": "firm", "people": "persons", "affected": "hit", "expect": "await",
           "offered": "gave", "named": "listed", "took": "received", "change": "move", "shares": "stock",
           "about": "around", "officials": "authorities", "complained": "grumbled", "reported": "described",
           "discussed": "debated", "welcomed": "greeted", "note": "memo", "report": "paper"},
    "zh": {"表示": "称", "公司": "企业", "影响": "波及", "预计": "预期", "提供": "给出", "列出": "列明", "接到": "收到",
           "调整": "变动", "投诉": "抱怨", "讨论": "商议", "欢迎": "支持", "文件": "备忘录"},
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Copy:
    """A text, the story that it belongs to, and what was done to it."""

    text: str
    story: int
    how: str
    lang: str


def copies(stories: int, seed: int) -> list[Copy]:
    """Return the texts of so many stories in random order: an original each, 0 to 6 copies, and twins."""
    rng = random.Random(seed)
    told: list[Copy] = []
    number = 0
    for _ in range(stories):
        lang = rng.choice(("en", "zh"))
        company = rng.choice(COMPANIES[lang])
        parts = _original(lang, company, rng)
        told.append(Copy(_joined(parts, lang), number, "original", lang))
        for _ in range(rng.choice((0, 0, 1, 2, 4, 6))):
            how = rng.choice(list(_WAYS))
            told.append(Copy(_WAYS[how](parts, lang, rng), number, how, lang))
        number += 1
        if rng.random() < 1 / 3:
            how, twin = _twin(parts, lang, company, rng)
            told.append(Copy(_joined(twin, lang), number, how, lang))
            number += 1
    firsts = {each.story: place for place, each in reversed(list(enumerate(told)))}
    order = sorted(range(len(told)), key=lambda place: (firsts[told[place].story] != place, rng.random()))
    return [told[place] for place in order]


def _original(lang: str, company: str, rng: random.Random) -> list[str]:
    head = (rng.choice(_SUBJECTS[lang]), rng.choice(_VERBS[lang]), rng.choice(_OBJECTS[lang]))
    place = rng.choice(_PLACES[lang])
    first = (
        f"{company}: {head[0]} {head[1]} {head[2]} {place}."
        if lang == "en"
        else f"{company}：{place}，{head[0]}{head[1]}{head[2]}。"
    )
    tails = [each.format(n=rng.randint(3, 970)) for each in rng.sample(_TAILS[lang], rng.randint(2, 4))]
    return [first, *tails]


def _joined(parts: Sequence[str], lang: str) -> str:
    return (" " if lang == "en" else "").join(parts)


def _cut(parts: Sequence[str], lang: str, rng: random.Random) -> str:
    share = rng.uniform(0.4, 0.9)
    if lang == "zh":
        text = _joined(parts, lang)
        return text[: max(14, int(len(text) * share))] + "…"
    words = _joined(parts, lang).split()
    return " ".join(words[: max(8, int(len(words) * share))]) + "…"


def _marked(parts: Sequence[str], lang: str, rng: random.Random) -> str:
    text, user = _joined(parts, lang), f"u{rng.randrange(900)}"
    if lang == "zh":
        return rng.choice((f"转载：{text}", f"【转】{text}", f"转发 @{user}：{text}", f"{text} 来源：{user}"))
    return rng.choice((f"RT @{user}: {text}", f"{text} via @{user}", f"Repost: {text}", f"{text} (source: {user})"))


def _touched_up(parts: Sequence[str], lang: str, rng: random.Random) -> str:
    text = _joined(parts, lang)
    known = [word for word in _SYNONYMS[lang] if word in text]
    for word in rng.sample(known, min(len(known), rng.randint(1, 3))):
        text = text.replace(word, _SYNONYMS[lang][word], 1)
    return text


def _all_of_it(parts: Sequence[str], lang: str, rng: random.Random) -> str:
    return _marked([_touched_up(parts[: max(2, len(parts) - 1)], lang, rng)], lang, rng)


_WAYS: dict[str, Callable[[Sequence[str], str, random.Random], str]] = {
    "cut": _cut,
    "marked": _marked,
    "touched up": _touched_up,
    "all": _all_of_it,
}


def _twin(parts: Sequence[str], lang: str, company: str, rng: random.Random) -> tuple[str, list[str]]:
    """Return another report in nearly the same words: other figures, another company, or a denial."""
    how = rng.choice(("other figures", "other company", "denial"))
    text = list(parts)
    if how == "other company":
        other = rng.choice([each for each in COMPANIES[lang] if each != company])
        text[0] = text[0].replace(company, other)
    elif how == "denial":
        text[1:1] = ["The company denied it." if lang == "en" else "公司否认了此事。"]
        text = text[:-1]
    else:
        place = rng.randrange(1, len(text))
        figure = "".join(filter(str.isdigit, text[place]))
        text[place] = text[place].replace(figure, str(int(figure) + rng.randint(1, 40)))
    return how, text


def pair_f1(truth: Sequence[int], filed: Sequence[str | int]) -> tuple[float, float, float]:
    """Return precision, recall and F1 over all pairs of texts that are said to be of one story."""

    def pairs(keys: Sequence[object]) -> int:
        counts: dict[object, int] = {}
        for key in keys:
            counts[key] = counts.get(key, 0) + 1
        return sum(count * (count - 1) // 2 for count in counts.values())

    right = pairs(list(zip(truth, filed, strict=True)))
    told, true = pairs(filed), pairs(truth)
    precision, recall = right / told if told else 1.0, right / true if true else 1.0
    return precision, recall, 2 * precision * recall / (precision + recall) if precision + recall else 0.0

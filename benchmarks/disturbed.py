"""Rules that disturb a question the way hurried people do; written before the search that they judge was tuned.

    python benchmarks/disturbed.py [--seed N] [TEXT …]

`disturb(text, kind, seed)` is a pure function: the same arguments give the same text on every machine. Chinese texts
are known by their characters and have rules of their own. Nothing here knows the data or the search.
"""

import argparse
import re
from collections.abc import Callable, Mapping
from random import Random

Rule = Callable[[str, Random], str]

TYPO_SHARE = 1 / 4
"""Typing mistakes a word: one in four words, and at least one a question."""
DROPPED_SHARE = 1 / 6
DOUBLED_SHARE = 1 / 6
ZH_TYPO_SHARE = 1 / 10
"""Mistakes a Chinese character."""

_NEIGHBOURS: Mapping[str, str] = {
    keys[0]: keys[1:]
    for keys in (  # noqa: SIM905
        "qwa wqes ewrd retf tryg ytuh uyij iuok oipl pol aqsz sadwx dsfec "
        "fdgrv gfhtb hgjyn jhkum kjli lkop zasx xzcs cxvd vcbf bvng nbmh mnjk"
    ).split()
}
_CLAUSES = re.compile(
    r"(?<=,) | (?=(?:to|for|if|when|while|from|with|without|on|in|at|of|through|by|after|before|as|that|which|and|or)"
    r"\b)",
    re.IGNORECASE,
)
_OPENINGS = (
    "hi, ",
    "hey there, quick question: ",
    "hello sir/madam, i wanna know ",
    "so basically i was wondering ",
    "pls tell me ",
    "umm sorry to bother you but ",
    "can anyone help me out here, ",
    "yo need some help, ",
    "good morning team! my friend told me to ask here. ",
    "been trying to figure this out all day, ",
    "just curious, like, ",
    "ok so ",
)
_ENDINGS = ("", "", " plz", " thx", " ??", "...", " asap", " thanks in advance")
_SHORT_FORMS: Mapping[str, str] = dict(
    pair.split("=")
    for pair in (  # noqa: SIM905
        "you=u,your=ur,are=r,please=pls,account=acct,documents=docs,want to=wanna,going to=gonna,because=cuz,and=n,"
        "for=4,to=2,information=info"
    ).split(",")
)

_ZH = re.compile(r"[\u4e00-\u9fff]")
_ZH_MARKS = ",。;、,;??!. "
_ZH_CLAUSES = re.compile(r"(?<=[,。;、,;])|(?=如果|怎么|如何|需要|可以|能不能|是否|为什么|什么)")
_ZH_CONFUSED: Mapping[str, str] = {
    pair[0]: pair[1]
    for pair in (  # noqa: SIM905
        "的得 得的 地的 在再 再在 账帐 帐账 做作 作做 那哪 哪那 像象 以已 已以 他它 吗嘛 带戴 份分 "
        "需须 订定 定订 买卖 帮邦 号好 费废 复覆 副付"
    ).split()
}
_ZH_OPENINGS = ("你好,请问一下", "亲,在吗?", "想问下", "那个,", "麻烦问一句哈,", "我朋友让我来问,", "急!", "老师好,")
_ZH_ENDINGS = ("", "呀", "呢", "啊??", ",谢谢", ",在线等", "哈")


def _count(size: int, share: float) -> int:
    return max(1, round(size * share))


def _letter(word: str, random: Random) -> str:
    """One mistake in a word: neighbours swapped, a letter dropped, doubled, or hit beside."""
    at = random.randrange(len(word))
    kind = random.choice(("swap", "drop", "double", "beside"))
    if kind == "swap" and len(word) > 1:
        at = min(at, len(word) - 2)
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    if kind == "drop" and len(word) > 1:
        return word[:at] + word[at + 1 :]
    if kind == "double":
        return word[:at] + word[at] + word[at:]
    beside = _NEIGHBOURS.get(word[at].lower())
    return word[:at] + random.choice(beside) + word[at + 1 :] if beside else word + word[-1]


def typos(text: str, random: Random) -> str:
    words = text.split()
    for at in random.sample(range(len(words)), min(len(words), _count(len(words), TYPO_SHARE))):
        words[at] = _letter(words[at], random)
    return " ".join(words)


def dropped(text: str, random: Random) -> str:
    """Leave words out, whichever they are, while more than two are left."""
    words = text.split()
    gone = set(random.sample(range(len(words)), max(0, min(len(words) - 2, _count(len(words), DROPPED_SHARE)))))
    return " ".join(word for at, word in enumerate(words) if at not in gone)


def doubled(text: str, random: Random) -> str:
    words = text.split()
    twice = set(random.sample(range(len(words)), min(len(words), _count(len(words), DOUBLED_SHARE))))
    return " ".join(f"{word} {word}" if at in twice else word for at, word in enumerate(words))


def reordered(text: str, random: Random) -> str:
    """Shuffle the clauses; a text of one clause has its second half said first."""
    clauses = [clause.strip(" ,?.") for clause in _CLAUSES.split(text) if clause.strip(" ,?.")]
    if len(clauses) < 2:
        words = text.split()
        half = max(1, len(words) // 2)
        clauses = [" ".join(words[:half]), " ".join(words[half:])]
    before = list(clauses)
    while clauses == before and len(set(before)) > 1:
        random.shuffle(clauses)
    return ", ".join(clause for clause in clauses if clause)


def colloquial(text: str, random: Random) -> str:
    """A chatty opening and ending, no capitals, no question mark, short forms for half of the words that have one."""
    said = text.lower().rstrip(" ?.!")
    for long, short in _SHORT_FORMS.items():
        if random.random() < 0.5:
            said = re.sub(rf"\b{long}\b", short, said)
    return random.choice(_OPENINGS) + said + random.choice(_ENDINGS)


def zh_typos(text: str, random: Random) -> str:
    """Characters confused with their homophones where we know one, else swapped, dropped or doubled."""
    characters = list(text)
    for at in random.sample(range(len(characters)), min(len(characters), _count(len(characters), ZH_TYPO_SHARE))):
        one = characters[at]
        kind = random.choice(("swap", "drop", "double"))
        if one in _ZH_CONFUSED:
            characters[at] = _ZH_CONFUSED[one]
        elif kind == "swap" and at + 1 < len(characters):
            characters[at], characters[at + 1] = characters[at + 1], one
        else:
            characters[at] = "" if kind == "drop" and len(characters) > 2 else one * 2
    return "".join(characters)


def zh_dropped(text: str, random: Random) -> str:
    gone = set(random.sample(range(len(text)), max(0, min(len(text) - 2, _count(len(text), DROPPED_SHARE)))))
    return "".join(character for at, character in enumerate(text) if at not in gone)


def zh_doubled(text: str, random: Random) -> str:
    at = random.randrange(max(1, len(text) - 1))
    return text[: at + 2] + text[at : at + 2] + text[at + 2 :]


def zh_reordered(text: str, random: Random) -> str:
    clauses = [clause.strip(_ZH_MARKS) for clause in _ZH_CLAUSES.split(text)]
    clauses = [clause for clause in clauses if clause]
    if len(clauses) < 2:
        half = max(1, len(text) // 2)
        clauses = [text[:half], text[half:]]
    before = list(clauses)
    while clauses == before and len(set(before)) > 1:
        random.shuffle(clauses)
    return ",".join(clauses)


def zh_colloquial(text: str, random: Random) -> str:
    return random.choice(_ZH_OPENINGS) + text.rstrip(_ZH_MARKS) + random.choice(_ZH_ENDINGS)


SINGLE: Mapping[str, tuple[Rule, Rule]] = {
    "typos": (typos, zh_typos),
    "dropped": (dropped, zh_dropped),
    "doubled": (doubled, zh_doubled),
    "reordered": (reordered, zh_reordered),
    "colloquial": (colloquial, zh_colloquial),
}
"""Each kind with its English and its Chinese rule, in the order in which several are applied, typing mistakes last."""

KINDS = (*SINGLE, "several")


def disturb(text: str, kind: str, seed: int = 2026) -> str:
    """Return a text disturbed by one kind of rule, or by three kinds at once (`several`)."""
    random = Random(f"{seed}\n{kind}\n{text}")
    chosen = random.sample(list(SINGLE), 3) if kind == "several" else [kind]
    order = [name for name in SINGLE if name in chosen and name != "typos"]
    for name in [*order, *(["typos"] if "typos" in chosen else [])]:
        text = SINGLE[name][bool(_ZH.search(text))](text, random)
    return text


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("texts", nargs="*", default=["How do I change the address of my account, if I have moved?"])
    parser.add_argument("--seed", type=int, default=2026)
    arguments = parser.parse_args()
    for text in (*arguments.texts, "如果我换了手机号,怎么修改账户的联系方式?"):
        for kind in KINDS:
            print(f"{kind:11} {disturb(text, kind, arguments.seed)}")


if __name__ == "__main__":
    main()

"""A lender and a card issuer that do not exist: applications with outcomes, payments with frauds, texts. Seeded.

Everything here is made up for samples, tests and the demo; it shows the way and says nothing of any real portfolio.
"""

import math
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

Row = dict[str, Any]

FIRST_DAY = datetime(2022, 1, 3, 9, tzinfo=UTC)
_PURPOSES = {"car": 0.0, "home": -0.3, "education": 0.2, "medical": 0.5, "business": 0.8}
_HOUSING = {"own": -0.6, "rent": 0.4, "parents": 0.2}
_GOOD_WORDS = {
    "en": (
        "The salary has come on time for years and the old loan is paid off.",
        "I want to spread the cost; there are savings for six instalments.",
        "Permanent contract since spring, no other loans.",
    ),
    "zh": (
        "工作稳定，工资按时发放，之前的贷款已还清。",
        "有存款，可以覆盖半年的还款。",
        "今年春天转正，没有其他贷款。",
    ),
}
_BAD_WORDS = {
    "en": (
        "I need it soon to pay the other lenders who keep calling.",
        "Hours were cut at work, things will surely get better next year.",
        "The bank turned me down and the rent is two months behind.",
    ),
    "zh": (
        "急需周转，要先还上其他平台的欠款。",
        "公司最近减薪，希望明年能好起来。",
        "银行没有批，房租已经拖欠两个月。",
    ),
}
_TEXTS = {
    "complaint": (
        "I was charged twice for the same transfer and nobody answers the phone",
        "your branch closed my account without telling me, I want this looked into",
        "the fee on my statement was never agreed, please pay it back",
        "同一笔转账扣了两次钱，客服一直打不通",
        "没有通知就关了我的账户，我要投诉",
        "账单上的手续费我从没同意过，请退还",
    ),
    "phishing": (
        "Your account is locked, confirm your password at http://bank-secure.example now",
        "Security notice: enter your card number and PIN within 24 hours to keep access",
        "Tax refund waiting, log in here with your bank code http://refund.example",
        "您的账户已冻结，请点击 http://yinhang.example 输入密码解冻",
        "【安全提醒】请在24小时内提供卡号和验证码，否则停用",
        "您有一笔退税待领取，请登录 http://tuishui.example 填写银行卡信息",
    ),
    "spam": (
        "WIN a new phone today, text YES to 80800",
        "Instant loans, no papers, everyone approved, call now",
        "Congratulations, you have been chosen for a free cruise",
        "恭喜中奖！回复1领取最新手机",
        "无抵押秒批贷款，人人可办，速来电",
        "免费旅游名额只剩三个，点击报名",
    ),
    "none": (
        "could you send me the statement for march",
        "my new address is in the file, please update it",
        "thanks, the card arrived this morning",
        "麻烦把三月的对账单发给我",
        "我的地址变了，请更新一下",
        "谢谢，卡今天早上收到了",
    ),
}
_OPENINGS = {"en": ("", "Hello, ", "Hi, ", "Please note: "), "zh": ("", "您好，", "请问，", "提醒：")}


def applications(count: int, *, seed: int = 7, days: int = 720, labelled: bool = True) -> list[Row]:
    """Return applications in order of time, a fifth of which go bad; one in four tells its story, in either language.

    `debt_to_income`, `late_payments`, `utilisation`, short employment and a thin history count against an applicant;
    `employment_months` is missing of some and -1 (never employed) of others; `sex` and `age` count for nothing.
    """
    chance = random.Random(seed)
    rows = [_application(chance, place, FIRST_DAY + timedelta(days=days * place / count)) for place in range(count)]
    return rows if labelled else [{name: value for name, value in row.items() if name != "label"} for row in rows]


def _application(chance: random.Random, place: int, at: datetime) -> Row:
    income = round(math.exp(chance.gauss(8.1, 0.45)), -1)
    amount = round(min(60_000, math.exp(chance.gauss(9.0, 0.7))), -2)
    term = chance.choice((12, 24, 36, 48, 60))
    ratio = round(min(1.5, chance.betavariate(2, 5) + amount / term / income), 3)
    worked = chance.choices((None, -1, int(chance.expovariate(1 / 60))), weights=(8, 5, 87))[0]
    late = min(6, int(chance.expovariate(1.4)))
    used = round(chance.betavariate(1.4, 2.2), 3)
    history = int(chance.expovariate(1 / 80))
    asked = min(9, int(chance.expovariate(0.8)))
    purpose, housing = chance.choice(list(_PURPOSES)), chance.choice(list(_HOUSING))
    told = chance.random() < 0.25
    against = (
        -6.1
        + 5.0 * min(ratio, 1.0)
        + 0.95 * late
        + 2.6 * used
        + 0.25 * asked
        + (0.7 if worked is None else 1.0 if worked < 12 else -0.5 if worked > 60 else 0.0)
        - 1.0 * min(history, 120) / 120
        + _PURPOSES[purpose]
        + _HOUSING[housing]
    )
    worried = chance.random() < 0.3
    against += (1.6 if worried else -0.6) if told else 0.0
    language = chance.choice(("en", "zh"))
    words = chance.choice((_BAD_WORDS if worried else _GOOD_WORDS)[language]) if told else ""
    return {
        "application_id": f"A-{place + 1:05}",
        "applied_at": at.isoformat(timespec="seconds"),
        "text": words,
        "amount": amount,
        "term_months": term,
        "income": income,
        "debt_to_income": ratio,
        "employment_months": worked,
        "late_payments": late,
        "utilisation": used,
        "history_months": history,
        "enquiries_6m": asked,
        "purpose": purpose,
        "housing": housing,
        "sex": chance.choice(("female", "male")),
        "age": chance.randint(19, 70),
        "label": str(int(chance.random() < 1 / (1 + math.exp(-against)))),
    }


def payments(
    days: int, *, seed: int = 7, accounts: int = 60, terminals: int = 50, first_day: datetime = FIRST_DAY
) -> list[Row]:
    """Return payments in order of time with their frauds: now and then a terminal is tampered with for some days.

    Most payments there are then frauds, known as such after three days; besides, very high amounts are frauds.
    """
    chance = random.Random(seed)
    usual = {account: (chance.uniform(5, 90), chance.sample(range(terminals), 5)) for account in range(accounts)}
    tampered: dict[int, int] = {}
    rows: list[Row] = []
    for day in range(days):
        if day % 3 == 1:
            tampered[chance.randrange(terminals)] = day + 12
        for account, (mean, near) in usual.items():
            for _ in range(min(4, int(chance.expovariate(0.9)))):
                rows.append(_payment(chance, first_day + timedelta(days=day), account, mean, near, day, tampered))
    rows.sort(key=lambda row: str(row["at"]))
    return [{"transaction_id": f"T-{seed}-{place + 1:06}", **row} for place, row in enumerate(rows)]


def _payment(
    chance: random.Random,
    morning: datetime,
    account: int,
    mean: float,
    near: Sequence[int],
    day: int,
    tampered: dict[int, int],
) -> Row:
    at = morning + timedelta(seconds=chance.randrange(50_000))
    terminal = chance.choice(near)
    taken = day <= tampered.get(terminal, -1) and chance.random() < 0.7
    big = chance.random() < 0.004
    amount = chance.uniform(350, 900) if big else max(0.5, chance.gauss(mean, mean / 2))
    return {
        "account": f"acc-{account:03}",
        "at": at.isoformat(timespec="seconds"),
        "amount": round(amount, 2),
        "terminal": f"term-{terminal:03}",
        "channel": chance.choice(("pos", "pos", "web")),
        "currency": "EUR",
        "label": str(int(taken or big)),
        "label_known_at": (at + timedelta(days=3)).isoformat(timespec="seconds"),
    }


def texts(*, seed: int = 7) -> list[Row]:
    """Return complaints, phishing, spam and none of them, in both languages, each in a few guises."""
    chance = random.Random(seed)
    rows = []
    for label, sentences in _TEXTS.items():
        for sentence in sentences:
            language = "en" if sentence.isascii() else "zh"
            rows += [{"text": opening + sentence, "label": label, "lang": language} for opening in _OPENINGS[language]]
    chance.shuffle(rows)
    return rows

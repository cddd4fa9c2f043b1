"""Texts that masking is judged by, with the exact place of everything personal in them.

    python benchmarks/masking_texts.py [--count N] [--seed N]

What customers of a shop, a bank and a clinic write in English and Chinese, made by rules. The rules were written down
before the recognisers and share no code with them: numbers are made here, checksums included. What a text is expected
to yield, and where the line is drawn:

- A number counts from its first to its last character: `+`, an opening bracket and separators inside belong to it, an
  extension (`转801`, `ext. 12`) does not. Digits may be full-width, grouped by spaces, dashes or dots of any width.
- `resident_id`: 18 characters of GB 11643 with a known province, a day of birth that was, and the right check digit.
- `bank_card`: 15 to 19 digits that begin as an issuer's do and satisfy Luhn.
- `phone`: mobile and landline numbers in China; others with a country code, or in the usual groups of the USA and the
  United Kingdom; ten bare digits only right after a word such as `phone`. A company's hotline is not personal.
- `plate`: a Chinese plate; a plate of the USA or the United Kingdom only after words such as `licence plate`.
- `email`: an address whose last part is letters.
- `address`: a road with a house number, or a housing estate with a building; with the province, city, district,
  building, flat, town, state and postcode that stand with it. A place without a number is not personal.
- `ssn`, `iban`: the number of the American social security, with dashes; an account with a right check number.

Everything else stays: wrong check digits, orders, parcels, amounts, dates, versions, IP addresses, barcodes, IMEI.
"""

import argparse
import json
import random
import re
import string
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

KINDS = ("address", "bank_card", "email", "iban", "phone", "plate", "resident_id", "ssn")


@dataclass(frozen=True)
class Expected:
    """Something personal in a text: characters as sent, end exclusive."""

    kind: str
    start: int
    end: int


@dataclass(frozen=True)
class Sample:
    """One text, its language, and what is personal in it, in reading order."""

    text: str
    language: str
    expected: tuple[Expected, ...]


def texts(count: int = 5_000, seed: int = 2026) -> Iterator[Sample]:
    """Yield `count` texts, half of them English; the same for the same seed."""
    chance = random.Random(seed)
    for number in range(count):
        yield _Writer(chance, "en" if number % 2 else "zh").sample()


def _words(text: str) -> list[str]:
    return text.split()


def _lines(text: str) -> list[str]:
    """Return the lines of a block; `\\n` in one stands for a line's end."""
    return [line.strip().replace("\\n", "\n") for line in text.strip().splitlines()]


# --- numbers -------------------------------------------------------------------------------------------------------

_REGIONS = _words(
    """
    110101 110105 110108 110103 110104 120101 120103 130102 140105 150102 210102 210202 220102 230102 310101 310103
    310104 310115 320102 320105 330102 330106 340102 350102 350203 360102 370102 370202 410102 420102 420106 430102
    440103 440106 440304 440305 450102 460105 500103 500105 510104 510105 520102 530102 540102 610102 610113 620102
    630102 640104 650102 810000 820000 830000
    """
)
_NO_REGIONS = ("000000", "190101", "270102", "380203", "490101", "560304", "690102", "780101", "990101")


def _digits(chance: random.Random, count: int) -> str:
    return "".join(chance.choice(string.digits) for _ in range(count))


def _resident_check(first17: str) -> str:
    total = sum(int(digit) * (2 ** (17 - place) % 11) for place, digit in enumerate(first17))
    return "10X98765432"[total % 11]


def _luhn_sum(number: str) -> int:
    doubled = [int(digit) * (2 if place % 2 else 1) for place, digit in enumerate(reversed(number))]
    return sum(value - 9 if value > 9 else value for value in doubled) % 10


def _luhn_check(body: str) -> str:
    return str((10 - _luhn_sum(body + "0")) % 10)


def _resident(chance: random.Random) -> str:
    born = date(1940, 1, 1) + timedelta(days=chance.randrange(365 * 80))
    body = chance.choice(_REGIONS) + born.strftime("%Y%m%d") + _digits(chance, 3)
    return body + _resident_check(body)


def _not_resident(chance: random.Random) -> str:
    """Return what looks like a resident id and is none: a wrong check digit, day of birth or province."""
    while True:
        good = _resident(chance)
        fault = chance.choice(("check", "check", "month", "day", "region", "future"))
        if fault == "check":
            number = good[:17] + chance.choice([c for c in "0123456789X" if c != good[17]])
        else:
            body = {
                "month": good[:10] + chance.choice(("00", "13", "21")) + good[12:17],
                "day": good[:10] + "0230" + good[14:17],
                "region": chance.choice(_NO_REGIONS) + good[6:17],
                "future": good[:6] + "2093" + good[10:17],
            }[fault]
            number = body + _resident_check(body)
        if not (number.isdigit() and number.startswith("62") and _luhn_sum(number) == 0):
            return number


_ISSUERS = (
    ("622202", 19), ("621700", 19), ("622848", 19), ("621661", 19), ("622588", 16), ("622155", 16), ("625912", 16),
    ("621485", 16), ("623058", 16), ("4", 16), ("51", 16), ("53", 16), ("55", 16), ("2223", 16), ("2650", 16),
    ("34", 15), ("37", 15), ("3530", 16), ("6011", 16),
)  # fmt: skip


def _card(chance: random.Random) -> str:
    issuer, length = chance.choice(_ISSUERS)
    body = issuer + _digits(chance, length - 1 - len(issuer))
    return body + _luhn_check(body)


def _not_card(chance: random.Random) -> str:
    good = _card(chance)
    return good[:-1] + chance.choice([digit for digit in string.digits if digit != good[-1]])


_MOBILE = _words(
    """
    130 131 132 133 135 136 137 138 139 150 151 152 153 155 156 157 158 159 166 170 173 176 177 178 180 181 182 183
    185 186 187 188 189 191 193 195 198 199
    """
)
_AREAS = {
    "010": 8, "020": 8, "021": 8, "022": 8, "023": 8, "024": 8, "025": 8, "027": 8, "028": 8, "029": 8, "0755": 8,
    "0571": 8, "0512": 8, "0532": 8, "0371": 8, "0731": 8, "0451": 8, "0311": 8, "0898": 8, "0591": 8, "0772": 7,
    "0750": 7, "0851": 8, "0471": 7,
}  # fmt: skip
_US_AREAS = _words(
    """
    206 212 303 305 312 404 415 503 512 617 702 713
    """
)


def _mobile(chance: random.Random) -> str:
    return chance.choice(_MOBILE) + _digits(chance, 8)


def _grouped(number: str, sizes: tuple[int, ...], separator: str) -> str:
    parts, place = [], 0
    for size in sizes:
        parts.append(number[place : place + size])
        place += size
    return separator.join([*parts, *([number[place:]] if number[place:] else [])])


_SEPARATORS = (" ", " ", "-", "-", ".")
_WIDE_SEPARATORS = ("　", "－", "．", "\u00a0", "–")


def _separator(chance: random.Random) -> str:
    return chance.choice(_SEPARATORS if chance.random() < 0.85 else _WIDE_SEPARATORS)


def _wide(text: str) -> str:
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)


def _maybe_wide(chance: random.Random, text: str, language: str) -> str:
    return _wide(text) if chance.random() < (0.2 if language == "zh" else 0.06) else text


def resident_id(chance: random.Random, language: str) -> str:
    return _resident_form(chance, language, _resident(chance))


def _resident_form(chance: random.Random, language: str, number: str) -> str:
    if chance.random() < 0.3:
        number = number.lower()
    if chance.random() < 0.35:
        sizes = chance.choice(((6, 8, 4), (6, 8, 4), (6, 4, 4, 4), (3, 3, 4, 4, 4)))
        number = _grouped(number, sizes, _separator(chance))
    return _maybe_wide(chance, number, language)


def bank_card(chance: random.Random, language: str) -> str:
    return _card_form(chance, language, _card(chance))


def _card_form(chance: random.Random, language: str, number: str) -> str:
    if chance.random() < 0.55:
        sizes = (4, 6, 5) if len(number) == 15 else chance.choice(((4, 4, 4, 4), (4, 4, 4, 4), (6,)))
        number = _grouped(number, sizes, _separator(chance))
    return _maybe_wide(chance, number, language)


def _chinese_phone(chance: random.Random, language: str) -> str:
    if chance.random() < 0.7:
        number = _mobile(chance)
        if chance.random() < 0.4:
            sizes = chance.choice(((3, 4, 4), (3, 4, 4), (3, 4, 4), (4, 4, 3), (3, 3, 5)))
            number = _grouped(number, sizes, _separator(chance))
        if chance.random() < 0.2:
            number = chance.choice(("+86", "+86 ", "+86-", "0086", "0086-", "86-")) + number
        return _maybe_wide(chance, number, language)
    area, length = chance.choice(sorted(_AREAS.items()))
    local = chance.choice("2345678") + _digits(chance, length - 1)
    half = f"{local[:4]} {local[4:]}"
    forms = (
        f"{area}-{local}", f"{area}-{local}", f"{area}{local}", f"({area}){local}", f"({area}) {half}",
        f"（{area}）{local}", f"{area} {half}", f"+86 {area[1:]} {half}", f"+86-{area[1:]}-{local}", f"{area}－{local}",
    )  # fmt: skip
    return _maybe_wide(chance, chance.choice(forms), language)


def _western_phone(chance: random.Random) -> str:
    area = chance.choice(_US_AREAS)
    exchange = chance.choice("23456789") + chance.choice("023456789") + chance.choice("23456789")
    line = _digits(chance, 4)
    mobile = chance.choice(("7700", "7712", "7801", "7850", "7911", "7985"))
    six = _digits(chance, 6)
    london = chance.choice("78") + _digits(chance, 7)
    return chance.choice(
        (
            f"({area}) {exchange}-{line}", f"{area}-{exchange}-{line}", f"{area}.{exchange}.{line}",
            f"+1 {area} {exchange} {line}", f"+1-{area}-{exchange}-{line}", f"1-{area}-{exchange}-{line}",
            f"+1 ({area}) {exchange}-{line}", f"+1{area}{exchange}{line}", f"0{mobile} {six}", f"+44 {mobile} {six}",
            f"+44{mobile}{six}", f"020 {london[:4]} {london[4:]}", f"+44 20 {london[:4]} {london[4:]}",
            f"+852 9{_digits(chance, 3)} {_digits(chance, 4)}", f"+65 9{_digits(chance, 3)} {_digits(chance, 4)}",
            f"+49 30 {chance.choice('23456789')}{_digits(chance, 7)}",
            f"+33 6 {_digits(chance, 2)} {_digits(chance, 2)} {_digits(chance, 2)} {_digits(chance, 2)}",
            f"+61 4{chance.choice('01')}{_digits(chance, 1)} {_digits(chance, 3)} {_digits(chance, 3)}",
            f"+91 98{_digits(chance, 3)} {_digits(chance, 5)}",
        )
    )  # fmt: skip


def phone(chance: random.Random, language: str) -> str:
    if language == "en" and chance.random() < 0.65:
        return _western_phone(chance)
    return _chinese_phone(chance, language)


def phone_cued(chance: random.Random, language: str) -> str:
    """Return a phone number for a place right after a word that announces one."""
    if language == "en" and chance.random() < 0.15:
        exchange = chance.choice("23456789") + chance.choice("023456789") + chance.choice("23456789")
        return chance.choice(_US_AREAS) + exchange + _digits(chance, 4)
    return phone(chance, language)


_PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
_PLATE_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"


def plate(chance: random.Random, language: str) -> str:
    city = chance.choice("ABCDEFGHJKLM")
    roll = chance.random()
    if roll < 0.2:
        tail = chance.choice("DF") + chance.choice(_PLATE_LETTERS + string.digits) + _digits(chance, 4)
    elif roll < 0.3:
        tail = _digits(chance, 4) + chance.choice("学警挂港澳")
    else:
        marks = [chance.choice(_PLATE_LETTERS) if chance.random() < 0.25 else d for d in _digits(chance, 5)]
        tail = "".join([*marks[:4], chance.choice(string.digits)])
    joint = chance.choice(("", "", "", "·", "•", " ", "-", "."))
    whole = chance.choice(_PROVINCES) + city + joint + tail
    if chance.random() < 0.1:
        whole = whole.lower()
    return _maybe_wide(chance, whole, language)


def plate_cued(chance: random.Random, language: str) -> str:
    """Return a plate for a place after words that announce one."""
    if language == "zh" or chance.random() < 0.3:
        return plate(chance, language)
    letters = "".join(chance.choice(_PLATE_LETTERS) for _ in range(6))
    return chance.choice(
        (
            f"{letters[:2]}{_digits(chance, 2)} {letters[2:5]}", f"{letters[:2]}{_digits(chance, 2)}{letters[2:5]}",
            f"{chance.randint(1, 9)}{letters[:3]}{_digits(chance, 3)}", f"{letters[:3]}-{_digits(chance, 4)}",
            f"{letters[:3]} {_digits(chance, 4)}",
        )
    )  # fmt: skip


_LOCALS = _words(
    """
    li.wei zhangsan wang_fang emma.jones j.smith88 chen-yu support.me 1359012 lucas+shop ana liu2008 o.brien
    maxmustermann x.y.z dr_hu tom.k
    """
)
_DOMAINS = _words(
    """
    qq.com 163.com gmail.com outlook.com mail.example.org company.co.uk hospital.edu.cn foxmail.com sina.com.cn
    my-shop.io bank.example vip.126.com proton.me
    """
)


def email(chance: random.Random, language: str) -> str:
    local = chance.choice(_LOCALS) + (_digits(chance, chance.randint(1, 4)) if chance.random() < 0.5 else "")
    whole = f"{local}@{chance.choice(_DOMAINS)}"
    if chance.random() < 0.1:
        whole = whole.upper()
    if language == "zh" and chance.random() < 0.12:
        return chance.choice((whole.replace("@", "＠"), _wide(whole)))
    return whole


_IBANS = {"DE": (18, ""), "GB": (14, "NWBK"), "FR": (23, ""), "NL": (10, "ABNA"), "ES": (20, ""), "AT": (16, "")}


def _iban(chance: random.Random) -> str:
    country, (digits, bank) = chance.choice(sorted(_IBANS.items()))
    body = bank + _digits(chance, digits)
    as_number = "".join(str(int(c, 36)) for c in f"{body}{country}00")
    return f"{country}{98 - int(as_number) % 97:02d}{body}"


def _iban_form(chance: random.Random, number: str) -> str:
    return _grouped(number, (4,) * (len(number) // 4), " ") if chance.random() < 0.5 else number


def iban(chance: random.Random, language: str) -> str:
    return _iban_form(chance, _iban(chance))


def ssn(chance: random.Random, language: str) -> str:
    area = chance.choice([n for n in range(1, 900) if n != 666])
    return f"{area:03d}-{chance.randint(1, 99):02d}-{chance.randint(1, 9999):04d}"


# --- addresses -----------------------------------------------------------------------------------------------------

_PLACES = (
    "北京市海淀区", "北京市朝阳区", "上海市浦东新区", "上海市徐汇区", "广东省深圳市南山区", "广东省广州市天河区",
    "浙江省杭州市西湖区", "江苏省南京市鼓楼区", "江苏省苏州市工业园区", "四川省成都市武侯区", "湖北省武汉市洪山区",
    "陕西省西安市雁塔区", "重庆市渝中区", "山东省青岛市市南区", "湖南省长沙市岳麓区", "福建省厦门市思明区",
    "内蒙古自治区呼和浩特市新城区", "广西壮族自治区南宁市青秀区", "河北省石家庄市正定县", "成都市武侯区", "杭州市",
    "朝阳区",
    "浦东新区", "浙江省义乌市", "新疆乌鲁木齐市天山区", "武侯区",
)  # fmt: skip
_ROADS = (
    "中山路", "人民大道", "解放东路", "南京西路", "科技南十二路", "长安街", "建国门外大街", "学院路", "文三路",
    "天府大道北段",
    "珞瑜路", "高新三路", "滨江中路", "环市东路", "北四环西路", "东风巷", "柳荫胡同", "世纪大道", "和平里北街",
    "创业一路",
)  # fmt: skip
_ESTATES = (
    "阳光花园", "万科城市花园", "绿地世纪城", "翠湖小区", "保利香槟国际", "幸福里小区", "锦绣家园", "龙湖时代天街",
    "碧桂园", "金地格林小镇", "御景湾", "和谐家园",
)  # fmt: skip
_HANZI = "一二三四五六七八九"


def _chinese_address(chance: random.Random) -> str:
    def unit() -> str:
        building = chance.choice(_HANZI) if chance.random() < 0.15 else str(chance.randint(1, 38))
        entrance = f"{chance.choice((*_HANZI[:4], '1', '2', '3'))}单元" if chance.random() < 0.6 else ""
        room = f"{chance.randint(1, 32)}0{chance.randint(1, 6)}{chance.choice(('室', '室', '号'))}"
        return f"{building}{chance.choice(('栋', '号楼', '幢', '座'))}{entrance}{room}"

    place = chance.choice(_PLACES) if chance.random() < 0.8 else ""
    number = chance.randint(1, 1999)
    roll = chance.random()
    if roll < 0.45:
        whole = f"{place}{chance.choice(_ROADS)}{number}号"
        if chance.random() < 0.5:
            whole += chance.choice(_ESTATES) + unit()
        elif chance.random() < 0.3:
            whole += f"{chance.randint(1, 30)}楼{chance.randint(101, 2999)}室"
    elif roll < 0.6:
        whole = f"{place}{chance.choice(_ROADS)}{number}弄{chance.randint(1, 60)}号{chance.randint(101, 2999)}室"
    elif roll < 0.75:
        whole = f"{place}{chance.choice(_ROADS)}{number}号院{unit()}"
    else:
        whole = f"{place}{chance.choice(_ESTATES)}{unit()}"
    return _maybe_wide(chance, whole, "zh")


_STREETS = _words(
    """
    Baker Elm Maple Washington Victoria Queen Oak Church High Station Lincoln Mission Pine Kings Riverside Park
    """
)
_ENDS = _words(
    """
    Street Road Avenue Lane Drive Boulevard St Rd Ave Blvd St. Ave. Court Terrace Way Place
    """
)
_PLAIN_ENDS = ("street", "road", "avenue", "st", "rd", "ave")
_TOWNS = (
    ("Springfield", "IL", "62704"), ("Portland", "OR", "97205"), ("Austin", "TX", "78701"),
    ("San Francisco", "CA", "94110"), ("New York", "NY", "10011"), ("Salt Lake City", "UT", "84101"),
)  # fmt: skip
_POSTCODES = (("London", "NW1 6XE"), ("Manchester", "M1 1AE"), ("Leeds", "LS1 4DY"), ("Oxford", "OX1 2JD"))


def _english_address(chance: random.Random) -> str:
    number = f"{chance.randint(1, 9899)}{chance.choice(('', '', '', 'A', 'B'))}"
    if chance.random() < 0.15:
        return f"{number} {chance.choice(_STREETS)} {chance.choice(_PLAIN_ENDS)}".lower()
    street = f"{number} {chance.choice(('', '', '', 'North ', 'W. ', 'East '))}{chance.choice(_STREETS)}"
    street += f" {chance.choice(_ENDS)}"
    if chance.random() < 0.4:
        flat = f"{chance.randint(1, 60)}{chance.choice(('', 'A', 'B', 'C'))}"
        street += f", {chance.choice(('Apt', 'Apt.', 'Flat', 'Unit', 'Suite', '#'))} {flat}".replace("# ", "#")
    roll = chance.random()
    if roll < 0.35:
        town, state, code = chance.choice(_TOWNS)
        return f"{street}, {town}, {state} {code}{f'-{_digits(chance, 4)}' if chance.random() < 0.2 else ''}"
    if roll < 0.6:
        town, code = chance.choice(_POSTCODES)
        return f"{street}, {town} {code}"
    return street.removesuffix(".")  # a dot at the very end may as well be the sentence's


def address(chance: random.Random, language: str) -> str:
    return _chinese_address(chance) if language == "zh" else _english_address(chance)


# --- what looks personal and is not --------------------------------------------------------------------------------


def _day(chance: random.Random) -> date:
    return date(2019, 1, 1) + timedelta(days=chance.randrange(2_500))


def _decoy_number(chance: random.Random, language: str) -> str:
    """Return a number that a shop, a bank or a clinic gives to something."""
    day = _day(chance).strftime("%Y%m%d")
    made: tuple[Callable[[], str], ...] = (
        lambda: day + _digits(chance, chance.randint(4, 12)),
        lambda: day + _digits(chance, 10),
        lambda: f"{chance.choice('123')}{_digits(chance, 18)}",
        lambda: chance.choice("2345678") + _digits(chance, chance.randint(6, 9)),
        lambda: chance.choice("2345678") + _digits(chance, 11),
        lambda: f"{chance.choice(('SF', 'YT', 'JT', 'ZTO', 'EMS'))}{_digits(chance, 13)}",
        lambda: f"SF1{_mobile(chance)}",
        lambda: f"1Z{_digits(chance, 3)}AA{_digits(chance, 10)}",
        lambda: f"9400 1{_digits(chance, 3)} {_digits(chance, 4)} {_digits(chance, 4)} {_digits(chance, 4)} 00",
        lambda: f"{chance.choice(('INV', 'ORD', 'TK', 'A', 'PO-'))}{_digits(chance, chance.randint(5, 11))}",
        lambda: f"690{_digits(chance, 10)}",
        lambda: f"978-7-111-{_digits(chance, 5)}-{_digits(chance, 1)}",
        lambda: f"89860{_digits(chance, 14)}",
        lambda: f"91{_digits(chance, 6)}MA{_digits(chance, 7)}X",
        lambda: f"00{_digits(chance, 6)}",
        lambda: f"1{_mobile(chance)}{_digits(chance, 2)}",
        lambda: "86" + (body := "01" + _digits(chance, 10)) + _luhn_check("86" + body),
    )
    return _maybe_wide(chance, chance.choice(made)(), language)


def decoy_id(chance: random.Random, language: str) -> str:
    return _resident_form(chance, language, _not_resident(chance))


def decoy_card(chance: random.Random, language: str) -> str:
    return _card_form(chance, language, _not_card(chance))


def decoy_iban(chance: random.Random, language: str) -> str:
    good = _iban(chance)
    return _iban_form(chance, f"{good[:2]}{(int(good[2:4]) - 1) % 97 or 96:02d}{good[4:]}")


def amount(chance: random.Random, language: str) -> str:
    value = chance.choice((chance.randint(1, 999), chance.randint(1_000, 99_999_999))) + chance.choice((0.0, 0.5, 0.99))
    forms = (
        ("¥{:,.2f}", "{:.2f}元", "{:,.0f}元", "￥{:.2f}")
        if language == "zh"
        else ("${:,.2f}", "{:,.2f} USD", "£{:.2f}", "EUR {:,.0f}")
    )
    return _maybe_wide(chance, chance.choice(forms).format(value), language)


def day(chance: random.Random, language: str) -> str:
    when = _day(chance)
    clock = f" {chance.randint(0, 23):02d}:{chance.randint(0, 59):02d}"
    forms = ["%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d", "%Y-%m-%d" + clock, "%Y%m%d%H%M%S"]
    forms += ["%Y年%m月%d日"] if language == "zh" else ["%B %d, %Y", "%m/%d/%Y", "%d-%m-%Y"]
    return _maybe_wide(chance, when.strftime(chance.choice(forms)), language)


def hotline(chance: random.Random, language: str) -> str:
    chinese = (
        "95588",
        "10086",
        "12315",
        "12345",
        "95533",
        "400-820-8820",
        "4008208820",
        "400 610 1360",
        "800-810-8888",
    )
    english = ("1-800-555-0199", "800-275-2273", "+1 888 280 4331", "1 (866) 216-1072", "911", "0800 731 1234")
    return chance.choice(chinese if language == "zh" else english)


def technical(chance: random.Random, language: str) -> str:
    number = chance.randint
    made = (
        f"v{number(1, 20)}.{number(0, 20)}.{number(0, 9)}",
        f"{number(1, 20)}.{number(0, 99)}.{number(1000, 9999)}.{number(1, 9)}",
        f"192.168.{number(0, 255)}.{number(1, 254)}", f"10.0.{number(0, 255)}.{number(1, 254)}",
        f"react@{number(15, 19)}.2.0", f"build {number(10_000, 99_999)}", f"ERR-{number(1000, 9999)}-{number(10, 99)}",
        f"{number(1, 99)}.{number(10, 99)}%", f"{number(10, 18)}:{number(10, 59)}-{number(19, 23)}:{number(10, 59)}",
        f"{number(100, 999)}x{number(100, 999)}", f"{number(100, 999)}-{number(100, 999)}", f"CA{number(1000, 9999)}",
    )  # fmt: skip
    return chance.choice(made)


def place(chance: random.Random, language: str) -> str:
    chinese = (
        "南京西路步行街", "中山路支行", "上海市浦东新区", "地铁3号线人民广场站2号口", "3号窗口", "学院路店",
        "京A级写字楼",
        "A座大堂",
        "粤B股账户", "5楼501诊室", "2号楼门诊大厅", "广东省深圳市", "解放路与人民路路口", "桂花公园", "第三人民医院",
        "6栋教学楼工地",
    )  # fmt: skip
    english = (
        "the Park Avenue branch", "Wall Street", "High Street", "Platform 9", "room 214", "the 5th Avenue store",
        "Gate 22", "ward 7", "New York", "counter 3", "Route 66", "Springfield", "Station Road",
    )  # fmt: skip
    return chance.choice(chinese if language == "zh" else english)


# --- sentences -----------------------------------------------------------------------------------------------------

_MAKERS: Mapping[str, Callable[[random.Random, str], str]] = {
    "resident_id": resident_id, "bank_card": bank_card, "phone": phone, "phone_cued": phone_cued, "plate": plate,
    "plate_cued": plate_cued, "email": email, "address": address, "iban": iban, "ssn": ssn, "number": _decoy_number,
    "decoy_id": decoy_id, "decoy_card": decoy_card, "decoy_iban": decoy_iban, "amount": amount, "day": day,
    "hotline": hotline, "technical": technical, "place": place,
}  # fmt: skip
_KIND_OF = {**{kind: kind for kind in KINDS}, "phone_cued": "phone", "plate_cued": "plate"}

_CHINESE = _lines(
    r"""
    我的手机号是{phone_cued}，请尽快联系我
    麻烦打我电话{phone}谢谢
    联系方式：{phone}
    换绑手机，旧号{phone}，新号{phone}
    请回电{phone}转801
    我叫张伟，电话{phone}，身份证{resident_id}
    身份证号{resident_id}帮我查一下
    证件号码：{resident_id}。
    患者李娜，{resident_id}，预约{day}的号
    {resident_id}这个身份证能办卡吗
    姓名王芳 {phone} {resident_id}
    收件人 陈宇 {phone} {address}
    银行卡{bank_card}被冻结了
    卡号：{bank_card}，扣了{amount}两次
    我的卡{bank_card}在{day}有一笔{amount}不是我刷的
    转账到{bank_card}没到账，流水号{number}
    工资卡号是{bank_card}吧
    绑定的卡有两张：{bank_card}、{bank_card}
    请退到{bank_card}，户主手机{phone}
    车牌{plate}停车费多收了
    我的车{plate}在{place}被拖走了
    车牌号：{plate}，车主电话{phone}
    {plate}违章怎么查
    给{plate}开发票，发到{email}
    发票发到{email}
    邮箱{email}收不到验证码
    我的邮箱是{email}请回复
    请联系{email}或者{phone}
    账号{email}，密码忘了
    收货地址改成{address}
    我住{address}，能上门吗
    寄到{address}，电话{phone}
    地址：{address}。收件人手机：{phone}
    快递放{address}门口就行
    {address}停水了吗
    家庭住址{address}，身份证号{resident_id}
    ①{phone}②{phone}
    1、{phone}\n2、{phone}
    手机/身份证：{phone}/{resident_id}
    {phone},{bank_card}
    订单{number}的收件电话写错了，应该是{phone}
    IBAN {iban} 怎么填
    复诊患者，电话{phone}，{day}就诊，病历号{number}
    医保绑定{resident_id}，银行卡{bank_card}，谢谢
    报修：{address}，{phone}，网速只有{technical}
    """
)
_ENGLISH = _lines(
    r"""
    My phone number is {phone_cued}, please call back.
    Call me at {phone_cued} after 5pm
    You can reach me on {phone} or {phone}.
    phone: {phone_cued}
    Please change my mobile from {phone} to {phone}
    Ring {phone} ext. 12 and ask for Ann
    My resident ID is {resident_id}
    ID card number {resident_id}, name Li Wei, phone {phone_cued}
    Patient {resident_id} has an appointment on {day}
    My card {bank_card} was charged {amount} twice
    Card number: {bank_card}.
    Please refund {amount} to {bank_card}
    card {bank_card} declined at {place} on {day}
    I have two cards, {bank_card} and {bank_card}
    Block my card {bank_card} and text me at {phone}
    My licence plate is {plate_cued}
    Number plate {plate_cued} was scanned twice at {place}
    license plate: {plate_cued}, paid {amount}
    Parking fine for {plate} on {day}
    Email me at {email}.
    My address is {address}
    send the invoice to {email}, not to the old one
    <{email}> never got the code
    Contact: {email} / {phone}
    Ship it to {address}
    I moved to {address}. Please update it
    I live at {address}, and my number is {phone_cued}
    Deliver order {number} to {address}
    The nurse should visit {address} on {day}
    my SSN is {ssn}
    Social security number {ssn}, card {bank_card}
    Wire it to IBAN {iban}
    My account {iban} got {amount} less
    Name: Emma Jones\nPhone: {phone_cued}\nEmail: {email}\nAddress: {address}\n
    {email},{phone}
    tel:{phone_cued}
    Order {number}: the courier has {phone} but it should be {phone}
    I paid with {bank_card} (not {decoy_card})
    Patient portal login {email}, record {number}
    From {address}\nto {address}
    """
)
_CHINESE_PLAIN = _lines(
    r"""
    订单号{number}什么时候发货
    快递单号{number}三天没动了
    {day}买的，花了{amount}，还没到
    打了{hotline}没人接
    卡号{decoy_card}提示不存在
    身份证{decoy_id}校验不通过
    系统说{decoy_id}不对，{decoy_card}也不对
    升级到{technical}以后闪退
    在{place}办理的，排队号{technical}
    流水号：{number}，金额{amount}，时间{day}
    {place}几点关门
    客服热线{hotline}还是{hotline}
    验证码382910过期了
    病历号{number}查不到报告
    会员积分{number}怎么清零了
    @客服小二 {number}退款到哪了
    商品条码{number}，批次{technical}
    IMEI {number}激活不了
    手续费{amount}，汇率{technical}
    IBAN {decoy_iban}报错
    12楼3号窗口等了50分钟
    第2种方案3个月内还清{amount}
    企业信用代码{number}开票
    {day}到{day}期间停机
    你好，在吗
    """
)
_ENGLISH_PLAIN = _lines(
    r"""
    Where is order {number}?
    Tracking {number} has not moved since {day}
    I was charged {amount} on {day}
    Nobody answers {hotline}
    card {decoy_card} says invalid
    the ID {decoy_id} is rejected
    App {technical} crashes at login
    I waited 30 minutes at {place}
    Invoice {number} over {amount}, due {day}
    it was a 2 hour drive to {place}
    our hotline {hotline} is open 24 hours
    code 382910 expired
    record {number} not found
    IBAN {decoy_iban} fails the check
    reference no. {number}
    IMEI {number} is not recognised
    @support any news on {number}?
    meet @ 5.30pm near {place}
    refund of {amount} pending for 10 working days
    upgrade from {technical} to {technical}
    SKU {number} out of stock
    The exchange rate was {technical} at {day}
    3 cards, 2 accounts and 1 street market
    Is it 5 star service? Way too slow
    hello, anyone there
    """
)
_OPENINGS = {
    "zh": ("您好，", "你好！", "急！", "😡", "【投诉】", "㎏包邮？", "ﬁ卡，", "①", "…", "Hi，", "那个啥 ", "  "),
    "en": ("Hi, ", "Hello! ", "URGENT: ", "😡 ", "ﬁrst time: ", "Dear team,\n", "½ day lost. ", "… ", "  ", "№ 7: "),
}
_CLOSINGS = {
    "zh": ("谢谢", "，急用！", "。尽快处理", "😢", "？？", "\n——用户", "，麻烦了", " "),
    "en": (" thanks", " asap!!", "\nBest, Tom", " 🙏", " - please help", " (see attachment)"),
}


class _Writer:
    """Writes one text, piece by piece, noting where something personal stands."""

    def __init__(self, chance: random.Random, language: str) -> None:
        self._chance = chance
        self._language = language
        self._text = ""
        self._expected: list[Expected] = []

    def sample(self) -> Sample:
        """Return the text: an opening, one to three sentences, a closing."""
        chance, chinese = self._chance, self._language == "zh"
        if chance.random() < 0.45:
            self._text += chance.choice(_OPENINGS[self._language])
        for number in range(chance.choice((1, 1, 1, 2, 2, 3))):
            if number:
                self._text += chance.choice(("。", "；", "\n", "，", " ") if chinese else (". ", "\n", "; ", " And "))
            plain = chance.random() < 0.3
            if chinese:
                self._write(chance.choice(_CHINESE_PLAIN if plain else _CHINESE))
            else:
                self._write(chance.choice(_ENGLISH_PLAIN if plain else _ENGLISH))
        if chance.random() < 0.35:
            closings = _CLOSINGS[self._language]
            self._text += chance.choice(closings)
        return Sample(self._text, self._language, tuple(self._expected))

    def _write(self, sentence: str) -> None:
        for part in re.split(r"(\{\w+\})", sentence):
            if not part.startswith("{"):
                self._text += part
                continue
            name = part[1:-1]
            value = _MAKERS[name](self._chance, self._language)
            if name in _KIND_OF:
                start = len(self._text)
                self._expected.append(Expected(_KIND_OF[name], start, start + len(value)))
            self._text += value


def main() -> None:
    parser = argparse.ArgumentParser(description="Print the texts as JSON Lines.")
    parser.add_argument("--count", type=int, default=5_000)
    parser.add_argument("--seed", type=int, default=2026)
    chosen = parser.parse_args()
    for sample in texts(chosen.count, chosen.seed):
        marks = [[mark.kind, mark.start, mark.end] for mark in sample.expected]
        print(json.dumps({"text": sample.text, "language": sample.language, "expected": marks}, ensure_ascii=False))


if __name__ == "__main__":
    main()

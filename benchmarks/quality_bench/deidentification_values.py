"""Values for `deidentification_texts`: what is personal, and what only looks like it, from one seeded chance.

Made here from the public rules of each number (GB 11643, Luhn, the NHS's mod 11); shares nothing with the recognisers.
"""

import calendar
import random
from datetime import date, timedelta

_REGIONS = ("110101", "310104", "320105", "330106", "420106", "440305", "510107", "610113")
_NO_REGION = "9901011"
_MOBILE = ("133", "136", "138", "139", "150", "158", "166", "177", "186", "189", "198")
_AREAS = ("010", "021", "0571", "0755", "028", "029")
_CHINESE_DIGITS = "〇一二三四五六七八九"
_MONTHS = tuple(calendar.month_name)[1:]
_SHORT_MONTHS = tuple(calendar.month_abbr)[1:]


def digits(chance: random.Random, count: int) -> str:
    return "".join(str(chance.randrange(10)) for _ in range(count))


def wide(text: str) -> str:
    """Return the text with every printable ASCII character full-width."""
    return "".join(chr(ord(letter) + 0xFEE0) if "!" <= letter <= "~" else letter for letter in text)


def maybe_wide(chance: random.Random, text: str, share: float = 0.15) -> str:
    return wide(text) if chance.random() < share else text


def grouped(chance: random.Random, number: str, sizes: tuple[int, ...], separators: tuple[str, ...]) -> str:
    separator, parts, place = chance.choice(separators), [], 0
    for size in sizes:
        parts.append(number[place : place + size])
        place += size
    return separator.join(part for part in (*parts, number[place:]) if part)


# --- numbers with a check digit ------------------------------------------------------------------------------------


def luhn_sum(number: str) -> int:
    doubled = (int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(number)))
    return sum(value - 9 if value > 9 else value for value in doubled) % 10


def resident_check(first17: str) -> str:
    return "10X98765432"[sum(int(digit) * 2 ** (17 - place) for place, digit in enumerate(first17)) % 11]


def nhs_check(first9: str) -> int:
    """Return the tenth digit of an NHS number: 0 to 9, or 10 where the nine digits may not be used."""
    return (11 - sum(int(digit) * (10 - place) for place, digit in enumerate(first9)) % 11) % 11


def _resident_number(chance: random.Random) -> str:
    born = date(1938, 1, 1) + timedelta(days=chance.randrange(365 * 82))
    body = chance.choice(_REGIONS) + born.strftime("%Y%m%d") + digits(chance, 3)
    return body + resident_check(body)


def _with_other_check(chance: random.Random, number: str) -> str:
    """Return the number with a wrong last digit that does not make it a bank card either."""
    others = [digit for digit in "0123456789" if digit != number[-1] and luhn_sum(number[:-1] + digit)]
    return number[:-1] + chance.choice(others)


def resident_id(chance: random.Random) -> str:
    number = _resident_number(chance)
    if chance.random() < 0.3:
        number = grouped(chance, number, (6, 8), (" ", "-", "　"))
    if chance.random() < 0.3:
        number = number.lower()
    return maybe_wide(chance, number)


def announced_resident_id(chance: random.Random) -> str:
    """Return what stands after 身份证: with a right check digit, or in a third of cases a wrong one."""
    return resident_id(chance) if chance.random() < 0.67 else _with_other_check(chance, _resident_number(chance))


def order_number(chance: random.Random) -> str:
    """Return 18 digits that look like a resident's number and are a laboratory's order."""
    first17 = _resident_number(chance)[:17] if chance.random() < 0.6 else _NO_REGION + digits(chance, 10)
    number = _with_other_check(chance, first17 + resident_check(first17))
    return maybe_wide(chance, number, 0.1)


def bank_card(chance: random.Random) -> str:
    body = chance.choice(("622202", "621700", "622848")) + digits(chance, 12)
    if chance.random() < 0.5:
        body = chance.choice(("4", "51", "53")).ljust(2, "5") + digits(chance, 13)
    number = body + next(digit for digit in "0123456789" if luhn_sum(body + digit) == 0)
    if chance.random() < 0.6:
        number = grouped(chance, number, (4, 4, 4, 4), (" ", " ", "-"))
    return maybe_wide(chance, number, 0.1)


def not_a_card(chance: random.Random) -> str:
    return _with_other_check(chance, "4" + digits(chance, 15))


def nhs_number(chance: random.Random) -> str:
    while (check := nhs_check(body := chance.choice("4679") + digits(chance, 8))) == 10:
        pass
    number = f"{body}{check}"
    return grouped(chance, number, (3, 3, 4), (" ", " ", "-")) if chance.random() < 0.75 else number


def lot_number(chance: random.Random) -> str:
    """Return ten digits that are no NHS number."""
    body = chance.choice("4679") + digits(chance, 8)
    return body + str(next(digit for digit in chance.sample(range(10), 10) if digit != nhs_check(body)))


def social_security(chance: random.Random) -> str:
    area = chance.choice([number for number in range(100, 700) if number != 666])
    return f"{area}-{chance.randint(10, 99)}-{chance.randint(1000, 9999)}"


def record_number(chance: random.Random, language: str) -> str:
    if language == "zh":
        made = (digits(chance, 8), "00" + digits(chance, 6), "ZY" + digits(chance, 10), "M" + digits(chance, 7))
        return maybe_wide(chance, chance.choice(made))
    letter = chance.choice("ABHKRZ")
    made = (
        digits(chance, 7),
        "00" + digits(chance, 6),
        f"{letter}{digits(chance, 7)}",
        f"{letter}-{digits(chance, 6)}",
    )
    return chance.choice(made)


# --- phones, e-mails -----------------------------------------------------------------------------------------------


def chinese_phone(chance: random.Random) -> str:
    if chance.random() < 0.75:
        number = chance.choice(_MOBILE) + digits(chance, 8)
        roll = chance.random()
        if roll < 0.35:
            number = grouped(chance, number, (3, 4, 4), (" ", "-", "－", "　"))
        if roll > 0.8:
            number = chance.choice(("+86 ", "+86-", "+86")) + number
        return maybe_wide(chance, number)
    area, local = chance.choice(_AREAS), chance.choice("2345678") + digits(chance, 7)
    return maybe_wide(chance, chance.choice((f"{area}-{local}", f"({area}){local}", f"{area} {local[:4]} {local[4:]}")))


def english_phone(chance: random.Random) -> str:
    area, last = chance.choice(("206", "312", "415", "617", "713")), digits(chance, 4)
    middle = chance.choice("23456789") + digits(chance, 2)
    british = chance.choice(("020 7946 ", "+44 20 7946 ", "0161 496 ")) + "0" + digits(chance, 3)
    made = (
        f"({area}) {middle}-{last}",
        f"{area}-{middle}-{last}",
        f"{area}.{middle}.{last}",
        f"+1 {area} {middle} {last}",
        f"+1-{area}-{middle}-{last}",
        british,
        f"07700 900{digits(chance, 3)}",
        f"+44 7700 900{digits(chance, 3)}",
    )
    return maybe_wide(chance, chance.choice(made), 0.05)


def email(chance: random.Random, language: str) -> str:
    if language == "zh":
        local = chance.choice(("zhangwei", "lina", "wangfang", "chen.jing", "liuyang")) + digits(chance, 3)
        return local + "@" + chance.choice(("example.cn", "mail.example.com", "hospital.example.cn"))
    local = chance.choice(("j.smith", "emma_jones", "r.patel+clinic", "mary.oconnor", "tbrown")) + digits(chance, 2)
    return local + "@" + chance.choice(("example.com", "clinic.example.org", "example.co.uk"))


# --- dates ---------------------------------------------------------------------------------------------------------


def _day(chance: random.Random, first_year: int) -> date:
    return date(first_year, 1, 1) + timedelta(days=chance.randrange((date(2026, 1, 1) - date(first_year, 1, 1)).days))


def _chinese_number(number: int) -> str:
    tens, ones = divmod(number, 10)
    return ("" if tens == 0 else "十" if tens == 1 else _CHINESE_DIGITS[tens] + "十") + (
        _CHINESE_DIGITS[ones] if ones else ""
    )


def chinese_date(chance: random.Random, first_year: int = 2015) -> str:
    day = _day(chance, first_year)
    zero = chance.choice(("〇", "零"))
    year = "".join(_CHINESE_DIGITS[int(digit)] for digit in str(day.year)).replace("〇", zero)
    spoken = f"{_chinese_number(day.month)}月{_chinese_number(day.day)}日"
    plain = f"{day.year}年{day.month}月{day.day}日"
    made = (
        plain, plain, f"{day.year}年{day.month:02d}月{day.day:02d}日", wide(plain),
        f"{day.year} 年 {day.month} 月 {day.day} 日",
        day.isoformat(), day.isoformat(), day.strftime("%Y/%m/%d"), day.strftime("%Y.%m.%d"), wide(day.isoformat()),
        f"{day.month}月{day.day}日", f"{day.month}月{day.day}号", f"{day.year}年{day.month}月",
        f"{year}年{spoken}", spoken,
    )  # fmt: skip
    return chance.choice(made)


def _ordinal(number: int) -> str:
    suffix = "th" if 10 < number < 14 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{suffix}"


def english_date(chance: random.Random, first_year: int = 2015) -> str:
    day = _day(chance, first_year)
    month, short = _MONTHS[day.month - 1], _SHORT_MONTHS[day.month - 1]
    made = (
        day.strftime("%m/%d/%Y"), day.strftime("%d/%m/%Y"), day.isoformat(), day.strftime("%d.%m.%Y"),
        f"{day.month}/{day.day}/{day:%y}", f"{month} {day.day}, {day.year}", f"{day.day} {month} {day.year}",
        f"{day.day} {short} {day.year}", f"{day.day:02d}-{short}-{day.year}", f"{short} {day.day}, {day.year}",
        f"{month} {_ordinal(day.day)}", f"{_ordinal(day.day)} of {month}", f"{month} {day.day}",
        f"{month} {day.year}", f"{day.day} {short.upper()} {day.year}", f"{_ordinal(day.day)} {month} {day.year}",
    )  # fmt: skip
    return chance.choice(made)


def birth_date(chance: random.Random, language: str) -> str:
    """Return a whole day of birth; in Chinese also as eight bare digits."""
    day = _day(chance, 1940)
    if language == "zh":
        forms = (f"{day:%Y%m%d}", day.isoformat(), f"{day.year}年{day.month}月{day.day}日", f"{day:%Y/%m/%d}")
        return maybe_wide(chance, chance.choice(forms))
    month = _MONTHS[day.month - 1]
    return chance.choice((f"{day:%m/%d/%Y}", f"{day:%d/%m/%Y}", day.isoformat(), f"{day.day} {month} {day.year}"))

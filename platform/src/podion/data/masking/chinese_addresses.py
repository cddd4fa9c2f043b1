"""Postal addresses as Chinese writes them: province, city, district, road and number, estate, building, flat."""

import re
from collections.abc import Iterator

from podion.data.masking.found import Found

_NUM = r"(?:[0-9]{1,5}|[一二三四五六七八九十百零〇]{1,6})"
_BUILDING = rf"{_NUM}(?:栋|号楼|幢|座)"
_ROOM = r"[0-9]{2,5}"
_ROAD = re.compile(
    rf"(?:路|街|大道|巷|胡同|弄堂)(?:[东西南北中]段?|[一二三四五六七八九十]段)?{_NUM}(?:-[0-9]{{1,4}})?(?:号(?!楼)|弄)"
)
_AFTER_ROAD = re.compile(
    rf"(?:(?:{_NUM}号(?!楼))?院?)?"
    rf"(?:[\u4e00-\u9fffA-Za-z]{{0,12}}?(?:{_BUILDING}|[A-Z][座栋塔])(?:{_NUM}单元)?(?:{_NUM}[楼层])?(?:{_ROOM}(?:室|号)?)?"
    rf"|{_NUM}单元(?:{_NUM}[楼层])?(?:{_ROOM}(?:室|号)?)?|(?:{_NUM}[楼层])?{_ROOM}室|{_NUM}[楼层](?![0-9]))?"
)
_ESTATE = re.compile(
    rf"{_BUILDING}(?:{_NUM}单元(?:{_NUM}[楼层])?(?:{_ROOM}(?:室|号)?)?|(?:{_NUM}[楼层])?{_ROOM}(?:室|号))"
)
_DASHED = re.compile(r"(?:小区|花园|家园|公寓|新村|苑)[0-9]{1,3}-(?:[0-9]{1,2}-)?[0-9]{2,4}(?![0-9-])")
_NO_HOUSE = re.compile(
    r"[线口窗店台机桌柜厅]|门(?!口)|(?:号)?(?:就|才|会|前|后|到|发|上午|下午|晚上|早上|开始|那天|之)"
)
_BEFORE = re.compile(
    r"住址[是为在]?|家?住在?|地址[是为在]?|[寄送发运搬][到往去给]|快递放[在到]?"
    r"|(?<!解)放[在到]|改[成为到]|更新[成为到]|"
    r"位于|在|到|往|是|给|去|从(?!化)|寄|送|请|我家|查一下|麻烦|帮我|帮忙|报修"
)
_PROVINCES = re.compile(
    "北京|天津|上海|重庆|河北|山西|辽宁|吉林|黑龙江|江苏|浙江|安徽|福建|江西"
    "|山东|河南|湖北|湖南|广东|海南|四川|贵州|云南|陕西|"
    "甘肃|青海|台湾|内蒙古|广西|西藏|宁夏|新疆|香港|澳门"
)
_PART_OF_A_COUNTRY = re.compile("[省市区县州旗镇乡]")
_WINDOW = 30
_LONGEST_BARE_NAME = 12
_KEPT_OF_A_LONG_NAME = 8


def chinese_addresses(plain: str) -> Iterator[Found]:
    """Yield the addresses of a text in its plain form."""
    if plain.isascii():
        return
    for match in _ROAD.finditer(plain):
        after = _AFTER_ROAD.match(plain, match.end())
        end = after.end() if after else match.end()
        if end == match.end() and _NO_HOUSE.match(plain, end):
            continue
        start = _start(plain, match.start())
        if start < match.start():
            yield Found("address", start, end)
    for match in _DASHED.finditer(plain):
        yield Found("address", _start(plain, match.start()), match.end())
    for match in _ESTATE.finditer(plain):
        start = _start(plain, match.start())
        if match.start() - start >= 2 or "单元" in match.group():
            yield Found("address", start, match.end())


def _start(plain: str, name_end: int) -> int:
    """Return where the address begins whose road's or estate's name ends at `name_end`.

    Chinese puts no space there: it begins after the last word such as `寄到`, or with a province.
    """
    low = name_end
    while low > max(0, name_end - _WINDOW) and "\u4e00" <= plain[low - 1] <= "\u9fff":
        low -= 1
    for cue in _BEFORE.finditer(plain, low, name_end):
        low = cue.end()
    province = _PROVINCES.search(plain, low, name_end)
    if province and not _PART_OF_A_COUNTRY.search(plain, low, province.start()):
        return province.start()
    if name_end - low > _LONGEST_BARE_NAME and not _PART_OF_A_COUNTRY.search(plain, low, name_end):
        return name_end - _KEPT_OF_A_LONG_NAME
    return low

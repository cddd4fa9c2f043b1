"""Clinical notes and messages in English and Chinese, with the exact place of everything personal in them.

    python -m quality_bench.deidentification_texts      (from benchmarks/; prints five)

Written before the recognisers were widened for medicine; shares no code with them. Where the line is drawn:

- `name`: people, whoever they are (patient, clinician, relative), without title, role or possessive: `Dr [Foley]'s`,
  `[欧阳娜]主任`, `[王]医生`. `[Smith, John]` and `[J. R. Whitfield]` are one span. Eponyms are none: `Foley catheter`.
- `date`: more than a year: day, day and month, month and year, with `年`, `月`, `日` or `号` inside; a time of day
  beside it is outside. A year, month or weekday alone, a duration, an age below 90, a gestational age are none.
- `id`: resident number with a right check digit, and whatever is announced as 身份证; social security and NHS number;
  bank card (Luhn); record number after its cue (MRN, hospital number, 住院号, 病案号, 门诊号), the cue outside.
  Numbers of orders and lots are none, however they look.
- `phone`: from its `+` or bracket to its last digit; an extension is outside. A ward's bleep is none.
- `address`: a road with a number, with what stands around it (town, postcode; province, city, district, building).
- `email`: the whole address.
"""

import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Literal

from quality_bench import deidentification_values as values

Maker = Callable[[random.Random], str]
Kind = Literal["name", "date", "id", "phone", "address", "email"]
KINDS: tuple[Kind, ...] = ("name", "date", "id", "phone", "address", "email")


@dataclass(frozen=True, kw_only=True)
class Personal:
    """Something personal in a text: characters, end exclusive."""

    kind: Kind
    start: int
    end: int


@dataclass(frozen=True, kw_only=True)
class Labelled:
    """One text, `en` or `zh`, and what is personal in it in reading order, nothing overlapping."""

    text: str
    language: str
    spans: tuple[Personal, ...]


def texts(count: int = 2_000, seed: int = 2026) -> list[Labelled]:
    """Return `count` texts, every other one Chinese; the same for the same seed."""
    chance = random.Random(seed)
    return [_write(chance, "zh" if number % 2 else "en") for number in range(count)]


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.strip().splitlines())


def _words(text: str) -> list[str]:
    return text.split()


# --- names and addresses -------------------------------------------------------------------------------------------

_FIRST = _words(
    "John Mary Susan Robert Aisha Priya Tom Grace Mark May Olivia Mohammed Wei Xiaoming Mary-Jane Jean-Luc Chloé Hope "
    "Siobhan Hans Rose Daniel Yuki Fatima Will"
)
_LAST = _words(
    "Smith Patel O'Connor Whitfield Fletcher-Boyd Nguyen Graves Foley Parkinson Zhang Okafor Müller García McAllister "
    "Jones Li Brown Young Baker Lindqvist Van-Dyke Rossi Tanaka Down Bell"
)
_SURNAMES = tuple(
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡白石方金江安"
)
_COMPOUND = ("欧阳", "司马", "上官", "诸葛", "皇甫", "司徒", "东方")
_GIVEN_ONE = tuple("伟芳娜敏静丽强磊军洋勇艳杰娟涛明超霞平刚燕鑫")
_GIVEN_TWO = (
    "建国",
    "秀英",
    "志强",
    "小明",
    "桂兰",
    "雨桐",
    "子轩",
    "海燕",
    "晓东",
    "文博",
    "玉珍",
    "浩然",
    "思远",
    "淑华",
    "俊杰",
)


def english_name(chance: random.Random) -> str:
    """Return a whole name: first and last, initials, capitals, or `Last, First`."""
    first, last = chance.choice(_FIRST), chance.choice(_LAST)
    initial, second = first[0], chance.choice("ABDEHJKLMRT")
    made = (
        f"{first} {last}", f"{first} {last}", f"{first} {last}", f"{first} {second}. {last}", f"{initial}. {last}",
        f"{initial}. {second}. {last}", f"{first} {last}".upper(), f"{last}, {first}", f"{last}, {first} {second}.",
        f"{last.upper()}, {first}", f"{last}, {first}".upper(),
    )  # fmt: skip
    return chance.choice(made)


def english_full_name(chance: random.Random) -> str:
    return f"{chance.choice(_FIRST)} {chance.choice(_LAST)}"


def chinese_name(chance: random.Random) -> str:
    """Return two to four characters; one name in eight begins with a surname of two."""
    surname = chance.choice(_COMPOUND if chance.random() < 0.125 else _SURNAMES)
    return surname + chance.choice(_GIVEN_ONE if chance.random() < 0.4 else _GIVEN_TWO)


def english_address(chance: random.Random) -> str:
    number = chance.choice((str(chance.randint(1, 999)), f"{chance.randint(1, 99)}{chance.choice('AB')}"))
    road = f"{chance.choice(('Maple', 'Church', 'Oak Hill', 'Victoria', 'Lincoln', 'St. James'))} " + chance.choice(
        ("Street", "Road", "Avenue", "Lane", "St", "Ave", "Drive")
    )
    flat = chance.choice(
        ("", "", f", Apt {chance.randint(1, 40)}{chance.choice('ABC')}", f", Flat {chance.randint(1, 30)}")
    )
    town = chance.choice(
        ("", ", Springfield, IL 62704", ", Boston, MA 02118", ", Leeds LS6 3HN", ", London SW1A 2AA", ", Portland, OR")
    )
    return f"{number} {road}{flat}{town}"


def chinese_address(chance: random.Random) -> str:
    head = chance.choice(
        ("", "北京市朝阳区", "浙江省杭州市西湖区", "广东省深圳市南山区", "上海市徐汇区", "四川省成都市武侯区", "西湖区")
    )
    road = chance.choice(("建国路", "文三路", "中山北路", "人民南路", "科技园南街", "解放大道"))
    house = f"{chance.randint(1, 999)}号"
    estate = chance.choice(("", "", "翠苑小区", "阳光花园", "金色家园"))
    room = f"{chance.randint(1, 30)}{chance.choice(('栋', '幢', '号楼'))}"
    unit = chance.choice(("", f"{chance.randint(1, 4)}单元")) + f"{chance.randint(1, 25)}0{chance.randint(1, 6)}室"
    tail = chance.choice(("", room + unit, unit)) if not estate else room + unit
    return values.maybe_wide(chance, head + road + house + estate + tail, 0.1)


# --- what stands beside them and is not personal -------------------------------------------------------------------

_PLAIN_ENGLISH = _lines(
    """
    BP {bp}, HR {pulse}, SpO2 97% on room air, temp 37.9 C.
    Started on amoxicillin 500 mg TDS for 7 days, paracetamol 1 g PRN.
    Known Parkinson's disease and Crohn's disease, both stable.
    Foley catheter in situ, draining clear urine.
    TSH suppressed, in keeping with Graves' disease; no Hashimoto thyroiditis.
    Symptoms May improve with rest; will review in 2 weeks.
    {age}-year-old with chest pain for 3 days, pain 6/10.
    Age {age}, G2P1, 32+4 weeks gestation.
    Power 4/5 in the left leg, Babinski negative, Romberg positive.
    Hb 11.2 g/dL, Na 138 mmol/L, K 4.1, CRP 84, INR 2.3.
    ICD-10: E11.9, I10, J45.909.
    Glasgow Coma Scale 14/15, Apgar 9 and 10.
    Murphy's sign positive, McBurney's point not tender.
    Lab order {order} is pending.
    Vaccine lot {lot}, expiry not stated.
    Payment reference {notcard} was rejected.
    Insulin glargine 18 units at night, metformin 1000 mg BD.
    Visual acuity 6/9 right, 20/40 left.
    MRI shows a disc bulge at L4/5 and C5-6.
    March fracture of the second metatarsal, no surgery in 2019.
    Mark the site, lance the abscess, pat the skin dry.
    Bell's palsy in 2014, Hodgkin lymphoma in remission since 2017.
    Weight 72.4 kg, height 168 cm, BMI 25.7.
    Ejection fraction 45-50%, grade 2/6 systolic murmur.
    Wells score 1.5, CURB-65 of 2, CHA2DS2-VASc 3.
    Bleep 2345 if the MEWS is above 4.
    Down syndrome screening low risk, 1 in 12000.
    Review on Monday; sooner if the pain gets worse in the next 24-48 hours.
    """
)
_PLAIN_CHINESE = _lines(
    """
    血压{bp}mmHg，心率{pulse}次/分，体温37.8℃，血氧97%。
    予阿莫西林0.5g 口服 每日三次，疗程7天。
    帕金森病史2年3月，规律服用多巴丝肼125mg tid。
    克罗恩病复发，予美沙拉嗪1g 每日四次。
    墨菲征阳性，麦氏点无压痛，巴宾斯基征阴性。
    患者{age}岁，咳嗽3天，加重半天。
    白细胞12.6×10^9/L，血红蛋白102g/L，血钾4.1mmol/L。
    孕32+4周，胎心142次/分，唐氏筛查低风险。
    诊断编码：E11.900，I10.x00。
    高血压、石膏固定术后3个月，黄疸较前减轻。
    检验单号{order}，结果待回报。
    疫苗批号{lot}，有效期18个月。
    缴费流水{notcard}失败，请重新缴费。
    格拉斯哥评分14分，疼痛评分6/10。
    霍奇金淋巴瘤化疗第3周期，2017年起缓解。
    马上复查血糖，安静休息，何时复诊另行通知。
    胰岛素18单位睡前皮下注射，二甲双胍0.5g bid。
    腰4/5椎间盘突出，直腿抬高试验60度阳性。
    患儿5月龄，体重7.2kg，大便每日3-4次。
    余无特殊，程度较轻，方案同前，严密观察。
    阿尔茨海默病，川崎病病史，均稳定。
    肌张力正常，双下肢水肿，石膏托外固定。
    24小时尿量1800ml，出入平衡。
    建议1周后周三上午门诊复查，清淡饮食。
    于是改用头孢曲松2g qd静滴，金黄色葡萄球菌阳性。
    """
)

# --- sentences with something personal -----------------------------------------------------------------------------

_ENGLISH = _lines(
    """
    Patient: {name}
    Name: {name}  DOB: {born}  MRN: {record}
    RE: {name}, DOB {born}, NHS No. {nhs}
    {full} was seen in clinic on {date} with {wife} {full}.
    Mr. {last} was admitted on {date} and discharged on {date}.
    Mrs {last} lives at {address} with her son {first}.
    Dictated by Dr. {full} on {date}.
    Thank you for referring {full}, whom I reviewed with Dr {last}.
    Her husband {full} can be reached at {phone}.
    Next of kin: {full} (daughter), {phone}.
    Call back on {phone} ext. 204 and ask for Nurse {last}.
    Address: {address}
    SSN {ssn}, phone {phone}.
    NHS number: {nhs}
    Hospital no. {record}, consultant: Dr {last}.
    Results to be e-mailed to {email}.
    Appointment moved from {date} to {date}; text {phone} to confirm.
    Dr. {last}'s letter of {date} was noted.
    Paid with card {card}.
    Please send the report to {email} or post it to {address}.
    Hi, this is {full}, my number is {phone}, I need my results from {date}.
    My mother {full}, born {born}, takes warfarin 3 mg daily.
    Electronically signed by {full}, MD, {date} 08:42
    Operation on {date}: laparoscopic cholecystectomy, surgeon Prof. {full}.
    Last menstrual period {date}, EDD {date}.
    Ms {last} (MRN {record}) rang about her inhaler; her brother {first} will collect it.
    Seen by {initials} on {date}.
    Spoke with {full} today about the biopsy of {date}; he agrees to surgery.
    Informed consent obtained from {full}'s father, {full}.
    Pt {last}, room 12, fell out of bed on {date} at 03:15, no injury.
    cc: Dr {last}, Dr {initials}, {email}
    Her sister {first} died of breast cancer; her aunt {full} has Crohn's disease.
    Home visit to {address} on {date} at 10:30.
    Contact details changed: {phone}, {email}, {address}
    Dear Dr {last}, many thanks for seeing {full} (DOB {born}).
    """
)
_CHINESE = _lines(
    """
    姓名：{name}  性别：女  出生日期：{born}
    患者{name}，因“反复咳嗽”于{date}入院。
    患者姓名：{name}，住院号：{record}
    病案号：{record}，身份证号：{announced}
    身份证{announced}，联系电话{phone}
    {name}，男，{age}岁，{date}行胆囊切除术。
    主治医师：{name}，住院医师：{name}
    请{surname}主任会诊，{name}医生已看过患者。
    联系人：{name}（丈夫），电话：{phone}
    家属{name}（女儿）签字，{date}
    现住址：{address}
    家住{address}，邮编不详。
    我叫{name}，手机{phone}，想查{date}的化验单。
    您好，我妈妈{name}，证件号{resident}，预约{date}复诊。
    医师签名：{name}
    检查报告请发到{email}，谢谢{surname}医生。
    门诊号：{record}，末次月经{date}。
    {date}在外院行CT检查，{date}转入我科。
    退费请打到银行卡{card}，户名{name}。
    责任护士：{name}，护士长{name}，记录时间{date} 08:30
    陪同人{name}与患者系母子关系，住{address}。
    {surname}女士来电，要求把快递寄到{address}，电话{phone}。
    患者于{date}出院，出院后电话随访{phone}转801。
    {date}随访：患者由其子{name}陪同，一般情况可。
    手术日期：{date}，术者：{name}教授。
    {surname}先生，{age}岁，{date}因胸痛来诊，否认药物过敏。
    与患者家属{name}沟通病情，其表示理解并签字。
    邮箱{email}，手机{phone}，地址{address}
    上级医师{name}查房后指示：继续抗感染治疗。
    患者之女{name}代诉，{date}起病。
    预约人{name}，{phone}，挂{date}{surname}主任的号。
    医保卡持有人{name}，身份证号码：{announced}，出生{born}
    送检者：{name}  检验者：{name}  报告日期：{date}
    """
)


def _first(chance: random.Random) -> str:
    return chance.choice(_FIRST)


def _last(chance: random.Random) -> str:
    return chance.choice(_LAST)


def _initials(chance: random.Random) -> str:
    return f"{chance.choice('ABCDJKMRST')}. {_last(chance)}"


def _surname(chance: random.Random) -> str:
    return chance.choice(_SURNAMES if chance.random() < 0.9 else _COMPOUND)


def _blood_pressure(chance: random.Random) -> str:
    return f"{chance.randint(96, 188)}/{chance.randint(52, 104)}"


_PERSONAL: Mapping[str, Mapping[str, tuple[Kind, Maker]]] = {
    "en": {
        "name": ("name", english_name),
        "full": ("name", english_full_name),
        "first": ("name", _first),
        "last": ("name", _last),
        "initials": ("name", _initials),
        "date": ("date", values.english_date),
        "born": ("date", partial(values.birth_date, language="en")),
        "record": ("id", partial(values.record_number, language="en")),
        "nhs": ("id", values.nhs_number),
        "ssn": ("id", values.social_security),
        "card": ("id", values.bank_card),
        "phone": ("phone", values.english_phone),
        "address": ("address", english_address),
        "email": ("email", partial(values.email, language="en")),
    },
    "zh": {
        "name": ("name", chinese_name),
        "surname": ("name", _surname),
        "date": ("date", values.chinese_date),
        "born": ("date", partial(values.birth_date, language="zh")),
        "record": ("id", partial(values.record_number, language="zh")),
        "announced": ("id", values.announced_resident_id),
        "resident": ("id", values.resident_id),
        "card": ("id", values.bank_card),
        "phone": ("phone", values.chinese_phone),
        "address": ("address", chinese_address),
        "email": ("email", partial(values.email, language="zh")),
    },
}
_PLAIN: Mapping[str, Maker] = {
    "bp": _blood_pressure,
    "pulse": lambda chance: str(chance.randint(52, 128)),
    "age": lambda chance: str(chance.randint(19, 88)),
    "order": values.order_number,
    "lot": values.lot_number,
    "notcard": values.not_a_card,
    "wife": lambda chance: chance.choice(("his wife", "her partner", "the carer")),
}
_SENTENCES = {"en": (_ENGLISH, _PLAIN_ENGLISH), "zh": (_CHINESE, _PLAIN_CHINESE)}


def _write(chance: random.Random, language: str) -> Labelled:
    """Return a message of one to three sentences, or a note of four to eight lines; a tenth hold nothing personal."""
    personal, plain = _SENTENCES[language]
    count = chance.randint(1, 3) if chance.random() < 0.4 else chance.randint(4, 8)
    share = 0.0 if chance.random() < 0.1 else 0.55
    chosen = [chance.choice(personal if chance.random() < share else plain) for _ in range(count)]
    between = chance.choice(("\n", "\n", "\r\n", " " if language == "en" else ""))
    text, spans = "", []
    for number, sentence in enumerate(chosen):
        if number:
            closed = chosen[number - 1][-1] in ".。" or "\n" in between
            text += between if closed else "; " if language == "en" else "；"
        for part in re.split(r"(\{\w+\})", sentence):
            if not part.startswith("{"):
                text += part
                continue
            kind, value = _value(chance, language, part[1:-1])
            if kind is not None:
                spans.append(Personal(kind=kind, start=len(text), end=len(text) + len(value)))
            text += value
    return Labelled(text=text, language=language, spans=tuple(spans))


def _value(chance: random.Random, language: str, slot: str) -> tuple[Kind | None, str]:
    if slot in _PLAIN:
        return None, _PLAIN[slot](chance)
    kind, maker = _PERSONAL[language][slot]
    return kind, maker(chance)


def main() -> None:
    for labelled in texts(5):
        print(labelled.text)
        for span in labelled.spans:
            print(f"    {span.kind:8} {labelled.text[span.start : span.end]!r}")
        print()


if __name__ == "__main__":
    main()

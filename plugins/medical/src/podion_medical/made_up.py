"""A hospital that does not exist: symptoms, cases, notes, measurements, guidelines, in English and Chinese. Seeded.

Everything here is made up for samples, tests and the demo; it shows the way and says nothing of real patients, and no
figure measured on it is a claim about medicine.
"""

import math
import random
from datetime import UTC, datetime, timedelta
from typing import Any

Row = dict[str, Any]

FIRST_DAY = datetime(2025, 1, 6, 8, tzinfo=UTC)

_SYMPTOMS = {
    "Psoriasis": {
        "en": ("red plaques on the elbows", "dry, scaly patches", "silvery scales on the scalp", "itching skin",
               "pitted nails", "flaking skin over both knees"),
        "zh": ("肘部出现红色斑块", "皮肤干燥脱屑", "头皮有银白色鳞屑", "皮肤瘙痒", "指甲有点状凹陷", "双膝皮肤起屑"),
    },
    "Migraine": {
        "en": ("throbbing pain on one side of the head", "light hurts the eyes", "nausea with the headache",
               "zigzag lines before the pain starts", "the headache gets worse on stairs", "noise is hard to bear"),
        "zh": ("一侧头部搏动性疼痛", "怕光", "头痛时恶心", "头痛前眼前有锯齿状闪光", "爬楼梯时头痛加重", "怕吵"),
    },
    "Asthma": {
        "en": ("wheezing at night", "short of breath after running", "a tight chest in cold air",
               "a dry cough that comes in attacks", "better after the inhaler", "whistling when breathing out"),
        "zh": ("夜间喘鸣", "跑步后气短", "冷空气中胸闷", "阵发性干咳", "用吸入剂后好转", "呼气时有哮鸣音"),
    },
    "Urinary tract infection": {
        "en": ("burning when passing water", "has to go to the toilet every half hour", "cloudy urine",
               "pressure above the pubic bone", "urine smells strong", "passes only a few drops at a time"),
        "zh": ("排尿时灼痛", "每半小时就要上厕所", "尿液浑浊", "耻骨上方有压迫感", "尿味重", "每次只排几滴尿"),
    },
    "Reflux": {
        "en": ("burning behind the breastbone after meals", "sour liquid comes up when lying down",
               "belching after coffee", "worse after a late dinner", "hoarse in the morning", "relief from antacids"),
        "zh": ("饭后胸骨后烧灼感", "平躺时反酸", "喝咖啡后嗳气", "晚饭吃晚了更严重", "早晨声音嘶哑", "服抗酸药后缓解"),
    },
}  # fmt: skip
_SINCE = {
    "en": ("for two weeks", "since Monday", "for three months", "on and off for a year"),
    "zh": ("已有两周", "从周一开始", "持续三个月", "断断续续一年"),
}

_COMPLAINTS: dict[str, dict[str, tuple[str, ...]]] = {
    "1": {"en": ("collapsed and does not answer", "gasping, lips turning blue", "seizing for ten minutes"),
          "zh": ("突然倒地呼之不应", "喘不上气，口唇发绀", "抽搐持续十分钟")},
    "2": {"en": ("crushing chest pain into the left arm", "sudden weakness of the right side",
                 "vomiting blood since the morning"),
          "zh": ("压榨性胸痛向左臂放射", "突发右侧肢体无力", "早晨开始呕血")},
    "3": {"en": ("belly pain getting worse since yesterday", "wheezing, speaks in short sentences",
                 "deep cut on the forearm, bleeding under pressure"),
          "zh": ("腹痛从昨天起逐渐加重", "喘鸣，说话断断续续", "前臂深切口，加压后仍渗血")},
    "4": {"en": ("twisted ankle, can walk with pain", "ear pain since last night", "burning when passing water"),
          "zh": ("扭伤脚踝，忍痛能走", "昨晚开始耳痛", "排尿灼痛")},
    "5": {"en": ("wants a repeat prescription", "small graze on the knee", "a stitch has to come out"),
          "zh": ("来续开处方", "膝盖小擦伤", "来拆线")},
}  # fmt: skip

_CODED = {
    "I10": {"en": ("high blood pressure", "hypertension"), "zh": ("高血压", "血压升高")},
    "E11.9": {"en": ("type 2 diabetes", "raised blood sugar"), "zh": ("2型糖尿病", "血糖升高")},
    "J45.9": {"en": ("asthma", "wheezing at night"), "zh": ("哮喘", "夜间喘鸣")},
    "N39.0": {"en": ("urinary tract infection", "burning when passing water"), "zh": ("尿路感染", "排尿灼痛")},
    "R50.9": {"en": ("fever", "a temperature of 39 degrees"), "zh": ("发热", "体温39度")},
    "R07.4": {"en": ("chest pain", "pain in the chest"), "zh": ("胸痛", "胸部疼痛")},
}
_LINES = {
    "en": {"present": ("Presents with {}.", "Known {}.", "Today {}."), "absent": ("No {}.", "Denies {}."),
           "family": ("Mother had {}.", "Family history of {}."), "open": "Chief complaint: ",
           "close": "Plan: review."},
    "zh": {"present": ("患者{}。", "诊断{}。", "今日{}。"), "absent": ("无{}。", "否认{}。"),
           "family": ("母亲有{}。", "家族史：{}。"), "open": "主诉：", "close": "计划：复查。"},
}  # fmt: skip

GUIDELINES: tuple[Row, ...] = (
    {
        "id": "sepsis-adults", "title": "Sepsis in adults", "version": "2026-03", "language": "en",
        "text": "Sepsis in adults. This page is made up.\n\fGive antibiotics within one hour of recognising septic"
                " shock. Measure lactate and repeat it when it is above 2 mmol/L.\n\fGive 30 ml/kg of crystalloid when"
                " the systolic pressure is below 90 mmHg.",
    },
    {
        "id": "asthma-attack", "title": "Acute asthma", "version": "2025-11", "language": "en",
        "text": "Acute asthma. This page is made up.\n\fGive inhaled salbutamol at once when an asthma attack makes it"
                " hard to speak. Give oxygen to keep the saturation between 94 and 98 %.",
    },
    {
        "id": "gaoxueya", "title": "高血压管理", "version": "2026-01", "language": "zh",
        "text": "高血压管理。本页为虚构示例。\n\f收缩压持续高于140 mmHg时应开始生活方式干预。"
                "合并糖尿病的患者目标血压低于130/80 mmHg。",
    },
)  # fmt: skip


def symptoms(count: int, *, seed: int = 11) -> list[Row]:
    """Return what people say who have one of five conditions, half in each language."""
    chance = random.Random(seed)
    rows = []
    for place in range(count):
        label, language = chance.choice(list(_SYMPTOMS)), chance.choice(("en", "zh"))
        parts = chance.sample(_SYMPTOMS[label][language], chance.choice((2, 3)))
        since = chance.choice(_SINCE[language])
        text = f"{', '.join(parts)}, {since}" if language == "en" else f"{'，'.join(parts)}，{since}"
        rows.append({"text": text, "label": label, "group": f"p-{place // 2}", "lang": language})
    return rows


def cases(count: int, *, seed: int = 11) -> list[Row]:
    """Return triage cases in order of time; the vital signs go with the urgency, more or less. Patients come again."""
    chance = random.Random(seed)
    return [_case(chance, place) for place in range(count)]


def _case(chance: random.Random, place: int) -> Row:
    label, language = chance.choices("12345", weights=(1, 3, 5, 5, 3))[0], chance.choice(("en", "zh"))
    worse = 3 - int(label)
    return {
        "complaint": chance.choice(_COMPLAINTS[label][language]),
        "age": chance.randint(1, 92),
        "sex": chance.choice(("female", "male")),
        "vitals": {
            "heart_rate": round(82 + 11 * worse + chance.gauss(0, 9)),
            "systolic": round(128 - 9 * worse + chance.gauss(0, 11)),
            "spo2": min(100, round(97 - 2.2 * max(0, worse) + chance.gauss(0, 1))),
            "temperature": round(36.9 + chance.gauss(0, 0.5), 1),
        },
        "history": chance.sample(["hypertension", "diabetes", "asthma", "高血压"], chance.choice((0, 0, 1, 2))),
        "patient_ref": f"MRN-{1_000 + place // 2}",
        "at": (FIRST_DAY + timedelta(hours=3 * place)).isoformat(),
        "label": label,
    }


def notes(count: int, *, seed: int = 11) -> list[Row]:
    """Return notes with their codes in order of time; what a note denies, or says of the family, is no code of it."""
    chance = random.Random(seed)
    return [_note(chance, place) for place in range(count)]


def _note(chance: random.Random, place: int) -> Row:
    language = chance.choice(("en", "zh"))
    lines = _LINES[language]
    drawn = chance.sample(list(_CODED), chance.choice((3, 4)))
    codes = drawn[: chance.choice((1, 2))]
    told = [(code, "present" if code in codes else chance.choice(("absent", "absent", "family"))) for code in drawn]
    chance.shuffle(told)
    words = [chance.choice(lines[how]).format(chance.choice(_CODED[code][language])) for code, how in told]
    joint = " " if language == "en" else ""
    return {
        "text": f"{lines['open']}{joint.join(words)}{joint}{lines['close']}",
        "label": sorted(codes),
        "system": "ICD-10",
        "system_version": "2019",
        "patient_ref": f"MRN-{5_000 + place // 2}",
        "authored_at": (FIRST_DAY + timedelta(hours=5 * place)).isoformat(),
    }


def marked(count: int, *, seed: int = 11) -> list[Row]:
    """Return notes with their problems marked, whether the note says that they are there or not."""
    rows = []
    for row in notes(count, seed=seed):
        text = row["text"]
        spans: list[Row] = []
        for words in (words for parts in _CODED.values() for both in parts.values() for words in both):
            start = text.find(words)
            if start >= 0 and not any(start < span["end"] and span["start"] < start + len(words) for span in spans):
                spans.append({"start": start, "end": start + len(words), "label": "problem"})
        spans.sort(key=lambda span: span["start"])
        rows.append({"text": text, "label": spans, "patient_ref": row["patient_ref"]})
    return rows


def measurements(count: int, *, seed: int = 11) -> list[Row]:
    """Return measurements with an outcome, about a third of which is `1`: glucose, body mass and age count for it."""
    chance = random.Random(seed)
    rows = []
    for place in range(count):
        age, glucose = chance.randint(25, 80), round(max(60, chance.gauss(115, 28)))
        mass, pressure = round(chance.gauss(29, 6), 1), round(chance.gauss(76, 11))
        against = -1.1 + 0.045 * (glucose - 115) + 0.11 * (mass - 29) + 0.03 * (age - 50)
        rows.append(
            {
                "age": age,
                "sex": chance.choice(("female", "male")),
                "glucose": None if chance.random() < 0.03 else glucose,
                "body_mass_index": mass,
                "pressure": pressure,
                "patient_ref": f"MRN-{9_000 + place}",
                "label": str(int(chance.random() < 1 / (1 + math.exp(-against)))),
            }
        )
    return rows

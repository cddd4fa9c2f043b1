"""The chapters of ICD-10, by category. Pure.

As in the WHO's ICD-10 (2019): categories of three characters, from and to.
"""

from podion_medical.hierarchy import category_of

CHAPTERS = (
    ("A00", "B99", "I Infectious and parasitic diseases"),
    ("C00", "D48", "II Neoplasms"),
    ("D50", "D89", "III Blood and immune mechanism"),
    ("E00", "E90", "IV Endocrine, nutritional and metabolic"),
    ("F00", "F99", "V Mental and behavioural"),
    ("G00", "G99", "VI Nervous system"),
    ("H00", "H59", "VII Eye and adnexa"),
    ("H60", "H95", "VIII Ear and mastoid process"),
    ("I00", "I99", "IX Circulatory system"),
    ("J00", "J99", "X Respiratory system"),
    ("K00", "K93", "XI Digestive system"),
    ("L00", "L99", "XII Skin and subcutaneous tissue"),
    ("M00", "M99", "XIII Musculoskeletal system and connective tissue"),
    ("N00", "N99", "XIV Genitourinary system"),
    ("O00", "O99", "XV Pregnancy, childbirth and the puerperium"),
    ("P00", "P96", "XVI Perinatal period"),
    ("Q00", "Q99", "XVII Congenital malformations"),
    ("R00", "R99", "XVIII Symptoms, signs and findings not elsewhere classified"),
    ("S00", "T98", "XIX Injury, poisoning and external causes"),
    ("U00", "U99", "XXII Codes for special purposes"),
    ("V01", "Y98", "XX External causes of morbidity and mortality"),
    ("Z00", "Z99", "XXI Factors influencing health status"),
)


def chapter_of(code: str, system: str = "ICD-10") -> str:
    """Return the chapter of a code; empty for what is in none, and in other systems than ICD-10's."""
    category = category_of(code, system)
    if not system.startswith("ICD-10") or len(category) != 3:
        return ""
    return next((name for first, last, name in CHAPTERS if first <= category <= last), "")

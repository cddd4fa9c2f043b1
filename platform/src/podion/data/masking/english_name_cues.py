"""Where the words of an English text say that a name comes: labels, relations, titles, and what stands behind one."""

import re
from dataclasses import dataclass

from podion.data.masking.english_name_words import EPONYM_NOUNS


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_SIGNING = (
    "signed dictated reported reviewed transcribed authored completed verified authenticated performed "
    "prepared read seen admitted written entered approved accompanied interpreted recorded witnessed "
    "counselled taken referred operated assessed examined ordered requested co-signed cosigned administered "
    "documented"
)
_ROLES = (
    "patient pt client attending physician doctor consultant surgeon anaesthetist anesthesiologist gp pcp "
    "provider clinician resident registrar nurse midwife pharmacist therapist assistant radiologist "
    "pathologist cardiologist neurologist oncologist dietitian interpreter scribe technologist carer guardian "
    "parent spouse partner informant proxy witness cc to from re attn attention regarding mother father wife "
    "husband son daughter brother sister neighbour neighbor friend contact nok beneficiary subscriber insured "
    "caller"
)
_MANY_WORDED = (
    "next of kin|emergency contact|contact person|social worker|case manager|power of attorney|responsible party|"
    "attending (?:physician|doctor|surgeon)|(?:primary |referring |ordering "
    "|treating |admitting )(?:care )?(?:provider|"
    "physician|doctor|clinician|gp|consultant)"
)
_KIN = (
    "wife husband mother father mom mum dad son daughter brother sister partner spouse carer caregiver "
    "guardian aunt uncle niece nephew cousin grandmother grandfather grandson granddaughter neighbour "
    "neighbor friend fiance fiancee fiancé fiancée roommate kin colleague patient pt nurse hello hi dear "
    "contact midwife surgeon consultant registrar resident cardiologist neurologist oncologist named name "
    "prefers client physiotherapist pharmacist interpreter paramedic stepson stepdaughter widow twin"
)
_LOOSE = (
    "by with from to per told informed phoned contacted met saw asked seeing referring and for of advised "
    "reminded counselled via called regarding re when that while c/o infant baby twins girl boy gentleman "
    "lady man woman physician doctor therapist psychologist dietitian worker practitioner thanks yours"
)
_LABEL = re.compile(
    r"(?<![A-Za-z])(?:(?P<strict>(?:(?:patient|pt|full|first|last|family|given"
    r"|maiden|middle|legal|preferred)(?:'s)? )?"
    r"(?:name|surname|forename)s?(?: of (?:the )?[a-z]{2,12}| \([A-Za-z, /]{1,20}\))?"
    rf"|(?:electronically |digitally )?(?:{_SIGNING.replace(' ', '|')})(?: off)? by"
    r"|/s/|initials|author|signature|signed|yours (?:sincerely|faithfully|truly)"
    r"|(?:best|kind|warm) (?:regards|wishes)"
    r"|regards|sincerely|dear) {0,2}(?:[:,=|]|-(?= ))?\s{0,3}"
    rf"|(?:{_MANY_WORDED}|{_ROLES.replace(' ', '|')})"
    r"(?:'s name| name|\(s\)| \([A-Za-z /]{1,20}\))? ?(?:[:=|]|-(?= ))\s{0,3})(?=[^\W\d_])",
    re.IGNORECASE,
)
_RELATION = re.compile(
    rf"(?<![A-Za-z])(?:(?P<strong>(?:{_KIN.replace(' ', '|')}|known as|goes by"
    rf"|this is|i am|my name is)(?: is| was|,| \()?)|(?:{_LOOSE.replace(' ', '|')}):?) {{0,2}}"
    r"(?<=[ (:])(?=(?-i:[A-Z\u00c0-\u00de]))",
    re.IGNORECASE,
)
TITLES = _words("mr mrs ms miss mx dr doctor prof professor sir dame rev reverend fr messrs madam sr")
DEGREES = re.compile(
    r",? ?(?:M\.?D\.?|R\.?N\.?|D\.?O\.?|PA-C|N\.?P\.?|MBBS|MBChB|MRCP|FRC[A-Z]{1,4}"
    r"|MRC[A-Z]{1,4}|Ph\.?D\.?|BSN|MSN|DDS|DMD"
    r"|PharmD|LPN|CRNP|CNM|CRNA|FACS|FACP|PT|OT|LCSW|MSW|DPM|APRN|FNP|RPh|SLP|CNS)(?![A-Za-z])"
)
_NEXT_WORD = re.compile(r"(?:'s|')?[ -]([A-Za-z]{2,20}(?:'s)?)")
_INITIALS = re.compile(r"(?<![A-Za-z.])[A-Z]\. ?[A-Z]\.(?: ?[A-Z]\.)?(?![A-Za-z])")
_INITIALS_BEFORE = re.compile(
    r"(?:patient|pt\.?|mr\.?|mrs\.?|ms\.?|initials(?: are)?|client|named|dr\.?)[ :]{1,2}\Z", re.IGNORECASE
)
_INITIALS_AFTER = re.compile(r"(?:,? is)?,? (?:an? )?[0-9]{1,3}[- ]?(?:year|yr|y[ /.]?o)")


@dataclass(frozen=True, slots=True)
class Cues:
    """Places in a text at which a name is expected.

    After a label that takes nothing else (`strict`), a role with a colon (`role`), a relation (`strong`), a
    preposition (`loose`).
    """

    strict: frozenset[int]
    role: frozenset[int]
    strong: frozenset[int]
    loose: frozenset[int]


def cues_of(plain: str) -> Cues:
    """Return where in a text a name is expected."""
    strict: set[int] = set()
    role: set[int] = set()
    for label in _LABEL.finditer(plain):
        (strict if label["strict"] else role).add(label.end())
    strong: set[int] = set()
    loose: set[int] = set()
    for relation in _RELATION.finditer(plain):
        (strong if relation["strong"] else loose).add(relation.end())
    return Cues(frozenset(strict), frozenset(role), frozenset(strong), frozenset(loose | strong))


def is_eponym(plain: str, end: int) -> bool:
    """Return whether what stands behind a name says that it is a disease's or an instrument's."""
    following = _NEXT_WORD.match(plain, end)
    return following is not None and following.group(1).lower() in EPONYM_NOUNS


def initials(plain: str) -> list[tuple[int, int]]:
    """Return where initials alone stand for a person: `patient J.S.`, `A.B., a 45-year-old`."""
    return [
        (match.start(), match.end())
        for match in _INITIALS.finditer(plain)
        if _INITIALS_BEFORE.search(plain[max(0, match.start() - 14) : match.start()])
        or _INITIALS_AFTER.match(plain, match.end())
    ]

"""Numbers that no checksum need tell, since words before them say what they are: records, insurance, passports."""

import re
from collections.abc import Iterator

from stdnum.gb import nhs

from podion.data.masking.found import Found

_RECORD_CUES = (
    r"M\.?R\.?N\.?|URN|UHID|(?:medical|hospital|clinic|health|patient|case|chart)(?: record)?s? ?(?:number"
    r"|no\.?|num\.?|#|id|identifier)"
    r"|(?:unit|chart|case|encounter|visit|accession|admission|specimen|sample"
    r"|lab|pathology|registration|record|account|acct|study|requisition|order)"
    r" ?(?:number|no\.?|num\.?|#|id)|PID|Pt\.? ?ID|CSN|FIN"
)
_NATIONAL_CUES = (
    r"NHS(?: number| no\.?| #)?|CHI(?: number| no\.?)?|H&C number|(?:national )?insurance (?:number"
    r"|no\.?)|NI ?(?:number|no\.?)|NINO"
    r"|medicare(?: number| no\.?| id| #)?|medicaid(?: number| no\.?| id| #)?"
    r"|(?:insurance|policy|member|subscriber|group|beneficiary|health ?card|health plan)"
    r"(?: policy| member| card)? ?(?:number|no\.?|id|#)|passport(?: number| no\.?"
    r"| #)?|(?:driver'?s?|driving) licen[cs]e(?: number| no\.?| #)?|DL ?(?:no\.?|#)"
    r"|(?:tax|national) ?(?:id|identification number|file number)|SIN|TFN|NPI(?: number)?"
    r"|DEA(?: number| no\.?)?|GMC(?: number| no\.?)?|(?:medical )?licen[cs]e (?:number|no\.?|#)"
)
_SSN_CUES = r"SSN|S\.S\.N\.|social security(?: number| no\.?| #)?"
_ENGLISH = re.compile(
    rf"(?<![A-Za-z0-9])(?:(?P<record>{_RECORD_CUES})|(?P<national>{_NATIONAL_CUES})|(?P<ssn>{_SSN_CUES}))"
    r"(?: ?\([A-Za-z.]{1,8}\))?(?: (?:is|was|of))?[ :#=.]{0,4}",
    re.IGNORECASE,
)
_VALUE = re.compile(
    r"(?=[A-Za-z-]{0,6}[0-9])(?:[A-Za-z]{1,4}[ -]?)?[0-9][0-9A-Za-z]*(?:(?:[-/]"
    r"| (?=[0-9 ]{2,}|[A-Za-z](?![A-Za-z])))[0-9A-Za-z]+){0,5}"
)
_CHINESE_CUES = (
    r"(?P<record>(?:住院|病历|病案|门诊|就诊|登记|检查|影像|放射|超声|病理|急诊|体检|档案|诊疗)"
    r"(?:卡|序|流水|登记)?(?:号码?|编号|ID)|(?:病人|患者)(?:ID|编号|号)|ID号|病历本?号|病案首页号|就诊卡)"
    r"|(?P<national>(?:医保|社保|社会保障|医疗保险|保险|新农合|健康|居民健康"
    r"|护照|军官证|通行证|驾驶证|驾照|保单|医疗证|出生(?:医学)?证明?|执业(?:医师)?证)(?:卡"
    r"|证)?(?:号码?|编号|证号)?)"
    r"|(?P<id>(?:居民)?身份证(?:件)?(?:号码?|号)?|证件号码?)"
)
_CHINESE = re.compile(rf"(?:{_CHINESE_CUES})(?:为|是|[ :#=]){{0,4}}")
_CHINESE_VALUE = re.compile(r"(?=[A-Za-z-]{0,6}[0-9])[0-9A-Za-z]+(?:[- /][0-9A-Za-z]+){0,5}")
_IDENTITY = re.compile(r"[0-9](?:[ -]?[0-9]){14}(?:(?:[ -]?[0-9]){2}[ -]?[0-9Xx])?(?![0-9])")
_NHS = re.compile(r"(?<![0-9A-Za-z.+-])(?<![0-9] )[0-9]{3} [0-9]{3} [0-9]{4}(?![0-9A-Za-z]|[ -][0-9])")
_INSURANCE = re.compile(
    r"(?<![A-Za-z0-9])(?!BG|GB|KN|NK|NT|TN|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?"
    r"(?:[0-9]{2} ?){3}[A-D](?![A-Za-z0-9])"
)
_FEWEST_DIGITS = 4
_SHORT = re.compile(r"(?:[12][0-9]{3})\Z")
_DATE_LIKE = re.compile(r"(?:19|20)[0-9]{2}[-/][0-9]{1,2}[-/][0-9]{1,2}")


def announced_numbers(plain: str) -> Iterator[Found]:
    """Yield the numbers of a text in its plain form that words announce, and those of Britain that a form tells."""
    for cue in _ENGLISH.finditer(plain):
        kind = "record_number" if cue["record"] else "ssn" if cue["ssn"] else "national_id"
        yield from _value(plain, cue.end(), _VALUE, kind)
    for match in _NHS.finditer(plain):
        if nhs.is_valid(match.group()):
            yield Found("national_id", match.start(), match.end())
    for match in _INSURANCE.finditer(plain):
        yield Found("national_id", match.start(), match.end())
    if plain.isascii():
        return
    for cue in _CHINESE.finditer(plain):
        if cue["id"]:
            identity = _IDENTITY.match(plain, cue.end())
            if identity:
                yield Found("resident_id", identity.start(), identity.end())
        else:
            yield from _value(plain, cue.end(), _CHINESE_VALUE, "record_number" if cue["record"] else "national_id")


def _value(plain: str, at: int, form: re.Pattern[str], kind: str) -> Iterator[Found]:
    match = form.match(plain, at)
    if match and sum(map(str.isdigit, match.group())) >= _FEWEST_DIGITS and not _DATE_LIKE.match(match.group()):
        yield Found(kind, match.start(), match.end())

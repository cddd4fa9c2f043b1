"""Words of customers, as tables: whom they ask for, how they greet, what they say when they have had enough."""

import re
from typing import Literal

Courtesy = Literal["greeting", "thanks", "goodbye"]


def _words(table: str) -> frozenset[str]:
    return frozenset(table.split())


def _phrases(table: str) -> frozenset[str]:
    return frozenset(phrase.strip() for phrase in table.split("|"))


PERSON = _words("""
    human humans person agent operator representative rep someone somebody advisor adviser colleague colleagues
    staff supervisor manager guy
""")
SURELY_A_PERSON = _words("human agent operator representative")
ASK = _words("talk speak chat connect transfer get give want need put call reach contact pass let see switch")
REFUSAL = _words("don't dont not no without never")
BEFORE_A_PERSON = _words("""
    a an the your one my some any another real live living actual human to with support service me us you someone
""")
"""Words that stand before a person, besides those that ask: `cleaning agent` is none."""
AFTER_A_PERSON = _words("""
    please pls plz now on for who to about in at instead from right directly asap agent being person rep today and
    because not here there thanks thx service support operator that which or if quickly already ffs cheers of
""")
"""Words that may follow a person; before any other, `human` is no person: `human hair`, `agent fee`."""

MISSPELT = (("人公", "人工"), ("人功", "人工"), ("人共", "人工"), ("珍人", "真人"), ("客福", "客服"), ("客复", "客服"))

_PERSON_ZH = r"(?:人工(?!智能|费|湖|草|皮|钻|降雨|成本|智慧)|真人|活人|客服人员|客服小姐姐|工作人员)"
ASKS_ZH = re.compile(
    r"(?:转|找|要|接|叫|换|有没有|有|来|跟|和|给我|联系|安排|请|切|呼叫)[^，。,.!?！？;；]{0,6}"
    + _PERSON_ZH
    + rf"|^{_PERSON_ZH}(?:客服|服务)?[吧呢啊呀嘛]?$|人工(?:客服|服务|坐席)|{_PERSON_ZH}(?:在|呢|来)"
    r"|(?:跟|和|找|让|换)(?:你们|个|一个|位)*(?:活)?人(?:来)?(?:跟我|和我)?(?:说|聊|谈|讲|处理|接)"
    r"|(?:不想|不要|别|懒得)(?:再)?(?:跟|和|让)?机器人"
    r"|(?:叫|找|让)(?:你们)?(?:的)?(?:经理|主管|领导|老板|负责人)"
)
REFUSES_ZH = re.compile(rf"(?:不要|不用|不需要|不必|无需|别|不想)(?:再)?(?:给我)?(?:转|找|接|叫)?{_PERSON_ZH}")

COURTESIES: dict[Courtesy, frozenset[str]] = {
    "greeting": _phrases(
        "hi|hello|hey|hiya|good morning|good afternoon|good evening|hi there|hello there|anyone there"
        "|你好|您好|你好呀|您好呀|哈喽|嗨|在吗|在么|亲在吗|亲|有人吗|早上好|晚上好"
    ),
    "thanks": _phrases(
        "thanks|thank you|thank u|thx|ty|cheers|many thanks|thanks a lot|great thanks|ok thanks|perfect thanks"
        "|谢谢|谢啦|多谢|谢了|谢谢你|谢谢您|感谢|好的谢谢|3q"
    ),
    "goodbye": _phrases("bye|goodbye|bye bye|see you|that's all|再见|拜拜|886|没事了|没有了"),
}
YES = _phrases(
    "yes|yes please|yeah|yep|yup|ok|okay|sure|please|please do|y"
    "|好|好的|是|是的|可以|行|嗯|嗯嗯|对|对的|要|需要|好吧|麻烦了"
)
FIRST = _phrases("1|a|one|first|the first|the first one|first one|第一个|前者|一|①")
SECOND = _phrases("2|b|two|second|the second|the second one|second one|第二个|后者|二|②")
CORRECTS = re.compile(
    r"^(?:no|nope|sorry|wait|oops|actually|correction|i mean|i meant|wrong|my bad|my mistake)\b"
    r"|\bi meant\b|\bit's actually\b"
    r"|^(?:不对|不是|错了|说错|写错|打错|等等|抱歉|不好意思|更正|应该是)|(?:说错|写错|打错|搞错)了|应该是"
)

STRONG = re.compile(
    r"\b(?:ridiculous|useless|pathetic|disgusting|disgrace\w*|scam\w*|fraud|thieves|liars?|lying|idiots?|morons?|stupid"
    r"|bullshit|crap|wtf|ffs|damn|fuck\w*|hell|fed up|furious|outrageous|unacceptable|unbelievable|a joke|worst"
    r"|terrible|awful|horrible|rip ?off|sue|lawyer|trading standards|ombudsman|never again|sick of|sick and tired"
    r"|waste of time|what is wrong with you|are you even|losing (?:my )?patience|had enough)\b"
    r"|垃圾|废物|骗子|骗人|诈骗|坑人|黑店|气死|气炸|恶心|无语|忍无可忍|受够|什么破|什么玩意|什么态度|耍我|耍人|滚"
    r"|听不懂(?:人话|吗)|12315|12345|消协|工商|曝光|律师|起诉|报警|投诉你|差评|太差|太烂|烂透|失望透|火大|愤怒"
    r"|很生气|真生气|真的.{0,2}生气|他妈|妈的|tmd|有没有人管|没人管|废话|太让人失望|在耍"
)
MILD = re.compile(
    r"\b(?:again|still (?:no|not|nothing|waiting|hasn't|haven't)|(?:second|third|fourth|2nd|3rd|4th) time"
    r"|how many times|disappointed|annoy\w+|frustrat\w+|angry|upset|nobody (?:helps|answers|cares)|seriously"
    r"|keep asking|not helping|no help|doesn't help|that's not what i)\b"
    r"|(?:第[二三四五]次|又来|还是没|还没|到底|说了(?:多少|几|好几)(?:遍|次)|失望|生气|烦死|太慢|怎么还|怎么又|催了"
    r"|搞什么|没用|答非所问|敷衍|着急|急死)"
)
SHOUTED = re.compile(r"\b[A-Z]{3,}\b(?:\W+\b[A-Z]{2,}\b){2,}")
INSISTS = re.compile(r"[!！]{2,}|[?？]{2,}|[!！][?？]|[?？][!！]")

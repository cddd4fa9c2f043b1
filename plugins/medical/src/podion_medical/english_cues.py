"""Words that tell in English whether a mention is denied, doubted, past or a relative's (after NegEx and ConText).

Chapman et al. 2001, A simple algorithm for identifying negated findings and diseases in discharge summaries;
Harkema et al. 2009, ConText: an algorithm for determining negation, experiencer, and temporal status.
"""

import re

_KIN = (
    r"(?:grand)?(?:mother|father|parents?|son|daughter|child(?=ren\b)|mum|mom|mam|dad|ma|pa)s?"
    r"|grandmas?|grandpas?|grand(?:child|children|dad)"
    r"|brothers?|sisters?|siblings?|twins?|aunts?|uncles?|cousins?|nieces?|nephews?|wife|husband"
    r"|spouse|partner|family members?"
    r"|relatives?|half-(?:brother|sister)s?|fiance?e?|stepmother|stepfather|relations?|(?:maternal"
    r"|paternal) side|kindred"
)
_TELLS = (
    r"noti\w+|report\w*|stat(?:e|es|ed|ing)|sa(?:y|ys|id|w)|describ\w+|f(?:ou|i)nds?|brought"
    r"|bring\w*|witness\w*|worri\w+|concern\w*|think\w*|thought"
    r"|call\w*|observ\w*|confirm\w*|den(?:y|ies|ied)|tell\w*|told|accompan\w*|claim\w*|mention\w*"
    r"|request\w*|ask\w*|gives?|gave|provid\w+|heard|hears"
    r"|recall\w*|remember\w*|feels?|felt|insist\w*|explain\w*|add(?:s|ed)|suspect\w*|translat\w*"
    r"|interpret\w*|reckons?|admits?|complain\w*|is at|at (?:the )?bedside"
    r"|present and|wants?|prefers?|helps?|cares?|drove|took|takes|rang|phoned|attend\w*|agrees?"
)

PSEUDO = re.compile(
    r"(?:no|not any|without(?: any)?|nil) (?:\w+ ){0,3}?(?:increase|change|changes|improvement"
    r"|worsening|progression|progress|relief|response|reduction"
    r"|decrease|difference|benefit|effect|resolution|deterioration|regression|let-?up|alteration"
    r"|interval change)s?(?: (?:in|of|to|with|from|on|for|since|after|between)\b)?"
    r"|not only|not just|not merely|not simply|not necessarily|not certain (?:if|whether)|no (?:real "
    r"|reason to )?doubt(?: that| about)?"
    r"|without (?:a |any )?(?:doubt|question|difficulty)|no question(?: that| of| about)?|beyond doubt"
    r"|not un\w+|not infrequent\w*|not in doubt"
    r"|(?:did|does|do|has|have|had|is|was|were|could|can)(?: not|n't) (?:\w+ )?(?:improve|improved"
    r"|respond|responded|resolve|resolved|relieve[sd]?|settle[sd]?|subside[sd]?|deny|denied|denying"
    r"|change[sd]?|go away|gone away|abate[sd]?|lessen(?:ed)?|ease[sd]?|help(?:ed)?|better"
    r"|recover(?:ed)?|get(?:ting)? (?:any )?better|controlled|touch|stop(?:ped)?|clear(?:ed)?)"
    r"|not (?:fully |well |completely |adequately |yet |entirely |much |being )?(?:relieved"
    r"|controlled|resolved|resolving|improving|improved|responding|better|settling|settled"
    r"|responsive|treated|tolerat\w+|helped|cured|eased|gone|healed|healing|managed|optimi[sz]ed)"
    r"|(?:could|can|did|was|is|has|have|had|does|were|will|would)(?: not|n't|not) (?:been )?(?:able to )?(?:walk"
    r"|sleep|work|eat|move|stand|tolerate|lift|drink|speak|swallow|breathe|cope|weight[- ]bear"
    r"|bear|lie|sit|attend|take|drive|complete|wake|get|keep|afford|adhere|comply|use|want"
    r"|like|know|remember|recall|go|come|follow|finish|start|stop)\b"
    r"|not (?:been )?(?:able to|taking|on|using|sleeping|eating|working|compliant|adherent"
    r"|for|known (?:how|when|where|why)|sure (?:how|when|where|why)|to be|drinking|walking"
    r"|a candidate|suitable|fit for|due|keen|attend\w*|started)"
    r"|unable to|cannot (?!be|rule|exclude|recall any|remember any"
    r"|recall having|recall ever)\w+|can't (?!be|rule|exclude|recall any"
    r"|remember any|recall having|recall ever)\w+|gram[- ]negative"
    r"|(?:rh|rhesus|hiv|[a-z0-9]+)[- ]negative (?=mother|woman|man|patient|lady|breast|bacter"
    r"|sepsis|rods|cocci|organism|cancer|tumou?r|adenocarcinoma|arthritis|individual|donor|blood)"
    r"|negative (?=pressure|symptoms|inspiratory|feelings|thoughts|mood|balance|fluid|impact"
    r"|margins?)|non-\w+|no longer (?=able|taking|using|on|working|drives)|no (?=fewer|less"
    r"|more than|sooner|matter|wonder|other|one else|appointment|follow-?up|treatment|medication"
    r"|interpreter)"
    r"|not (?=later|more than|less than|fewer|until|long after)|without (?=treatment|medication"
    r"|insurance|assistance|help|contrast|delay|warning|interpreter|insulin|oxygen|anticoagulation)"
    r"|false negative|double negative|if not|or not|why not|whether or not|rule[sd]? of|no[.:] ?[0-9]+"
)
"""What holds a word of denial and denies nothing that follows."""


DOUBT = re.compile(
    r"(?:cannot|can not|can't|could not|couldn't|unable to|not|n't|difficult to|hard to|impossible to"
    r"|yet to|to|must|should|needs?(?: to)?|requires?)"
    r"(?: yet| fully| entirely| completely| be| been| definitively| confidently){0,3} (?:rule"
    r"|ruled|ruling|exclude|excluded|excluding|discount\w*|dismiss\w*)(?: out)?"
    r"|\br/o|\brule out|not (?:sure|certain|clear|known) (?:whether|if)|unlikely|not impossible"
    r"|not yet (?:clear|known|confirmed|established)"
)
"""What holds a word of denial and leaves open what it speaks of."""

ABSENT_FAR = re.compile(
    r"(?<![\w-])(?:(?:no one|nobody|no \w+|none)(?: else| at home| household"
    r"| of| in| on| among| the| her| his| family"
    r"| relatives?| siblings?| side| members?){0,5} (?:has|have|had|with|suffers? from)|no(?: \w+)? (?:c/o"
    r"|complain\w*(?: of)?|reports?(?: of)?|known|evidence of|signs? of|symptoms? (?:of|suggest\w*))"
    r"|no|without|w/o|nil|nor|neither|zero|den(?:y|ys|ies|yed|ied|ying) (?:that )?(?:the \w+"
    r"|he|she|they|it|his \w+|her \w+) (?:has|have|had|is|was|ever)"
    r"|(?:can(?:'t|not)|does(?:n't| not)|did(?:n't| not)) (?:recall"
    r"|remember) (?:any|having|ever)|den(?:y|ys|ies|yed|ied|ying|ial of)"
    r"|negatives? (?:(?:\w+ ){1,3}for|for"
    r"|of)|neg (?:for|of)|-ve for"
    r"|unremarkable for|clear of|free (?:of|from)|absence of|lack(?:s|ed|ing)?(?: of)?|devoid of"
    r"|disclaims|never|negative:|none of|excluded:"
    r"|(?:fail(?:s|ed|ure)|unable) to (?:reveal|show|demonstrate|detect|identify|find|confirm"
    r"|disclose|visuali[sz]e))(?![\w-])"
)
"""What denies everything behind it, until something ends its reach."""

ABSENT_NEAR = re.compile(
    r"(?<![\w-])(?:(?:(?:did|does|do|could|has|have|had|is|was|were|are)(?:n't| not))|not|cannot (?:find"
    r"|see|feel|hear|palpate|detect|identify)"
    r"|(?<!be )(?<!been )(?<!and )(?<!is )(?<!was )(?<!were )(?:rul(?:es|ed|ing) out(?: for)?"
    r"|exclud(?:es|ed|ing))|absent|non)(?: (?:show|reveal|demonstrate|identify|detect|find"
    r"|have|report|suggest|complain of|notice|describe|experience|develop|present with|endorse"
    r"|exhibit|indicate|confirm|see|mention|had|been))?(?![\w-])"
)
"""What denies the next few words."""

BULLET_MINUS = re.compile(r"(?:^|[:;,(\n/])\s{0,2}(?:[-–−]|\(-\)) ?\Z")
BULLET_PLUS = re.compile(r"(?:^|[:;,(\n/ ])(?:\+{1,3}|\(\+\)) ?\Z")

ABSENT_RIGHT_AFTER = re.compile(
    r" ?(?:[:=]|--?|–)? ?\(? ?(?:(?<=[:=(–-] )|(?<=[:=(–-]))(?:no\b(?! (?:change|doubt|better))"
    r"|none\b|nil\b|absent\b|denie[sd]\b|negative\b|neg\b|not (?:seen|present|found|noted|detected)"
    r"|-ve|[-–−](?=\)|\s|$|,)|n\b)| [-–−](?=[.,;)]|$)"
)
ABSENT_AFTER = re.compile(
    r"(?<!not )(?<!been )(?<!be )(?<!yet )(?:ruled out|excluded)\b|(?<!not )(?:been|was|were"
    r"|is|are|now) (?:\w+ )?(?:ruled out|excluded)\b|(?<!not )\babsent\b"
    r"|\bnot (?:been |being )?(?:seen|present|found|identified|visuali[sz]ed|detected|noted"
    r"|demonstrated|evident|observed|elicited|reported|appreciated|felt|heard|palpable|palpated"
    r"|apparent|confirmed|established|there|a feature|an issue|visible|experienced|shown|supported)"
    r"|\b(?:negative|neg)\b(?= *$| (?:on|by|at|in|today|x|bilaterally|this))|\bdenied\b(?! by)"
    r"|\bdisproved|\brefuted|\bnever (?:occurred|happened|present|reported|had|experienced)\b"
    r"|\b(?:none|nil)\b *(?:today|at present|seen|noted)?$|\bno longer (?:present|there|seen"
    r"|felt|evident)"
)
"""What denies a mention, in the clause that follows it."""
ABSENT_LATE = re.compile(
    r"(?<!not )(?<!not been )(?<!be )(?<!yet )(?<!cannot )(?:ruled out"
    r"|been excluded|excluded)\b"
)
SUBJECT = re.compile(r"\s*(?::|(?:was|is|has|have|were|had)\b)")
AFTER_ENDS = re.compile(
    r"[,;]|\b(?:but|however|although|though|with|which|who|except|causing|because|since|until"
    r"|while|and (?:has|is|no|denies|complains|reports|now))\b"
)

EXCEPTION = re.compile(
    r"(?:except(?:ing)?(?: for)?|apart from|aside from|other than|besides|save for|with the exception of"
    r"|barring|only) (?:(?!no |not |there |without |denie)[\w'-]+ ){0,4}\Z"
)
"""What takes the mention right behind it out of a denial."""

END_OF_ABSENT = re.compile(
    r"\b(?:but|however|although|though|whereas|while|yet|nevertheless|nonetheless|except(?:ing)?"
    r"|apart from|aside from|other than|besides|save for|because(?: of)?|due to|owing to|on account of"
    r"|secondary to"
    r"|which|who|whom|whose|since(?! (?:\d|last|the))|therefore|hence|so that|instead|rather|only|merely|still|"
    r"has|reports?|reported|reporting|complain\w*|c/o|presents?|presented|presenting|admits?(?: to)?"
    r"|endors\w+|positive for|developed|develops|now (?:with|has|having|reports|presents|presenting"
    r"|complaining|complains)|"
    r"notes|describes|found to have|consistent with|there (?:is|was|are|were)(?! no)|(?:is"
    r"|was|are|were) (?:present|positive|noted|seen|found|treated|managed|confirmed)|persists?"
    r"|continues|shows?|showed|reveal(?:s|ed)|demonstrat(?:es|ed)|"
    r"causing|caused by|as (?:the |a )?cause (?:of|for)|as (?:an |the )?(?:etiology|aetiology"
    r"|source|reason|origin)|for which|in spite of|despite|given|with (?:known|ongoing|persistent"
    r"|worsening|new|mild|moderate|severe|some|chronic|a history|background|associated)|he has"
    r"|she has|they have|patient has|pt has|"
    r"today has|remains|then|after|following|cause for|etiology for|origin for|source for|reason for"
    r"|secondary|treated with|on (?:treatment|therapy) for|takes?|taking|"
    r"came|come|comes|attends?|attended|(?:is|was) (?:having|experiencing|suffering|admitted"
    r"|here|seen))\b|[+](?=[ \w])|\b(?:yes)\b"
)
"""What ends the reach of a denial."""


STATES = re.compile(
    r" ?(?:[\w-]+ ){0,3}?(?:persist\w*|continu\w*|remain\w*|ongoing|as before|unchanged|worsen\w*"
    r"|worse|confirmed|proven|positive|managed|severe|started|began|since|for (?:the )?(?:past"
    r"|last|\d|two|three|four|five|several|a few|many)|x ?\d)\b|(?: ?[-:]? ?(?:yes|present"
    r"|positive)\b)"
)
"""What follows a mention that is stated, where a comma parts it from the denial before."""

STATED_BEFORE = re.compile(
    r"(?:^|,|and|with) (?:the |her |his |an? )?(?:ongoing|persist(?:ent"
    r"|ing)|worsening|mild|slight|moderate|marked|occasional|intermittent"
    r"|chronic|increasing|still|but|only|just|some|new|known|continu\w+"
    r"|progressive|longstanding|positive"
    r"|recurrent|daily)(?: \w+)? ?\Z"
)


POSSIBLE_BEFORE = re.compile(
    r"(?<![\w-])(?:(?:most )?(?:likely|possibly|probably|presumably"
    r"|perhaps|maybe|(?:may|might|could) be) (?:due|secondary|related) to"
    r"|(?:presumptive|provisional|working|tentative|suspected|likely) (?:diagnos[ie]s|dx)(?: is| of|:)?"
    r"|possib(?:le|ly|ility of|ilities include)|probabl[ey]|probability of|likely"
    r"|unlikely(?: to (?:be|have|represent))?|likelihood of|suspect(?:ed|s|ing)?(?: of)?|suspicio(?:us"
    r"|n) (?:for|of)|"
    r"(?:concern(?:ing|ed)?|worr(?:y|isome|ied|ying)) (?:for|about|of|regarding|that)|query"
    r"|\?+|r/?o|rule out|to (?:rule|exclude) (?:out )?|exclude(?! d)|evaluate for|evaluation for"
    r"|assess for|investigate (?:for)?|work-?up for|"
    r"(?:cannot|can not|can't|could not|couldn't|unable to|not|difficult to|hard to|impossible to"
    r"|yet to) (?:be )?(?:\w+ )?(?:rule out|ruled out"
    r"|exclude|excluded)|differentials?(?: diagnos[ie]s)?(?: (?:include[sd]?"
    r"|is|are|of|remains|would include))?|ddx?|dx\?|"
    r"(?:may|might|could|would|can)(?: well| also| possibly| still)? (?:represent|be|have|reflect"
    r"|suggest|indicate|signify|explain|include|point|mean|fit|correspond|relate|account|suffer)\w*(?: due to"
    r"| from| with| to| consistent with)?|"
    r"suggest(?:s|ive|ing|ion)?(?: of)?|compatible with|presum(?:ed|ptive|ably|ption of)|(?:question"
    r"|chance|risk) of (?:a )?(?:possible )?(?=\w)|questionable|(?:unclear|unsure|uncertain"
    r"|not clear|question(?:able)?|wonder\w*|determine|decide|see|establish|know|doubtful|unknown) (?:whether"
    r"|if)(?: (?:he|she|it|they|this|that|there|the patient|pt|the \w+)(?: (?:has|have|had"
    r"|is|was|are|were|represents?|could be|may be|developed))?)?|unsure (?:whether|if)|not (?:sure"
    r"|certain|clear|known) (?:whether|if)|uncertain (?:whether|if)|whether|"
    r"equivocal (?:for|evidence of)|indeterminate for"
    r"|working diagnosis(?: of| is)?|provisional(?: diagnosis)?(?: of)?"
    r"|tentative(?:ly)?(?: diagnosis)?(?: of)?|versus|vs|thought to (?:be|have|represent)|believed to (?:be"
    r"|have)|felt to (?:be|have|represent)|favou?r(?:s|ed|ing)?|"
    r"appears? to (?:be|have|represent)|seems? to (?:be|have)|\w*looks like|impression of|consider(?:ed"
    r"|ing|ation of)?|raises? (?:the )?(?:possibility|question|suspicion|concern) (?:of|for)"
    r"|in keeping with|perhaps|maybe|potential(?:ly)?|apparent|conceivabl[ey]|"
    r"consistent with|borderline|can be seen (?:in|with)|pending (?:exclusion of)?|not yet excluded"
    r"|if this is|wonder(?:ing|ed)? (?:about|if|whether)"
    r"|high index of suspicion for|differential (?:diagnosis )?between"
    r"|low suspicion for|doubtful|doubt)(?![\w-])|\?+"
)

POSSIBLE_AFTER = re.compile(
    r"^ ?\?|\b(?:is|are|was|were|remains?|seems?|appears?|being|be|considered|thought|felt"
    r"|deemed|still|as) (?:[\w-]+ ){0,2}?(?:suspected|possible|likely|probable|unlikely|questionable"
    r"|questioned|presumed|a possibility|a concern|a consideration|a differential|uncertain"
    r"|unclear|equivocal|indeterminate)\b(?! (?:due|secondary|from|related|to|caused|that|cause))"
    r"|\b(?:suspected|possible|likely|probable|unlikely|questionable|presumed|a possibility"
    r"|possibility|in the differential|equivocal|uncertain)\b *(?:$|on|clinically|at)"
    r"|\b(?:cannot|can not|can't|could not|couldn't|not|to|must|should|needs?(?: to)?|requires?)(?: yet"
    r"| fully| entirely| completely| be| been| definitively){0,3} (?:excluded|ruled out|discounted"
    r"|dismissed|excluding|ruling out|confirmed|considered)\b|\bnot excluded"
    r"|\b(?:was|were|is|being) considered\b|^ (?:vs\b\.?|versus\b)"
    r"|^ (?:vs\.?|versus"
    r"|or)\b(?= .*\?)|\b(?:awaiting|pending) (?:confirmation|histology|biopsy|results)"
)
"""What leaves a mention open, in the clause that follows it."""

END_OF_POSSIBLE = re.compile(
    r"\b(?:but|however|although|though|whereas|with|because|given|as (?:he|she|the|there)|since"
    r"|who|which|presents?|presented|has|reports?|complain\w*|now|causing|in (?:a|the) (?:patient"
    r"|setting|context)|after|despite|confirmed|today|there (?:is|was)|secondary to|due to"
    r"|on (?:a )?background|in view of|based on|from)\b|[:](?= )"
)


HISTORY_BEFORE = re.compile(
    r"(?<![\w-])(?:h/o|(?:(?:past|previous|prior|remote|known|old|significant|extensive|personal"
    r"|long|longstanding|medical|surgical|distant|pertinent|childhood|psychiatric|obstetric"
    r"|oncological|cardiac|background) ){0,3}(?:history|hx)(?: (?:is )?(?:significant|notable"
    r"|remarkable|positive|relevant))?(?: (?:of|for|includes?|including|with))?:?"
    r"|pmhx?|pshx?|pmsh|background(?: of)?|bg(?: of)?|status[- ]post"
    r"|s/p|post(?=[- ]?$)|post-?op(?:erative(?:ly)?)?(?: from)?"
    r"|previous(?:ly)?|prior|former(?:ly)?|remote|past|childhood|(?:years?|decades?|yrs?) (?:ago"
    r"|back|earlier|previously)|last (?:year|summer|winter|spring|autumn|fall)|in (?:the past"
    r"|childhood|infancy|adolescence|(?:her|his) (?:youth|twenties|thirties|forties|teens))"
    r"|as a (?:child|baby|teenager|boy|girl|young)"
    r"|in (?:\w+ )?(?:of )?(?:19|20)\d\d|once had|used to (?:have|suffer from|get)|had had"
    r"|recovered from|survivor of|cured of|healed|resolved|at (?:the )?age (?:of )?\d+|(?:at"
    r"|aged) \d+|old(?= (?:\w+ )?$))(?![\w-])"
)

HISTORY_PSEUDO = re.compile(
    r"history of (?:the |her |his |their |this )?present(?:ing)?|the history of (?:her|his"
    r"|the|this|their) (?:current|present|presenting)|"
    r"(?:\d+|one|two|three|four|five|six|seven|eight|nine|ten|twelve|several|few|a|couple of"
    r"|short|brief|recent|acute|long|current|\w+)[- ](?:day|week|hour|hr|minute|month|wk|d"
    r"|h|w|year|yr)s?'?[- ](?:history|hx)(?: of)?|"
    r"(?:short|brief|recent|acute|current|presenting|day|days|days'|week|weeks|weeks'|hours"
    r"|hours'|hour|month|months|months'|year|years|years') (?:history|hx)(?: of)?|history (?:is )?(?:obtained"
    r"|taken|given|provided|limited|from|by|unobtainable|of presenting complaint|and physical"
    r"|as above|:)|no (?=prior imaging)|"
    r"(?:compared (?:with|to) |than |from |since |on |the )(?:the )?(?:prior|previous|last"
    r"|past) (?:study|film|exam\w*|ct|mri|scan|radiograph|x-ray|visit|day|night|week|weeks?"
    r"|months?|hours?|days?|images?|report)|(?:over|for|in|during) the (?:past|last|previous) (?:\w+ )?(?:few "
    r"|couple of )?(?:minutes?|hours?|days?|weeks?|months?|nights?)|(?:past|last|previous) (?:few "
    r"|two |three |several |\d+ )?(?:minutes?|hours?|days?|weeks?|nights?|months?)|prior to"
    r"|old (?=man|woman|male|female|lady|gentleman|boy|girl|patient)|years?[- ]old|half past"
    r"|past (?=midnight|noon|the)|post(?=ure|eri)|post (?=code|void|tussive)|post-?(?:prandial"
    r"|tussive|void)"
)

HISTORY_AFTER = re.compile(
    r"\bas a (?:child|baby|teenager|boy|girl|young|student)|\bin (?:childhood|infancy|adolescence"
    r"|the past|early life|(?:her|his) (?:youth|twenties|thirties|forties|teens))|\b(?:years?"
    r"|yrs|decades) (?:ago|back|previously|earlier|prior)\b|\blast year|\bat (?:the )?age(?: of)? \d+"
    r"|\b(?:at|aged?) \d+(?= *$)|\b(?:has|have|had|is|are|was|were|now|since|fully|completely"
    r"|all|then|spontaneously|and|which|that) (?:\w+ ){0,2}?(?:resolved|gone|cured|healed|recovered"
    r"|in remission|settled|cleared)\b|^ ?\(?(?:resolved|cured|healed|in remission)\b|\bin (?:\w+ )?remission"
    r"|\btreated and cured|\bfull(?:y)? recover(?:y|ed)|\b(?:in|during) (?:\w+ )?(?:of )?(?:19"
    r"|20)\d\d|^ ?\(?(?:19|20)\d\d\b|\bwhen (?:he|she|they|younger|i) (?:was|were|young)|\bwhen (?:younger"
    r"|young|small)|\bwent away|\bpost-?op\b|\bin (?:19|20)\d\ds"
)
"""What puts a mention into the past, in the rest of its sentence."""
NOT_PAST_AFTER = re.compile(
    r"\b(?:until|since|today|now (?:presents|has|with)|currently|ongoing|still|recurr\w+|compared)\b"
)

END_OF_HISTORY = re.compile(
    r"\b(?:but|however|although|though|whereas|(?:patient|pt|he|she|they) (?:has|is|reports?"
    r"|denies|complains?)|presents?|presented|presenting|now|today|currently|here (?:with|for)"
    r"|admitted (?:with|for|today)|complain\w*|c/o|reports?|comes? (?:in )?with|came (?:in )?with"
    r"|brought|this (?:morning|evening|week|time|admission)|developed|develops|is (?:having"
    r"|experiencing)|who (?:presents|now|comes|developed)|seen (?:for|with)|noted to|found to"
    r"|last night|yesterday|recent(?:ly)?|new|acute|active|ongoing|current|has had|since yesterday"
    r"|is (?:here|seen|being|admitted))\b"
)


FAMILY_BEFORE = re.compile(
    rf"\b(?:(?:maternal|paternal|parental|sibling) (?:history|hx)|family (?:medical )?(?:history"
    rf"|hx)|fhx?|fam hx|famil(?:y|ial)(?= (?:\w+ )?(?:of"
    rf"|with|has|have|member))|(?:{_KIN})(?:'s|s')?)\b"
)
FAMILY_AFTER = re.compile(
    rf"^ ?(?:\w+ ){{0,2}}?(?:in|among|affecting|on the|\(|runs in|- ?)(?: ?(?:her|his|their"
    rf"|the|a|an|both|two|several|one|first-degree|second-degree|maternal|paternal|older|younger"
    rf"|elder|late|many|patient's|my))* ?(?:{_KIN}|family)\b"
)

FAMILY_PSEUDO = re.compile(
    rf"\b(?:{_KIN})(?:'s|s')?(?:,? (?:who|also|is|was|has|had|have|then|first|herself|himself"
    rf"|very|first|later|and|the|other|(?:{_KIN}))){{0,3}} (?:{_TELLS})\b"
    rf"|(?:\b(?:by|from|to|per|via|informed|told|ask(?:ed)?|according to|lives? with|living with"
    rf"|with|for|cares? for|caring for|looks after|contacted|called|phoned|(?:discussed|spoke"
    rf"|speaking|talked) (?:with|to)|accompanied by|carer for|married to|visit(?:ed|ing)?)) (?:(?:his"
    rf"|her|their|the|a|an|patient's|my|both|elderly"
    rf"|eldest|older|younger|husband|wife) ){{0,2}}(?:{_KIN})\b(?! (?:has"
    rf"|have|had|who (?:had|has|died)|died|diagnosed))"
    r"|\b(?:g\d\w*|rh(?:esus)?[- ](?:negative|positive)|multiparous|primiparous|nulliparous"
    r"|primigravid\w*|\w*[- ]year[- ]old|pregnant|breast-?feeding|nursing|expectant|new|postpartum"
    r"|young|lactating|anxious|first-time|single|working) (?:mother|mum|mom)\b|mother (?:of"
    r"|to) (?:\w+|\d)\b|father of (?:\w+|\d)\b|(?:mother|father|parent|child|family|partner"
    r"|son|daughter)[- ](?:baby|infant|in-law|planning|medicine|practice|practitioner|doctor"
    r"|physician|meeting|therapy|support|centred|to-child|to-be)|sister (?:ward|nurse|on duty"
    r"|in charge)|mother tongue|family (?:doctor|physician|practice|medicine|meeting|planning"
    r"|informed|aware|present|updated|at|is|was|are|were|concern\w*|contact)"
)
END_OF_FAMILY = re.compile(
    r"\b(?:but|however|although|whereas|the patient|patient|pt|she herself|he himself|herself"
    r"|himself|(?<!and )(?:she|he|they) (?:has|have|had|is|was|reports?|denies|denied|presents?"
    r"|developed|complains?)|her own|his own|personally|personal(?: history)?|today|now|presents?"
    r"|i have|i am|i had)\b"
)

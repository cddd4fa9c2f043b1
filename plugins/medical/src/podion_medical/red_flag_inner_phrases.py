"""What patients and nurses say of heart, brain, breath and infection when it is urgent.

By the name of what is meant: (English, Chinese) patterns. They hold whole wordings, words of denial inside them too
("can't pass urine"): a denial outside is `assertion`'s to see. Wide on purpose: a sign that is missed costs more than
one that a clinician waves through.
"""

from podion_medical.red_flag_gaps import CANNOT, EN, NUMBER, ZH, Phrases

INNER: Phrases = {
    "chest_pain": (
        rf"chest (?:pain|tightness|pressure|heaviness|discomfort|ache)|\b(?:pain\w*|(?<!blood )(?<!bp )pressure"
        rf"|pressing"
        rf"|tight\w*|heav\w+|crush\w*|squeez\w*|band|weight|ache\w*|aching|burning|discomfort|elephant"
        rf"|gripping|vice|hurt\w*|sore|stabbing|sitting)\b{EN}{{0,30}}\b(?:chest|breast ?bone|sternum"
        rf"|heart)\b|\bchest\b{EN}{{0,25}}\b(?:hurts?|hurting|aches?|aching|tight|heavy|crush\w*"
        rf"|pressure|pain\w*|squeez\w*|burn\w*)|\bchest (?:feels|felt|is|was) (?:like"
        rf"|as (?:if|though)|tight|heavy|full|strange|crushed|constricted)|retrosternal|\bangina\b",
        rf"胸(?!腔积|片){ZH}{{0,12}}?(?:痛|疼|压|紧|憋闷|难受)|胸闷|心(?:口|前区|窝|脏){ZH}{{0,8}}?(?:痛"
        rf"|疼|闷|压|紧|堵|难受)|心绞痛|压榨",
    ),
    "pressing": (
        r"crush\w*|squeez\w*|elephant|heav(?:y|iness)|band|vice|gripping|pressure"
        r"|tight\w*|weight on|(?:standing|sitting|kneeling|stood|sat) on|constrict\w*"
        r"|like a (?:rock|stone|brick)",
        "压榨|压迫|压了|压着|压得|大石头|石头|紧缩|闷痛|憋闷|绞痛|绞着|紧紧|箍|勒",
    ),
    "to_the_arm": (
        rf"\b(?:arms?|jaw|neck|shoulders?|teeth|between (?:the|my|her|his) shoulder)\b|through to (?:the"
        rf"|my|her|his) back|(?:radiat\w*|spread\w*|going|goes|shoot\w*|mov\w+){EN}{{0,20}}\bback\b",
        "左臂|左胳膊|胳膊|手臂|左手|左肩|肩膀|肩|下巴|下颌|牙|后背|背部|脖子|颈部|放射",
    ),
    "sweating": (
        r"sweat\w*|clammy|diaphor\w*|drenched|cold and wet",
        "出汗|大汗|冷汗|冒汗|虚汗|汗淋漓|浑身是汗|满头汗|湿透",
    ),
    "nausea": (
        r"nause\w*|vomit\w*|sick\b|throwing up|threw up|retching|being sick",
        "恶心|呕吐|想吐|干呕|吐了|在吐|一直吐|反胃|呕",
    ),
    "breathless": (
        rf"breathless\w*|short(?:ness)? of breath|\bSOB\b|dyspn\w*|(?:hard|difficult\w*|trouble"
        rf"|struggl\w*|labou?red|problems?|fighting) {EN}{{0,12}}breath\w*|{CANNOT} (?:\w+ )?(?:breathe"
        rf"|catch (?:\w+ )?breath|get (?:\w+ )?(?:breath|air))|gasping|breathing (?:hard|fast|badly"
        rf"|difficult\w*|with effort)|wheez\w*|suffocat\w*|out of breath|winded|air hunger"
        rf"|out of puff|puffed out|puffing|panting|{CANNOT} get (?:\w+ )?(?:wind|puff)|fighting for (?:air|breath)",
        "喘|气(?:短|促|急|紧)|呼吸(?:困难|急促|费力|不畅|不上来|不了|很快|加快)|憋气|憋得|上不来气"
        "|透不过气|气不够|胸闷气|憋醒|接不上气|窒息|吸不上气"
        "|上气不接下气|喘不(?:上|过)|气(?:都)?不够用|倒气|捯气",
    ),
    "faint": (
        r"\bfaint\w*|light-?headed\w*|dizz\w*|collaps\w*|pass(?:ed|ing)? out|black(?:ed|ing) out"
        r"|syncop\w*|going to (?:drop|faint|pass out)|blood pressure (?:is )?low|floppy|giddy|woozy"
        r"|keel\w* over|(?:bp|blood pressure|pressure) (?:is |was )?(?:dropp\w*|falling|crash\w*|low\b)"
        r"|(?:everything|things|it|vision|sight)(?: is| was|'s)? (?:go(?:ing|es|ne)|turn\w*|went) (?:dark"
        r"|black|dim|gr[ea]y)|swimmy|about to (?:drop|go)|legs (?:went|gave|go) (?:from under|like jelly)",
        "晕|昏倒|昏过去|头昏|站不稳|站不住|虚脱|倒地|瘫倒|眼前发黑|眼前一黑|血压低|要倒"
        "|发飘|腿(?:发)?软(?:得)?(?:站|走)不|眼前(?:全)?黑|站都站不",
    ),
    "pallor": (
        r"\bpale\b|gr[ea]y\b|ashen|white as|mottled|cold hands|\bcold\b|clammy|restless|agitat\w*"
        r"|weak pulse|thready",
        "苍白|灰白|发灰|脸色(?:煞)?白|没有血色|四肢(?:发)?(?:冷|凉|冰)|手脚(?:冰)?(?:冷|凉)|烦躁"
        "|花斑|脉(?:搏)?(?:细|弱)",
    ),
    "sudden": (
        rf"sudden\w*|abrupt\w*|all at once|out of (?:nowhere|the blue)|instant\w*|in (?:a )?(?:seconds?"
        rf"|a flash|an instant|moments?)|within (?:seconds|minutes|an hour)|woke (?:up )?(?:with"
        rf"|from)|came on (?:quickly|fast|at once)|acute\w*|{NUMBER} (?:minutes?|mins?|hours?|hrs?) ago"
        rf"|(?:an?|half an|couple of|few) (?:hours?|hrs?|mins?|minutes?)(?: or so)? ago|since (?:an hour"
        rf"|this morning|last night|this afternoon|breakfast"
        rf"|lunch|waking)|this morning|just now|today|tonight|last night|(?:for|since) {NUMBER} (?:minutes"
        rf"|hours|hrs)|at \d{{1,2}}[:.]\d\d|while \w+ing"
        rf"|at (?:breakfast|lunch|dinner|tea ?time|supper|noon|midnight)|all of a sudden|{NUMBER} ?(?:am|pm)\b"
        rf"|hasn't (?:lifted|come back|gone)",
        "突然|突发|忽然|一下子|瞬间|骤然|骤|猛然|顿时|突|刚(?:刚|才)?|小时|分钟|今(?:天|早|晨"
        "|日)|昨(?:晚|夜)|早上|起床|疼醒|痛醒|急性"
        "|一个钟|半个钟|钟头|上午|下午|晚上|中午|半夜|凌晨|当场|刹那|立马",
    ),
    "gradual": (
        r"gradual\w*|slowly|for (?:\w+ )?(?:months|years)|over (?:the )?(?:\w+ )?(?:months|years)"
        r"|every (?:winter|summer|year|month|week|june|spring)|chronic\w*|long[- ]?standing|usual\b"
        r"|always (?:had|has|have)",
        "慢慢|逐渐|渐渐|几个月|好几个月|多年|几年|半年|一年|老毛病|每年|长期|慢性|一直都有|偶尔",
    ),
    "face_droop": (
        rf"\b(?:face|mouth|smile|cheek|eyelid)\b{EN}{{0,30}}?\b(?:droop\w*|crooked|lopsided|twist\w*"
        rf"|fall\w*|sag\w*|dropp?\w*|uneven|numb\w*|slid\w*|pulled|to one side|gone down|weak\w*"
        rf"|asymmetr\w*|slack)|droop\w*{EN}{{0,20}}\b(?:face|mouth|smile)|{CANNOT} (?:\w+ )?(?:smile"
        rf"|close (?:her|his|my|one) eye)|facial (?:droop\w*|weakness"
        rf"|palsy|asymmetry|numbness)|(?:lopsided|crooked|uneven) (?:face|smile|mouth)|one side of (?:her"
        rf"|his|the|my) (?:face|mouth)",
        rf"(?:嘴|口)(?:巴|角)?{ZH}{{0,5}}歪|口眼歪斜|面瘫|(?:脸|面部|面){ZH}{{0,5}}(?:歪|不对称"
        rf"|耷拉|瘫|垂|僵|塌)|嘴合不拢|流口水.{{0,8}}(?:一边|一侧)|鼻唇沟|眼睛?闭不上"
        rf"|嘴{ZH}{{0,4}}(?:斜|漏水)|笑起来{ZH}{{0,4}}歪",
    ),
    "speech": (
        rf"slurr\w*|garbl\w*|(?:speech|words|talk\w*|speak\w*|sentences)\b{EN}{{0,25}}?\b(?:slur\w*"
        rf"|garbl\w*|jumbl\w*|strange|odd|funny|nonsense|unclear|gone|mumbl\w*|gibberish|mixed up"
        rf"|muddled|wrong|confus\w*|thick)|{CANNOT} (?:\w+ ){{0,3}}(?:words|speech|make sense|talk properly"
        rf"|speak properly|speak clearly|name things)|words (?:come|coming|came|are coming) out"
        rf"|aphasi\w*|dysarthri\w*|dysphasi\w*|talking (?:nonsense"
        rf"|gibberish|rubbish)|(?:lost|loss of) (?:\w+ )?(?:speech"
        rf"|words)|difficulty (?:speaking|talking|finding words)|trouble (?:speaking|talking|finding words)"
        rf"|suddenly {CANNOT} (?:speak|talk)|(?:sounds?|speaks?|talks?|speech|speaking"
        rf"|talking|sounding)(?: is| was)? (?:like|as if|as though|a bit|\w+)? ?(?:\w+ ){{0,2}}drunk"
        rf"|mumbling|double dutch|tongue[- ]tied|word salad|words (?:won't"
        rf"|will not|don't) come|lost for words suddenly",
        rf"(?:说话|讲话|言语|口齿|吐字|语言|发音|话){ZH}{{0,6}}(?:不清|含糊|大舌头|困难|不利|说不清"
        rf"|颠三倒四|障碍|含混|不灵|不连贯|听不懂|说不出|讲不出)|(?:说|讲)不出(?:来)?话"
        rf"|失语|大舌头|构音|捋不直|说不利索|舌头(?:发)?(?:硬|打结|不灵)|吐字不清|答非所问|不会说话|说不了话",
    ),
    "one_side_weak": (
        rf"(?:(?:left|right|one)(?:[- ](?:side\w*|arm|leg|hand|half|foot))|hemi\w+|arm and leg|half of (?:her"
        rf"|his|my|the) body)\b{EN}{{0,35}}?(?:weak\w*|numb\w*|limp|paraly\w*|\bdead\b|won't move"
        rf"|not mov\w+|{CANNOT} (?:move|lift|feel|grip|hold|use)|useless|floppy|clumsy"
        rf"|not working|stopped working|drag\w*|gave way|giving way|no (?:power"
        rf"|strength|feeling)|heavy)|(?:weak\w*|numb\w*|paraly\w*|loss of (?:power|movement|use"
        rf"|strength|feeling)|{CANNOT} (?:lift|move|raise"
        rf"|use|feel|grip)|no (?:power|strength) in)\b{EN}{{0,25}}?\b(?:(?:left"
        rf"|right|one) (?:side|arm|leg|hand)|(?:her|his|my|the) (?:\w+ )?(?:arm|leg)\b|one side"
        rf"|arm and leg)|(?:numb\w*|weak\w*|limp|paraly\w*|heavy|dead|useless|clumsy) (?:left"
        rf"|right) (?:\w+ )?(?:arm|leg|hand|side|face|cheek|foot|half)|drag\w* (?:her"
        rf"|his|my|a|one) (?:\w+ )?(?:leg|foot)|(?:left|right|one) (?:arm|leg|hand)\b{EN}{{0,12}}(?:hangs?"
        rf"|hanging|drops?|drift\w*|falls?|sags?)|(?:lost|loses|losing|loss of) (?:the "
        rf"|all )?(?:use|feeling|power|strength|movement|control) (?:of|in) (?:the "
        rf"|her |his |my )?(?:left|right|one)|hemipar\w*|hemipleg\w*|drop(?:s|ped|ping) (?:things"
        rf"|(?:\w+ )?(?:cup|mug|fork|spoon|phone)s?)\b"
        rf"|(?:left|right|one) (?:side|arm|leg|hand|foot)\b{EN}{{0,35}}(?:refus\w*|not able to|gone|won't do"
        rf"|not obey\w*|not listen\w*)|not able to (?:lift|move|raise) (?:that|the|her|his|my)",
        rf"(?:半(?:边|侧)?身|偏身|一(?:侧|边)|单侧|左(?:侧|边|半|手|腿|上肢|下肢|臂|脚|胳膊)?|右(?:侧"
        rf"|边|半|手|腿|上肢|下肢|臂|脚|胳膊)?|同侧){ZH}{{0,8}}?(?:没劲|无力|没力|动不了|不能动"
        rf"|抬不(?:起|动)|瘫|麻|不听使唤|活动不灵|使不上|拿不(?:起|稳|住)|跑偏|拖着"
        rf"|偏瘫|没(?:有)?知觉|拿不住|没(?:有)?感觉"
        rf"|不灵活|软)|偏瘫|半拉身子|筷子{ZH}{{0,6}}(?:掉|拿不|夹不)|半身不遂|肢体(?:无力|瘫痪)|走路(?:往一边"
        rf"|向一侧|偏)"
        f"|(?:胳膊|手|腿){ZH}{{0,6}}(?:不听话|耷拉|抬不|使不上|甩)",
    ),
    "imbalance": (
        rf"(?:sudden\w*){EN}{{0,30}}(?:off balance|unsteady|stagger\w*|double vision|vertigo|{CANNOT} walk)"
        rf"|double vision",
        rf"(?:突然|突发){ZH}{{0,10}}(?:站不稳|走路不稳|复视|看东西重影|天旋地转)|重影|复视",
    ),
    "hives": (
        rf"hives|urticari\w*|welts|wheals|nettle ?rash|(?:itch\w*"
        rf"|rash|red|blotch\w*|flush\w*|bumps){EN}{{0,20}}(?:all over"
        rf"|everywhere|whole body|widespread|whole skin)|(?:widespread|generali[sz]ed|whole[- ]body) (?:rash"
        rf"|itch\w*|urticaria|redness)|itchy rash|(?:all over|everywhere){EN}{{0,12}}(?:itch\w*"
        rf"|rash)|come up in",
        rf"风团|荨麻疹|风疹块|(?:全身|浑身|满身|身上|遍身){ZH}{{0,8}}(?:疹|疙瘩|痒|红斑|包|发红)"
        rf"|皮疹|起(?:了)?(?:一身)?(?:红)?疹|起疙瘩|大片红",
    ),
    "swelling": (
        rf"(?:lips?|tongue|face|throat|eyes?|eyelids|mouth|uvula)\b{EN}{{0,20}}?(?:swell\w*|swollen"
        rf"|puff\w*|balloon\w*|twice|huge|big)|(?:swell\w*|swollen|puffy)\b{EN}{{0,20}}?(?:lips?"
        rf"|tongue|face|throat|eyes|eyelids|mouth)|angioedema",
        rf"(?:脸|嘴唇?|舌头?|眼睛?|眼皮|面部|口唇|嘴|喉(?:头|咙)?|嗓子|唇){ZH}{{0,6}}(?:肿)|血管性水肿|喉头?水肿",
    ),
    "throat_closing": (
        rf"throat\b{EN}{{0,20}}?(?:clos\w*|tight\w*|swell\w*|swollen|narrow\w*|block\w*|constrict\w*"
        rf"|seiz\w*|lump)|(?:tight\w*|closing|swell\w*|swollen|lump in){EN}{{0,12}}\bthroat|{CANNOT} swallow"
        rf"|tongue\b{EN}{{0,10}}(?:swell\w*|swollen)",
        rf"(?:喉|嗓|咽)(?:头|咙|子|部)?{ZH}{{0,6}}(?:紧|堵|肿|哽|卡|缩|锁)|舌头?{ZH}{{0,5}}肿"
        rf"|咽不下|吞不下|喉头?水肿|声音{ZH}{{0,4}}(?:嘶|哑)",
    ),
    "allergen": (
        r"\bst[iu]ng\b|\bstings?\b|\bwasp|\bbees?\b|hornet|peanuts?|\bnuts?\b|cashew|sesame|shellfish"
        r"|prawns?|shrimps?|\begg\b|\bmilk\b|kiwi|penicillin|amoxi\w*|antibiotic|cef\w*|ibuprofen"
        r"|contrast|vaccin\w*|latex|(?:ate|eaten|eating|first dose|dose of|injection|infusion|bitten"
        r"|allerg\w*|anaphyla\w*|epipen)",
        rf"(?:吃|喝|食用|输|打|注射|服|用)(?:了|完|过)?{ZH}{{0,14}}(?:后|完|过|之后|分钟|就)|蜂"
        rf"|蜇|蛰|叮|虫咬|花生|坚果|海鲜|虾|蟹|芒果|青霉素|头孢|阿莫西林|造影剂|疫苗|过敏",
    ),
    "anaphylaxis_said": (r"anaphyla\w*|severe allergic reaction|allergic shock", "过敏性休克|严重过敏"),
    "fever": (
        r"fever\w*|febrile|pyrexia|high temp\w*|temperature (?:of |at \w+ |up |is |was )*(?:3[89]"
        r"|4[0-2])|\b(?:3[89](?:\.\d)?|4[0-2](?:\.\d)?) ?(?:°|degrees|c\b)|burning up|(?:feels?"
        r"|feeling|felt|is|are|very|so|and|baby|old,?|days?|weeks?),? hot\b|hot (?:to (?:the )?touch"
        r"|and (?:not|bothered|cold|sweaty|shivery|floppy|irritable|flushed))|temp (?:of )?(?:3[89]|4[0-2])"
        r"|running a (?:temp\w*|fever)|burning (?:hot|like)|hot as|boiling hot|roasting|hot like fire"
        r"|body (?:is )?hot",
        "发热|发烧|高热|高烧|低烧|烧到|体温(?:3[89]|4[0-2]|升高|高)|(?:3[89]|4[0-2])(?:\\.\\d)? ?(?:度"
        "|℃)|烫手|浑身(?:发)?烫|烧得|持续烧|热度"
        "|发高?热|烧起来|滚烫|火炭|热得像",
    ),
    "rigors": (
        r"rigors?|shaking chills|uncontrollabl\w+ shak\w*|shiver\w*|shaking all over|teeth chattering|chills",
        "寒战|打寒颤|寒颤|打颤|哆嗦|发抖|打摆子",
    ),
    "confused": (
        r"confus\w*|muddled|disorient\w*|delir\w*|not making sense|not (?:him|her)self|talking nonsense"
        r"|rambling|incoheren\w*|doesn't (?:know|recogni[sz]e)|does not (?:know|recogni[sz]e)|agitat\w*"
        r"|vague|altered|acting (?:strange|odd|drunk)\w*|off (?:his|her) head|\bthinks (?:it'?s|it is) (?:xmas"
        r"|christmas|new year|\d{4}|the (?:war|wrong)"
        r"|night|morning|summer|winter)|\bthinks (?:he|she)(?:'?s| is) (?:\w+ )?(?:at|in) (?:home|work|school|the)"
        r"|(?:talking|speaking) to (?:people|someone) who|wandering|doesn't know (?:where|who|what)|seeing things",
        "糊涂|意识(?:模糊|不清|障碍|改变)|神志(?:不清|淡漠|模糊|恍惚)|胡言乱语|说胡话|胡话|认不(?:出"
        "|得)人|不认人|迷糊|昏沉|谵妄|答非所问|反应(?:迟钝|变慢|差)|恍惚|精神(?:恍惚|异常|错乱)|烦躁|淡漠",
    ),
    "drowsy": (
        r"drows\w*|lethargi\w*|hard to (?:wake|rouse)|sleepy|difficult to (?:wake|rouse)|floppy"
        r"|listless|limp\b|won't wake|unrousable|not responding|barely responsive|very tired and"
        r"|stupor\w*|obtunded|(?:drops?|drifts?|nods?|dozes?|keeps? going) off|in and out of (?:it|consciousness)",
        "嗜睡|昏睡|叫不醒|昏昏沉沉|萎靡|软绵绵|反应差|不睁眼|昏昏欲睡|迷迷糊糊",
    ),
    "infection": (
        r"infect\w*|septic\w*|sepsis|burning when|burns? (?:when|to) (?:pass\w*|pee\w*|urinat\w*)"
        r"|dysuria|cellulitis|wound|abscess|pneumonia|productive cough|catheter|after (?:\w+ )?(?:surgery"
        r"|operation)|pus\b|cholangitis|urin\w+|chest infection|dialysis|line site|post-?op\w*",
        "感染|败血|脓毒|尿频|尿痛|尿急|化脓|脓|肺炎|术后|手术后|伤口|导尿|胆管炎|褥疮|红肿|透析|产后|流产后",
    ),
    "sepsis_said": (r"\bsepsis\b|\bseptic\b", "败血症|脓毒症|感染性休克"),
    "mottled": (
        r"mottled|blotchy|cold hands and feet|blue lips|not passed (?:any )?urine|no urine|hasn't (?:peed"
        r"|passed urine)|feels? like (?:\w+ )?(?:dying|going to die)",
        "花斑|皮肤发花|手脚冰凉|四肢冰凉|尿量?(?:很少|减少|没有)|没有?尿|一天没尿",
    ),
    "stiff_neck": (
        rf"stiff(?:ness of)?(?: in)?(?: the| her| his| my)? neck|neck (?:is |feels |very |so |and "
        rf"|stiff\w*|gone |was |has gone ){{0,3}}(?:stiff\w*|rigid\w*)|(?:rigid|rock[- ]hard) neck"
        rf"|nuchal rigidity|mening(?:ism"
        rf"|itis)|neck (?:hurts|pain\w*){EN}{{0,20}}(?:bend|chin)|{CANNOT} (?:bend|touch|put|move) (?:\w+ )?(?:neck"
        rf"|chin|head)|chin to (?:\w+ )?chest|bulging (?:fontanelle|soft spot)|fontanelle {EN}{{0,10}}bulg\w*"
        rf"|{CANNOT} (?:\w+ ){{0,3}}chin (?:down )?(?:to|on|onto)|neck (?:won't|will not) (?:bend|move)",
        rf"(?:脖子|颈部?|颈项|后颈){ZH}{{0,5}}(?<!不)(?:发?硬|僵|强直|抵抗)|颈强直?"
        rf"|颈抵抗|(?:脖子|颈){ZH}{{0,6}}(?:不能|没法|无法)(?:动|低|弯|转)|脑膜刺激征"
        rf"|前囟{ZH}{{0,4}}(?:膨|隆|鼓|凸|饱满)|低不下头|脑膜炎"
        f"|脖子{ZH}{{0,6}}(?:梗|直挺|板|弯不|转不)|下巴{ZH}{{0,6}}(?:碰|够|贴|挨)不(?:到|着)",
    ),
    "photophobia": (
        r"photophobia|light (?:hurts|bothers)|hurts (?:\w+ )?eyes|bright light|(?:sensitive|sensitivity) to light"
        r"|can't (?:stand|bear) (?:the )?light|hates (?:the )?light|curtains (?:closed|drawn)"
        rf"|(?:open\w*|draw\w*|pull\w*){EN}{{0,12}}(?:curtains?|blinds?)|keep\w* (?:the )?lights? off"
        rf"|light{EN}{{0,12}}(?:hurt\w*|kills?|unbearable)",
        f"怕光|畏光|见光|(?:见|看|开)(?:到|了)?(?:灯|光|太阳){ZH}{{0,6}}(?:疼|痛|难受|受不了|睁不开|喊|叫)|窗帘",
    ),
    "headache": (
        rf"headaches?|head (?:hurts|pain|is (?:pounding|splitting|killing)|ache\w*|pounding|throbbing)"
        rf"|pain {EN}{{0,12}}\bhead\b|migraine"
        rf"|(?:splitting|pounding|banging|thumping|killing) head|head(?:'s| is)? (?:banging|thumping|bursting"
        rf"|exploding|about to burst)",
        rf"头(?!晕|昏|发|皮){ZH}{{0,6}}(?:痛|疼|胀)|脑袋{ZH}{{0,6}}(?:痛|疼)|偏头痛"
        f"|脑(?:袋|壳|门){ZH}{{0,8}}(?:炸|裂|胀|痛|疼)|太阳穴{ZH}{{0,4}}(?:跳|痛|疼)",
    ),
    "purple_spots": (
        rf"purpur\w*|petechi\w*|non-?blanch\w*|(?:purple|dark red|bruise-?like|blood|pinprick|red"
        rf"|blotchy|tiny){EN}{{0,12}}(?:spots?|rash|dots|marks|blotches){EN}{{0,40}}(?:fade|blanch"
        rf"|disappear|glass|press|vanish)|(?:purple|bruise-?like|pinprick) (?:spots?|rash|dots|marks"
        rf"|blotches)|(?:spots?|rash|marks)\b{EN}{{0,25}}(?:do(?:es)?n't|do(?:es)? not|not|won't) (?:fade"
        rf"|blanch|disappear|go away|vanish)|glass test|tumbler test",
        f"瘀点|瘀斑|淤点|淤斑|紫癜|出血点|压(?:之)?不(?:褪|退|消)|按(?:压|下去|着)?{ZH}{{0,4}}不(?:褪"
        f"|退|消)|不褪色|不退色|紫(?:红|黑)?色{ZH}{{0,3}}(?:斑|疹|点)|暗红{ZH}{{0,3}}(?:斑"
        f"|疹|点)|紫斑|紫(?:点|疹)|瘀青样",
    ),
    "projectile": (r"projectile vomit\w*", "喷射(?:性|样|状)?呕?吐"),
    "thunderclap": (
        rf"thunderclap|\bbang\b{EN}{{0,20}}head|never had (?:a |such (?:a )?|this (?:kind"
        rf"|sort) of )?(?:\w+ )?headache"
        rf"|\bhead(?:ache)?\b{EN}{{0,40}}never (?:had|felt)|(?:thunder|lightning"
        rf"|gunshot|bomb)\w*{EN}{{0,20}}head|(?:worst|most (?:severe|intense|awful"
        rf"|terrible))\b{EN}{{0,15}}\bhead\w*"
        rf"|headache\b{EN}{{0,25}}(?:of (?:my|her|his) life|\bever\b)|(?:sudden\w*|explosive|instant\w*"
        rf"|abrupt\w*|out of nowhere|like (?:a|being) (?:\w+ )?(?:hit|struck|bang|blow|explo\w*"
        rf"|clap|bat|hammer|kicked|shot)){EN}{{0,40}}\b(?:head\w*)|\bhead\w*\b{EN}{{0,45}}(?:in seconds"
        rf"|within seconds|within a minute|in an instant|in a second|from (?:nothing"
        rf"|zero|nought)|bang\b|sudden\w*|instant\w*|out of (?:nowhere"
        rf"|the blue)|explo\w*|like being (?:hit|struck|kicked|shot)|hit (?:on|over|with|by)|peaked"
        rf"|came on at once|all at once|at once|snap|pop\w*|seconds)"
        rf"|from (?:nothing|zero|fine){EN}{{0,40}}(?:seconds?|instant|flash)|(?:wallop\w*|clobber\w*|whack\w*"
        rf"|clubbed|smack\w*|hit|struck){EN}{{0,40}}(?:skull|back of (?:the|my|her|his) head)"
        rf"|never had a head like|head (?:just )?exploded",
        rf"(?:突然|瞬间|一下子|骤然|突发|霎时|猛然|几秒|秒内|忽然){ZH}{{0,14}}头(?!晕|昏){ZH}{{0,8}}(?:痛"
        rf"|疼|炸|裂)|(?:突然|瞬间|一下子|骤然|突发|忽然|顿时)[^。；]{{0,12}}(?:头痛|头疼)|(?:头"
        rf"|脑袋){ZH}{{0,8}}(?:炸|裂开|炸裂|爆|劈开|雷劈)|(?:头|脑袋){ZH}{{0,6}}(?:突然|瞬间|骤然"
        rf"|一下子)|雷击样|霹雳样|(?:这辈子|从来|从没|平生|有生以来|从未|生平|一生中?)[^。；]{{0,10}}(?:头)?(?:疼"
        rf"|痛)|最(?:严重|厉害|剧烈){ZH}{{0,4}}头(?:痛|疼)"
        f"|(?:像|好像|跟){ZH}{{0,8}}(?:炸|雷劈|棍|锤|砸|敲){ZH}{{0,8}}头|头{ZH}{{0,10}}(?:一下|突然"
        f"|瞬间){ZH}{{0,4}}(?:炸|裂|爆)",
    ),
    "choking": (
        rf"chok(?:ing|ed)\b(?! up| smell)|(?:went|gone) down the wrong way|inhaled (?:a "
        rf"|an )?(?:nut|bead|coin|toy|peanut|grape|foreign)"
        rf"|foreign body (?:in )?(?:the )?(?:airway|throat)|silent cough|food (?:is "
        rf"|got )?stuck|clutching (?:\w+ )?(?:throat|neck)|{CANNOT} (?:breathe|talk"
        rf"|speak|cough) or (?:talk|speak|cough|cry|breathe)|{CANNOT} (?:cough|cry"
        rf"|make a sound|speak or cough)",
        "呛(?:住|到|着|入)|噎(?:住|到|着)|气管异物|异物(?:吸入|卡|堵)|(?:咳|哭|喊)不出(?:声|来)|海姆立克|吸进气管",
    ),
    "stridor": (
        rf"stridor|noisy (?:breathing|inspiration)|(?:crowing|whoop\w*|high-pitched|harsh|rasping"
        rf"|squeaky){EN}{{0,15}}(?:breath\w*|noise|sound|inspir\w*)|(?:noise|noisy|whistl\w*) (?:when"
        rf"|on|while) (?:\w+ )?(?:breath\w* in|inspir\w*)",
        "喉鸣|喘鸣|吸气(?:时)?(?:有)?(?:声|响|鸣|费力|困难)|呼噜响|三凹征|吸气性|公鸡叫|鸡鸣|狗叫|犬吠",
    ),
    "drooling": (
        rf"drool\w*|dribbl\w*|{CANNOT} swallow (?:\w+ )?(?:saliva|spit)|(?:sitting|leaning) (?:bolt )?(?:forward"
        rf"|upright)|tripod\w*|spitting out (?:\w+ )?saliva|muffled voice|hot potato",
        "流(?:口水|涎)|口水(?:直流|不敢|咽不下)|不敢(?:咽|吞)|咽不下口水|(?:坐着|身子?)?前倾|声音(?:发)?闷"
        "|含着(?:东西|热)|口水.{0,6}(?:流|淌|滴)|咽不下去",
    ),
    "blue": (
        rf"(?:lips?|face|fingers|skin|tongue|child|baby|he|she)\b{EN}{{0,15}}(?:blue|purple|dusky)"
        rf"|(?:blue|dusky|purple) (?:lips|face|tongue|around)|(?:turn\w*|going|gone|went) (?:blue"
        rf"|purple|grey)|cyano\w*",
        "(?:嘴唇|口唇|脸|面部|指甲|口周|唇|全身|嘴)(?:色)?(?:发|变|青|憋)?(?:得)?(?:发)?(?:紫"
        "|青|乌|蓝)|发绀|紫绀|脸都?憋(?:紫|青)",
    ),
    "pleuritic": (
        rf"pleurit\w*|(?:sharp|stabb\w*|catch\w*|worse|hurts?|pain\w*){EN}{{0,40}}(?:breath\w* in"
        rf"|breath in|deep breath\w*|inspir\w*|(?:on|with|when|every|each|taking a) (?:deep )?breath\w*)"
        rf"|(?:stabs?|jabs?|knifes?|catches|stitch){EN}{{0,40}}(?:breath|breathe|cough)\w*",
        rf"(?:吸气|呼吸|深呼吸|咳嗽){ZH}{{0,6}}(?:加重|更?痛|更?疼|疼痛|时痛|时疼)"
        f"|一(?:吸|喘|咳){ZH}{{0,8}}(?:就|更)?(?:扎|刺|痛|疼)",
    ),
    "coughs_blood": (
        rf"cough\w*{EN}{{0,15}}blood|h(?:a)?emoptysis|blood\w*{EN}{{0,8}}(?:sputum|phlegm|spit)"
        rf"|spit\w* (?:up )?blood",
        "咯血|咳血|痰(?:中|里)?(?:带|有)血|血痰",
    ),
    "clot_risk": (
        rf"(?:calf|calves|leg|thigh)\b{EN}{{0,25}}(?:swoll\w*|swell\w*|red\b|tender|pain\w*|sore"
        rf"|bigger)|(?:swoll\w*|swell\w*|pain\w*|sore)\b{EN}{{0,15}}(?:calf|leg|thigh)|dvt|deep vein"
        rf"|clots?\b|(?:long|recent|\d+[- ]?hour|transatlantic|overnight) (?:\w+ )?(?:flight|haul"
        rf"|journey|drive|trip)|flight|flew|surgery|operat\w*|replacement|immobil\w*|plaster|bed ?(?:rest"
        rf"|ridden|bound)|in bed for|contracepti\w*|the pill\b|hrt\b|postpartum|gave birth|after (?:delivery"
        rf"|birth|caesarean)|caesarean|cast\b|cancer|factor v|thrombo\w*|fracture\w*"
        rf"|\bca(?:lf|lves)\b{EN}{{0,25}}(?:fat|hard|hot|tight)",
        rf"(?:小腿|腿|下肢){ZH}{{0,6}}(?:肿|胀|疼|痛)|血栓|(?:长途|坐了?{ZH}{{0,6}})(?:飞机|飞行"
        rf"|航班|车|火车|大巴)|飞机|术后|手术|卧床|石膏|制动|避孕药|产后|剖宫产|骨折|肿瘤|癌"
        f"|(?:腿肚子?|小腿肚){ZH}{{0,6}}(?:肿|硬|胀|疼|痛|粗)",
    ),
    "tearing": (
        rf"tear(?:ing)?\b(?! of|s in)|ripp\w*|rip(?:ped)? apart|torn (?:apart|open|in two)|(?:knife"
        rf"|knives|stab\w*|cut\w*){EN}{{0,15}}(?:through|back|between|shoulder blades)|splitting (?:chest|back)",
        "撕(?:裂|开|扯)|刀(?:割|劈|砍|绞|捅)样?|裂开样|扯开",
    ),
    "chest_or_back": (
        r"\bchest\b|\bback\b|shoulder blades?|\binterscapular|abdom\w*|belly|\bflank|tummy|breast ?bone",
        "胸|背|腰|肩胛|腹|肚子",
    ),
    "arms_differ": (
        rf"(?:different|unequal|difference|lower|higher|weaker){EN}{{0,30}}(?:both arms|two arms"
        rf"|other arm|each arm|the arms|one arm|left and right|pulse)|unequal (?:pulses|bp|blood pressure)"
        rf"|pulse (?:weaker|missing|absent)",
        "(?:两|双)(?:只|侧|边|臂|上肢|个)?(?:胳膊|手臂|上肢|手|臂)?血压(?:相差|不一样|不等|差"
        "|不对称)|双(?:上肢|臂)血压|脉搏(?:不对称|不等|不一样)",
    ),
    "aorta_risk": (
        r"marfan\w*|aneurysm\w*|\baaa\b|dissection|bicuspid|ehlers\w*|pulsat\w+ (?:mass|abdomen|swelling)",
        "马凡|主动脉瘤|动脉瘤|夹层|搏动性",
    ),
    "seizure": (
        r"seizures?\b|\bfits?\b(?! (?:well|and healthy|note|in|for|into|the|me))"
        r"|\bfitting\b|still (?:shaking|jerking|twitching)|convuls\w*"
        r"|jerking|shaking all over|epileptic attack|tonic|status epilepticus|twitching all over",
        "抽搐|(?:在|还|又|老|直)抽(?!血|烟|空|查|屉|水|泣|奖)|抽(?:了|筋|个不停"
        "|得|风)|惊厥|癫痫(?:大)?(?:发作|持续)|羊(?:癫|角)疯|痉挛|口吐白沫|强直|抽起来|翻白眼|吐白沫",
    ),
    "unending": (
        r"(?:not|n't|hasn't|won't|never|without) stopp\w*|won't stop|will not stop|still (?:fitting"
        r"|seizing|shaking|going|convuls\w*|jerking)|(?:[5-9]|[1-9]\d|five|six|seven|eight|nine"
        r"|ten|fifteen|twenty|thirty|several|many) ?(?:\+ )?(?:min\w*)|half an hour|an hour|hours"
        r"|in a row|without (?:waking|recover\w*|regain\w*|coming round|gaining)|back[- ]to[- ]back"
        r"|one after (?:the other|another)|cluster|continu\w*|prolonged|repeated\w*|(?:[3-9]|three"
        r"|four|five|six|several|multiple) (?:seizures|fits|convulsions)|status|over and over|again and again"
        r"|right now|at the moment|currently|not (?:woken|waking|come round|come to"
        r"|recovered|regained)|ongoing|keeps? (?:fitting"
        r"|seizing|having)",
        f"没(?:有)?停|正在|现在还|不停|停不下来|还在抽|止不住|(?:[5-9]|[1-9][0-9]|五|六|七|八|九|十|二十|三十"
        f"|十几|十多|几十)(?:多|来|几)?分钟|半(?:个)?小时|小时|一直|持续|反复|接连|连续|中间{ZH}{{0,4}}没醒"
        f"|没(?:有)?醒|不醒|[三四五六七八九多几3-9]次|(?:一次|一阵)接(?:着)?(?:一次|一阵)|未清醒|没缓过来",
    ),
    "stuck_in_throat": (
        rf"(?:stuck|lodged|caught){EN}{{0,15}}(?:throat|windpipe|airway|gullet)",
        "(?:卡|堵)(?:住|在)?(?:了)?(?:喉|嗓|气管)",
    ),
    "cannot_speak_for_breath": (
        rf"{CANNOT} (?:\w+ )?(?:finish|complete|speak in|get|manage|say|talk in)(?: out)? (?:\w+ )?(?:a "
        rf"|full |whole |one |complete )*(?:sentences?|a word|more than)|(?:only|just|speaking in"
        rf"|talking in|few) {EN}{{0,12}}(?:single words?|words at a time|one word)"
        rf"|(?:so|too) (?:breathless|short of breath|out of breath) (?:\w+ ){{0,3}}(?:only"
        rf"|cannot|can't|to)\b|silent chest|inhalers?\b{EN}{{0,20}}(?:not|n't|no|isn't"
        rf"|aren't|without) {EN}{{0,12}}(?:help\w*"
        rf"|work\w*|effect|relief|touch\w*)|(?:no|not|without) (?:better|relief|help|effect) {EN}{{0,15}}inhaler"
        rf"|exhausted (?:from )?breath\w*|using (?:all )?(?:accessory|neck) muscles|ribs? (?:sucking"
        rf"|pulling) in|sucking in|gasping|fighting for (?:breath|air)|head bobbing|grunting|gurgling"
        rf"|{CANNOT} breathe",
        "(?:说|讲)不(?:出|了|完|成)(?:完?整|一|几)?(?:句|个字|整句)|(?:一|两)个字(?:一个字)?(?:地"
        "|的)?(?:往外)?(?:蹦|说)|喷(?:药|雾|剂){0,1}.{0,6}(?:没用|不管用|无效|没效|没有?缓解|不缓解)"
        "|(?:沙丁胺醇|吸入剂|气雾剂|万托林).{0,6}(?:没用|不管用|无效|没效|不缓解|没有?缓解)|端坐"
        "|憋醒|喘得|点头(?:样)?呼吸|三凹|张口呼吸|不能平(?:卧|躺)|躺不(?:下|平)",
    ),
    "chest_wall": (
        r"(?:when|if|on) (?:\w+ )?(?:press\w*|touch\w*|twist\w*|mov\w+|lift\w*)|pulled (?:a )?muscle"
        r"|muscular|after (?:coughing|the gym|a workout)|reproduc\w*|when (?:i )?cough\w*|only when",
        "按(?:压|着|到)?(?:才|时|会)?(?:痛|疼)|肌肉拉伤|拉伤|咳嗽(?:时|才)(?:痛|疼)|健身后",
    ),
    "jaw_or_arm_pain": (
        r"(?:jaw|(?:left|both) (?:arms?|shoulder)|epigastr\w*|upper (?:abdom\w*|stomach|belly)"
        r"|between (?:the |my |her |his )?shoulder blades|indigestion|heartburn)",
        "下巴|下颌|牙(?:床)?(?:痛|疼)|左(?:臂|胳膊|肩|手臂)|上腹|心窝|胃(?:痛|疼)|后背",
    ),
}

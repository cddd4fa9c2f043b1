"""What patients and nurses say of belly, pregnancy, limbs, eyes, sugar and a mind that goes when it is urgent.

By the name of what is meant: (English, Chinese) patterns. They hold whole wordings, words of denial inside them too
("can't pass urine"): a denial outside is `assertion`'s to see. Wide on purpose: a sign that is missed costs more than
one that a clinician waves through.
"""

from podion_medical.red_flag_gaps import CANNOT, EN, NUMBER, ZH, Phrases

OUTER: Phrases = {
    "rousable": (
        rf"only (?:opens|wakes|responds|answers|stirs|rouses){EN}{{0,40}}(?:call|shout|loud|shak|name|pinch)\w*"
        rf"|(?:drifts?|drops?|falls?|goes|nods|dozes) (?:straight |right )?(?:off"
        rf"|back)\b{EN}{{0,20}}(?:sentence|sleep|asleep"
        rf"|again|talking)|(?:hard|difficult|impossible) to (?:wake|rouse)|wakes? (?:if|when) (?:you|i"
        rf"|we)\b{EN}{{0,25}}(?:then"
        rf"|off|back)|keeps (?:falling asleep|drifting off|nodding off)",
        r"(?:喊|叫|推|拍)[^。；\n]{0,12}(?:睁|应|醒|哼)[^。；\n]{0,10}(?:又|就)[^。；\n]{0,4}睡|马上又睡"
        r"|又(?:昏)?睡过去"
        r"|(?:很难|难|不容易|不好)(?:叫|唤)醒|昏昏沉沉",
    ),
    "lost": (
        rf"do(?:es)?n't (?:know|recogni[sz]e){EN}{{0,25}}(?:where|who|what (?:house|day|year)|me\b|us\b|own"
        rf"|(?:her|his) (?:son|daughter|wife|"
        rf"husband))|not with it|talking to (?:people|someone) who|thinks? (?:she|he)(?:'?s| is) (?:at|in|back)\b",
        r"不(?:知道|晓得|清楚|记得)(?:自己)?(?:在哪|是谁|叫什么)|(?:认|识)不(?:出|得)[^。；\n]{0,6}(?:人|儿子"
        r"|女儿|老伴|我|家)"
        r"|(?:讲|说)胡话|胡言乱语|答不到点|问东答西",
    ),
    "rectal_blood": (
        r"blood(?:y)? (?:in|from|with|per) (?:\w+ )?(?:stools?|poo|back passage|bottom"
        r"|rectum|motions?)|rectal bleed\w*"
        r"|bloody (?:stools?|diarrh\w*)|bleeding from (?:the |my |her |his )?(?:back passage|bottom|rectum|bowel)",
        f"便血|血便|大便{ZH}{{0,4}}血|拉{ZH}{{0,3}}血",
    ),
    "to_the_back": (
        r"(?:to|through to|into|between|in) (?:the |my |her |his )?(?:\w+ )?(?:back|shoulder blades)\b",
        "后背|背部|肩胛|腰部",
    ),
    "vomits_blood": (
        rf"(?:vomit\w*|threw up|throwing up|thrown up|bringing up|brought up|retch\w*|being sick"
        rf"|sick with|spew\w*|puk\w*){EN}{{0,35}}\b(?:blood"
        rf"|clots|bright red|red stuff)\b|blood\w*{EN}{{0,12}}vomit\w*"
        rf"|h(?:a)?ematemesis|coffee[- ]?grounds?|variceal"
        rf"|coffee[- ]?(?:dregs|coloured|colored|like|ground)|(?:bring\w*|brought|throw\w*"
        rf"|threw) up{EN}{{0,25}}(?:coffee|black|dark red)",
        f"(?:吐|呕)(?:(?!没|无|不|未)[^。；\n]){{0,14}}血|血{ZH}{{0,3}}呕吐|咖啡(?:渣|色|样|豆)|呕血"
        f"|吐(?:的|出来的)?{ZH}{{0,6}}(?:咖啡|黑水|红的|血块)",
    ),
    "black_stool": (
        rf"mel(?:a)?ena|(?:black|tarry|tar-?like|sticky black|dark){EN}{{0,15}}(?:stools?|poo\w*"
        rf"|faeces|feces|motions?|bowel)|(?:stools?|poo\w*|faeces|motions?|bowel movements?)\b{EN}{{0,25}}(?:black"
        rf"|tarry|like tar|tar\b)|(?:pouring|lots of|heavy|a lot of|large amounts? of|cupfuls? of"
        rf"|clots of|passing|pass\w*|full of|bright red|fresh|maroon){EN}{{0,25}}(?:blood|bleeding"
        rf"|clots){EN}{{0,30}}(?:back passage|rect\w+|bottom|toilet|bowel|stool|bowl|anus)|(?:blood"
        rf"|clots){EN}{{0,20}}(?:filled|filling) the toilet|h(?:a)?ematochezia|(?:toilet|bowl) (?:full of"
        rf"|was) (?:blood|red)"
        rf"|black (?:as|like) (?:tar|coal|ink|soot)|tar[- ]?(?:like|coloured)|sticky black|black and sticky"
        rf"|like (?:road )?tar",
        rf"黑(?:色)?(?:大)?便|解黑|柏油|(?:大便|粪便|便便|屎|拉){ZH}{{0,10}}(?:发?黑|像沥青|暗红"
        rf"|果酱)|便血{ZH}{{0,8}}(?:多|大量|不止|鲜红)|(?:大量|好多|一马桶|很多){ZH}{{0,4}}(?:便血"
        rf"|鲜血|血块)|(?:便|拉)(?:出|的)?(?:都是|全是|了?很多|大量|好多|鲜)血|血便"
        f"|(?:便|屎|拉(?:的|出来的)?|大(?:出来)?的便){ZH}{{0,6}}(?:黑|沥青|墨汁)|黑得像|(?:便盆|马桶|便池).{{0,10}}血",
    ),
    "pregnant": (
        r"pregnan\w*|\b\d{1,2} ?(?:/40|weeks? (?:gestation|along|gone|preg\w*)|wks? preg\w*)|gestation"
        r"|expecting|trimester|positive (?:pregnancy )?test|missed (?:\w+ )?period|period (?:is "
        r"|was )?(?:late|overdue|missed)|weeks late|postpartum|gave birth|after (?:delivery|birth)"
        r"|\b(?:2\d|3\d|4[0-2]) weeks\b(?! old| ago)",
        "怀孕|妊娠|孕|停经|两道杠|验孕|早孕|产后|胎动|月经(?:推迟|没来|过了|晚)|生完孩子|例假(?:没来|推迟)",
    ),
    "early_pregnancy": (
        r"\b(?:[4-9]|1[0-3]|four|five|six|seven|eight|nine|ten|eleven|twelve)[- ]?(?:weeks?|wks?"
        r"|/40)\b(?! ago| old)|positive (?:home )?(?:pregnancy )?test|pregnancy test (?:was |is "
        r"|came back )?positive|tests? (?:was |is |came back |came out )?positive"
        r"|missed (?:\w+ )?periods?|period (?:is |was )?(?:\w+ )?(?:late|overdue"
        r"|missed)|weeks? late|early pregnan\w*|ectopic|might be pregnant|could be pregnant|\biud\b"
        r"|\bcoil\b|\bivf\b|\bhcg\b|embryo|no (?:gestational )?sac\b|(?:two|2|second|faint) lines?\b",
        "停经|两道杠|验孕|早孕|试纸|月经(?:推迟|没来|过了|晚)|例假(?:没来|推迟)|宫外孕|(?:怀孕"
        "|孕)(?:[4-9]|1[0-3]|四|五|六|七|八|九|十|十一|十二)周|刚怀孕|上环|节育环|(?i:hcg)|试管|胚胎|移植后"
        "|没(?:有)?看到.{0,3}囊|宫内(?:没|未)",
    ),
    "late_pregnancy": (
        r"\b(?:2\d|3\d|4[0-2]|twenty|thirty|forty)[- ]?(?:\w+ )?(?:weeks?|wks?|/40)\b(?! ago| old)"
        r"|third trimester|(?:[6-9]|six|seven|eight|nine) months (?:pregnant|gone)|heavily pregnant"
        r"|postpartum|gave birth|after (?:delivery|birth)",
        "(?:孕|怀孕|妊娠)(?:2[0-9]|3[0-9]|4[0-2]|二十|三十|四十)|(?:六|七|八|九|[6-9])个月|孕晚期|产后|足月|临产",
    ),
    "belly_pain": (
        rf"(?:abdom\w*|belly|tummy|stomach|pelvi\w*|groin|iliac|low(?:er)? (?:\w+ )?(?:right|left"
        rf"|side|down)|one[- ]sided|one side|right side|left side"
        rf"|right lower|left lower|side)\b{EN}{{0,20}}?(?:pain\w*"
        rf"|ache\w*|aching|hurt\w*|cramp\w*|agony|sore|stabb\w*|tender)|(?:pain\w*|cramps?|cramping"
        rf"|ache|agony|stabbing)\b{EN}{{0,25}}?(?:abdom\w*|belly|tummy|stomach|pelvi\w*|iliac|low(?: down)?"
        rf"|one side|right side|left side|lower|side)\b|(?:cramp\w*|pain\w*|ache|aching) (?:\w+ )?(?:on"
        rf"|in|down) (?:the |my |her |one )?(?:\w+ )?(?:left|right|side)|shoulder[- ]tip"
        rf"|shoulder pain",
        rf"(?:腹|肚子|小肚子|下面|少腹|肚脐|一侧|一边|右下|左下){ZH}{{0,12}}?(?:痛|疼|绞|坠)|肛门坠胀|肩膀?疼|肩痛",
    ),
    "vaginal_bleeding": (
        r"vaginal bleed\w*|spotting|bleeding (?:down below|from below|pv|vaginally|per vaginam)"
        r"|\bpv bleed\w*|blood (?:down below|in (?:my|her) (?:underwear|knickers|pants))|\bbleeding\b",
        "阴道(?:流|出)血|内裤[^，。；！？,;\\n]{0,6}血|血[^，。；！？,;\\n]{0,6}内裤|下面(?:有点|有|在|一直"
        "|少量)?(?:出|流)血|见红|流血|出血|点滴",
    ),
    "saddle": (
        rf"saddle|(?:numb\w*|no feeling|lost (?:all )?(?:feeling|sensation)|{CANNOT} feel|tingl\w*"
        rf"|pins and needles|loss of sensation|reduced sensation){EN}{{0,40}}(?:between (?:the"
        rf"|my|her|his|both)? ?(?:legs|thighs)|groin|genital\w*|bottom|buttocks?|perine\w*|private\w*"
        rf"|back passage|crotch|inner thighs|when wip\w*|backside|down below|penis|vagina|scrotum"
        rf"|anus|undercarriage)|(?:groin|genital\w*|bottom|buttocks?|perine\w*|private\w*|crotch"
        rf"|inner thighs|backside|down below|undercarriage)\b{EN}{{0,20}}(?:numb\w*|no feeling"
        rf"|dead|tingl\w*)|cauda equina|{CANNOT} feel (?:\w+ ){{0,3}}wip\w*",
        rf"(?:会阴|鞍区|马鞍|屁股|肛门?周|肛门|大腿(?:根|内侧)|下身|私处|下体|裆部|阴部|臀部){ZH}{{0,8}}(?:麻"
        rf"|没(?:有)?(?:知|感)觉|无知觉|感觉(?:减退|消失|迟钝)|木)|马尾",
    ),
    "no_bladder_control": (
        rf"{CANNOT} (?:\w+ )?(?:pass (?:\w+ )?(?:urine|water)|pee|wee|urinate|empty|control|hold (?:\w+ )?(?:urine"
        rf"|bladder|bowels|pee|wee|stool))|(?:urinary|urine|bladder) retention|not passed (?:any )?(?:urine"
        rf"|water)|incontinen\w*|(?:lost|losing|loss of|no) (?:\w+ )?control (?:of|over) (?:\w+ )?(?:bladder"
        rf"|bowels?|urine|stool|water\w*|both)|(?:bladder|bowels?)\b{EN}{{0,15}}(?:not working"
        rf"|stopped working|control|won't)|(?:wet|wetting|soil\w*|leak\w*|messed) (?:my|him|her"
        rf"|your)?(?:self|urine|stool|the bed)|dribbling urine|no control (?:of|over)",
        "(?:尿|小便)(?:不出|不了|解不|排不|困难|潴留|憋不住|控制不住|失禁|滴沥)|(?:解|排)不出(?:小便"
        "|尿|大便)|(?:大小便|大便|小便|二便)(?:失禁|控制不住|憋不住|失控|困难|解不出)|失禁|尿潴留"
        "|憋不住(?:尿|大便)|尿裤子|不知道尿",
    ),
    "back_or_legs": (
        rf"\bback ?(?:pain|ache|is|hurts|injur\w*|problem\w*)|\bback (?:went|gave"
        rf"|locked|trouble|spasm\w*|seized)|(?:both |my |her |his )?(?:feet|legs) (?:are "
        rf"|is |feel |went |gone )?(?:numb|tingl\w*)|sciatica|pain {EN}{{0,15}}\bback\b"
        rf"|slipped disc|disc\b|(?:both|my|her|his) legs? (?:are |is |feel\w* |gone |going )*(?:weak\w*"
        rf"|numb\w*|heavy|giving way)|leg weakness|weak(?:ness)? (?:in|of) (?:both |the |my |her |his )?legs",
        rf"腰|(?:双|两|下)(?:腿|肢|下肢){ZH}{{0,6}}(?:无力|没劲|没力|麻|软|沉|瘫)|坐骨|椎间盘|背(?:痛|疼)",
    ),
    "testicle": (
        r"testic\w*|testis|testes|\bballs?\b(?! game| park|room)|scrot\w*|\bnuts\b(?! allerg)|\bbollock\w*|privates"
        r"|\b(?:left|right|one|his|my|a|lt|rt) (?:\w+ )?(?:nut|ball|nad|gonad)\b|ballsack|\bsack\b",
        "睾丸|睪丸|蛋蛋|阴囊|蛋(?:疼|痛)|卵蛋|蛋子|春袋|子孙袋|卵子(?=.{0,8}(?:痛|疼|肿))",
    ),
    "pain": (
        r"\bpain(?!less|ts?\b|ting|kill)\w*|\bache\w*|aching|agon\w*|hurt\w*|\bsore\b|tender|throbb\w*",
        "痛(?!风)|疼|剧痛",
    ),
    "diabetic": (
        r"diabet\w*|insulin|\bt1dm\b|\bt2dm\b|metformin|gliclazide|glibenclamide"
        r"|glimepiride|sulphonylurea|sulfonylurea|ketoacid\w*|blood sugars?|high sugars?",
        "糖尿病|胰岛素|降糖药|二甲双胍|格列|血糖",
    ),
    "thirst_and_urine": (
        rf"thirst\w*|drinking (?:lots|loads|a lot|gallons|constantly)|(?:peeing|weeing|urinat\w*"
        rf"|passing (?:lots|water|urine)){EN}{{0,20}}(?:all the time|lots|a lot|constant\w*|more"
        rf"|often|night|frequent\w*)|polyuria|polydipsia",
        "口渴|多饮|多尿|口干|尿多|喝水(?:很)?多|烦渴|一直喝水",
    ),
    "ketosis": (
        rf"keto\w*|pear drops?|fruity|acetone|nail polish"
        rf"|nail varnish|sweet[- ]smelling|(?:breath\w*){EN}{{0,20}}(?:fast and deep"
        rf"|deep and fast|deep|sighing|smell\w*|heavy and fast)|kussmaul|deep (?:and )?(?:rapid"
        rf"|fast|sighing)? ?breath\w*",
        "烂苹果|酮|呼吸(?:又)?深(?:又|而|长)?(?:快|大|长)?|深(?:大|快)呼吸|呼吸有{0,1}(?:甜"
        "|水果|苹果|丙酮)|水果味|丙酮",
    ),
    "low_sugar_signs": (
        rf"sweat\w*|shak(?:y|ing|es)|trembl\w*|jitter\w*|confus\w*|muddled|drows\w*|unconscious"
        rf"|unrespons\w*|aggressive|odd behaviou?r|acting (?:strange|odd|drunk)\w*|slurr\w*|not making sense"
        rf"|{CANNOT} be woken|hard to wake|fit(?:ting)?\b|seizure|pale|hungry and|clammy|collapsed?"
        rf"|passed out|found (?:\w+ )?(?:down|unresponsive)|blank",
        "虚汗|冷汗|大汗|出汗|手抖|发抖|颤抖|心慌|糊涂|意识|说胡话|叫不醒|昏迷|昏睡|迷糊|抽搐|饥饿"
        "|晕倒|反应迟钝|没反应|胡言",
    ),
    "low_sugar_said": (
        r"hypoglyc\w*|\bhypos?\b|low (?:blood )?(?:sugar|glucose)|(?:sugar|glucose|bm|sugars) (?:is "
        r"|was |of |reads? |only |down to |level )*(?:low|[12]\.\d|3\.[0-4])",
        "低血糖|血糖(?:低|偏低|太低|只有|测不出|[12]\\.\\d)",
    ),
    "takes_insulin": (
        r"insulin|gliclazide|glibenclamide|glimepiride|glipizide|sulph?onylurea|sulfonylurea|diabetic tablets"
        r"|diabetes (?:tablets|medic\w*)",
        "胰岛素|降糖药|格列|打针没吃饭",
    ),
    "newborn": (
        rf"(?:newborn|neonate|new-?born|{NUMBER}[- ](?:day|days)[- ]old|(?:[1-9]|1[0-2]|one|two|three"
        rf"|four|five|six|seven|eight|nine|ten|eleven|twelve)[- ]weeks?[- ]old|(?:one|two|1|2)[- ]months?[- ]old"
        rf"|(?:aged|baby|infant|born) (?:\w+ )?(?:\d+|two|three|four|five|six|seven|eight|nine|ten"
        rf"|eleven|twelve) (?:days|weeks)(?: ago| old)?)",
        "新生儿|出生(?:才|刚|后)?[0-9一二三四五六七八九十]+ ?(?:天|周)|未满月|刚满月|满月|(?:[1-9]"
        "|[1-8][0-9]|二十|三十|四十|五十|六十|七十|八十)(?:多)?天(?:的|大)(?:宝宝|婴儿|孩子)?"
        "|(?:一|两|1|2)个(?:多)?月(?:的|大)|月子里",
    ),
    "immune_low": (
        r"chemo\w*|neutrop\w*|neutrophils?|leuk(?:a)?emi\w*|bone marrow|transplant\w*|immunosuppress\w*"
        r"|lymphoma|cytotoxic|docetaxel|low white (?:cells|count)|white (?:cell|blood cell)s? (?:count )?(?:is "
        r"|was |of )?(?:low|0\.\d)|after (?:my|her|his) (?:\w+ )?cycle"
        rf"|(?:white )?(?:cell )?count{EN}{{0,20}}(?:floor|rock bottom|zero|very low|tiny)|no (?:white cells"
        rf"|immunity)|blood cancer",
        "化疗|中性粒|粒细胞(?:减少|缺乏|低)|粒缺|白血病|骨髓(?:抑制|移植)|移植|免疫抑制|淋巴瘤|白细胞(?:低|很低|只有)"
        f"|白血球(?:低|很低|少|太低)|白细胞{ZH}{{0,4}}(?:低|少|掉|零点)|打化疗|靶向|移植后|升白针|血癌",
    ),
    "visual_signs": (
        r"visual|vision|blurr\w*|flashing|flashes|lights|zig-?zags?|(?:seeing|sees?) (?:spots|stars"
        r"|lights|double)|spots (?:in front|before)|floaters"
        r"|sparkl\w*|(?:in front of|before) (?:my|her) eyes|eyes (?:have )?(?:gone|went|go) (?:blurry|funny"
        r"|fuzzy|misty)|seeing (?:stars|flashes)",
        f"眼花|视物?(?:模糊|不清)|看(?:东西|不清|物){ZH}{{0,6}}(?:模糊|闪|花|不清|重影)|闪光|眼冒金星|眼前(?:发花|有)"
        f"|眼(?:前|睛){ZH}{{0,6}}(?:冒|金星|发花|闪|一片|模糊|黑点|花)|模模糊糊",
    ),
    "upper_belly": (
        r"under (?:the |my |her )?(?:right )?ribs|epigastr\w*|upper (?:abdom\w*|belly|tummy|stomach)"
        r"|right upper|below (?:the |my |her )?ribs|heartburn",
        "上腹|右上腹|肋下|肋骨下|心口疼|胃(?:痛|疼)",
    ),
    "puffy": (
        rf"(?:face|hands|fingers|legs|feet|ankles){EN}{{0,15}}(?:swoll\w*|swell\w*|puffy)|(?:swoll\w*"
        rf"|swelling|puffy){EN}{{0,15}}(?:face|hands|fingers|feet|legs|ankles)"
        rf"|puffed (?:right )?up|balloon\w*|rings? (?:won't|do(?:es)?n't|no longer) (?:fit|come off)"
        rf"|shoes? (?:won't|do(?:es)?n't) fit",
        f"(?:脸|手|面部|全身|脚|腿){ZH}{{0,6}}肿|浮肿|水肿"
        f"|肿得{ZH}{{0,6}}(?:穿不|戴不|发亮|像)|戒指{ZH}{{0,4}}(?:摘|取|戴)不",
    ),
    "pressure_up": (
        rf"(?:bp|blood pressure){EN}{{0,20}}(?:high|up\b|raised|1[4-9]\d|2\d\d)|protein in (?:\w+ )?urine"
        rf"|pre-?eclampsia",
        "血压(?:高|升高|偏高|1[4-9][0-9])|蛋白尿|尿蛋白|子痫",
    ),
    "cold_limb": (
        rf"\b(?:leg|foot|feet|toes?|arm|hand|fingers?|calf|limb|forearm)\b{EN}{{0,45}}?\b(?:cold"
        rf"|cool|icy?|freezing|like ice)\b|\b(?:cold|icy?|freezing)\b{EN}{{0,25}}?\b(?:leg|foot"
        rf"|toes?|arm|hand|calf|limb|forearm)\b",
        r"(?:腿|脚|足|手(?!脚)|胳膊|臂|(?:左|右|一侧|单侧)[上下]?肢|小腿|脚趾|手指)[^。；\n]{0,14}?(?:冰|凉|冷)",
    ),
    "limb": (
        r"\b(?:leg|foot|feet|toes?|arm|hand|fingers?|calf|limb|forearm|ankle)\b",
        "腿|脚|足|手|胳膊|臂|下肢|上肢|脚趾|手指|小腿|肢体|肢",
    ),
    "limb_white": (
        r"\bwhite\b|\bpale\b|\bblue\b|mottled|bluish|waxy|marbled|purple|colou?rless|\bgr[ea]y\b|dusky",
        "发白|苍白|变白|惨白|紫|青|花斑|白|没有血色|颜色",
    ),
    "limb_dead": (
        rf"numb\w*|no feeling|{CANNOT} (?:feel|move)|\bdead\b|pain\w*|agon\w*|hurt\w*|tingl\w*"
        rf"|paraly\w*|weak\w*",
        "麻|没(?:有)?(?:知|感)觉|痛|疼|动不了|不能动|无力",
    ),
    "no_pulse": (
        rf"no (?:\w+ )?pulses?|pulseless\w*|{CANNOT} (?:find|feel) (?:a |the |any )?pulse|absent pulses?"
        rf"|pulse (?:gone|absent|missing)|without (?:a )?pulse",
        f"(?:摸|触|测)不(?:到|着){ZH}{{0,6}}脉|无脉|脉搏{ZH}{{0,3}}(?:消失|摸不到|没有|触不到)|没有脉搏",
    ),
    "vision_loss": (
        rf"(?:los[st]\w*|loss of|losing){EN}{{0,20}}(?:sight"
        rf"|vision|eyesight)|(?:sight|vision|eyesight)\b{EN}{{0,25}}(?:gone"
        rf"|went|los[st]|disappear\w*|black\w*|vanish\w*|dark|failed)|(?:went|gone|going|suddenly"
        rf"|is|turned) (?:completely |totally )?blind|blind (?:in|on)|blindness|{CANNOT} see\b(?! (?:why"
        rf"|how|the point|the doctor|my gp|a doctor))|curtain|shade (?:coming|over|down)|veil|shadow (?:across"
        rf"|over|in|coming)|amaurosis|(?:eye|everything|half){EN}{{0,15}}(?:went|gone|turned|goes) (?:black"
        rf"|dark|dim|gr[ea]y)|(?:shower|flashes|burst) of {EN}{{0,12}}(?:floaters|flashes|light)"
        rf"|(?:blind|shutter|shade) (?:\w+ )?(?:came|coming|come|comes|went) down|sees? nothing|no vision"
        rf"|field of vision|half (?:of )?(?:my|her|his|the) vision"
        rf"|{CANNOT} see (?:a thing|nothing|anything)|(?:lights?|lamp){EN}{{0,15}}(?:went out|switched off"
        rf"|turned off){EN}{{0,20}}eye|eye{EN}{{0,25}}(?:lights? out|switched off)",
        f"看不(?:见|到|清)|失明|(?:眼|眼睛|眼前|视野)(?:前)?{ZH}{{0,8}}(?:黑了|发黑|一黑|全黑"
        f"|变黑|黑蒙|遮|瞎|没了|挡)|视力{ZH}{{0,8}}(?:丧失|下降|没了|消失|骤降|减退)|拉(?:下|上)?{ZH}{{0,3}}(?:窗)?帘"
        f"|黑影遮|黑幕|一片漆黑|瞎了|黑蒙"
        f"|(?:眼|眼睛){ZH}{{0,14}}(?:灯关|关了?灯|熄|灭了|拉黑)|(?:只剩|只有|剩)[^。；\n]{{0,6}}光感|(?:眼"
        f"|眼睛){ZH}{{0,8}}(?:啥|什么)(?:都|也)看不",
    ),
    "unresponsive": (
        rf"unrespons\w*|unconscious\w*|un-?rous\w*|unarous\w*|comatos\w*|\bcoma\b|{CANNOT} (?:be )?(?:wake"
        rf"|woken|waken|rouse|roused)(?: \w+){{0,2}}|(?:not|n't|isn't|doesn't|won't|no longer|hardly"
        rf"|barely) (?:respond\w*|reacting|react|rousable|wak\w+)|no response|knocked out|out cold"
        rf"|lifeless|not breathing|no pulse and|cardiac arrest|won't wake|only (?:groans|moans|responds)"
        rf"|(?:shaken|shook|shak\w+|shout\w*|pinch\w*|call\w*){EN}{{0,90}}(?:nothing|no (?:reaction|answer"
        rf"|reply|movement)|not a (?:thing|flicker|peep))|dead to the world|snoring (?:noise|sound)s? and",
        "叫不(?:醒|应)|昏迷|呼之不应|没(?:有)?反应|唤不醒|喊不(?:醒|应)|不省人事|失去意识|意识丧失"
        "|无意识|昏死|掐.{0,4}才|没(?:有)?呼吸|呼吸停|心跳停|心脏骤停|没(?:有)?意识|昏过去|不醒人事"
        "|推不醒|摇不醒"
        f"|(?:怎么|咋)(?:叫|喊|摇|推|拍)(?:都|也){ZH}{{0,2}}(?:没|不)|(?:叫|喊|摇|推"
        f"|拍)(?:了)?{ZH}{{0,6}}(?:没(?:有)?(?:反应|动静|回应)|不应|不答应|不动)",
    ),
    "pressure_said": (
        rf"(?:bp|blood pressure)\b{EN}{{0,20}}(?:off the scale|through the roof|sky[- ]high|(?:over "
        rf"|of |is |was |at )?(?:1[89]\d|2\d\d)(?: ?/ ?\d+| over)?|dangerously high|very high|extremely high)"
        rf"|hypertensive (?:crisis|emergency)|malignant hypertension",
        "血压(?:高)?(?:得|到|高达|是|为|升到|飙到|飙升到|达|：|:)?(?:量不出|爆表|吓人|测不出|(?:1[89][0-9]"
        "|2[0-9]{2}))|高血压(?:危象|急症|脑病)|血压飙",
    ),
    "pressure_signs": (
        r"headaches?|head (?:is )?(?:pounding|splitting)|blurr\w*|flash\w*|vision"
        r"|visual|vomit\w*|confus\w*|chest|breathless\w*|short of breath|seizure"
        r"|fit\b|nose ?bleed|drows\w*|weakness|see(?:ing)? (?:spots"
        r"|double)|palpitations",
        f"头(?:痛|疼|胀|晕)|视物?(?:模糊|不清)|看(?:东西|不清){ZH}{{0,4}}|眼花|呕吐|恶心|意识"
        f"|胸闷|胸痛|气(?:急|促|短)|喘|抽搐|鼻(?:出|流)?血|糊涂|嗜睡|头{ZH}{{0,3}}(?:痛|疼|胀)",
    ),
}

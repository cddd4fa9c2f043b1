"""What patients and nurses say of injury, burns, heat, poison, bleeding and despair when it is urgent.

By the name of what is meant: (English, Chinese) patterns. They hold whole wordings, words of denial inside them too
("can't pass urine"): a denial outside is `assertion`'s to see. Wide on purpose: a sign that is missed costs more than
one that a clinician waves through.
"""

from podion_medical.red_flag_gaps import CANNOT, EN, ZH, Phrases

HARM: Phrases = {
    "thready": (
        rf"(?:weak|thready|faint|thin) pulse|pulse{EN}{{0,20}}(?:thready|weak|barely|hardly)"
        rf"|{CANNOT} (?:\w+ )?(?:feel|find)"
        r" (?:\w+ )?pulse",
        f"脉(?:搏)?{ZH}{{0,6}}(?:细|弱|快摸不|摸不)",
    ),
    "head_injury": (
        r"head injur\w*|(?:hit|banged|struck|bumped|smashed|cracked) (?:\w+ ){0,2}head"
        r"|blow to (?:the |his |her )?head"
        r"|skull fracture",
        "头(?:部)?(?:外伤|受伤|撞|被打|着地)|(?:撞|磕|摔|砸)(?:到|了|伤|破)(?:了)?(?:后)?(?:头|脑)|颅脑",
    ),
    "spine_injury": (
        rf"(?:neck|back|spine|spinal)\b{EN}{{0,45}}{CANNOT} (?:move|feel) (?:\w+ )?(?:arms?|legs?)"
        r"|spinal (?:cord )?injur\w*",
        f"(?:颈|脖子|脊柱|腰){ZH}{{0,6}}(?:摔|撞|砸|伤)[^。；\n]{{0,10}}(?:动不了|没(?:有)?知觉|瘫)",
    ),
    "heat_said": (r"heat ?stroke", "热射病"),
    "smoke": (
        r"\bfire\b|smoke|soot|singed|burnt? (?:nose|nasal|eyebrows)|explosion|blaze|steam inhal\w*"
        r"|inhal\w+ (?:smoke|fumes|gas)",
        "火场|火灾|着火|浓烟|烟(?:熏|雾)|鼻毛|烧焦|吸入.{0,4}(?:烟|热气)|爆炸|烟灰|黑痰|碳",
    ),
    "airway_burn": (
        r"soot|singed|hoarse\w*|voice\b|stridor|throat|facial burns?|burns? (?:to|on|of) (?:the "
        r"|his |her )?face|cough\w* (?:up )?black|blisters? (?:in|on) (?:the |his |her )?(?:mouth"
        r"|lips)|carbonaceous|swollen lips",
        "鼻毛|烧焦|声音|嘶哑|沙哑|喉|嗓|咳黑|黑痰|面部烧伤|脸(?:部)?(?:烧|烫)|碳",
    ),
    "crash": (
        rf"(?:motor(?:bike|cycle\w*)|car|lorry|truck|bus|van|vehicle|pedestrian|cyclist|bicycle"
        rf"|bike|scooter|quad|train|tractor|road traffic)\b{EN}{{0,40}}(?:crash\w*|collision|collid\w*"
        rf"|accident|versus|vs\b|hit\b|rolled|roll-?over|overturned|mph|km/?h|ejected"
        rf"|thrown|head[- ]on|trapped|tree|wall|lorry|truck|car\b)|(?:hit|struck|knocked (?:down"
        rf"|over)|run over|mown down"
        rf"|crushed|dragged|trapped) (?:by|under|between|beneath) (?:a |an |the )?(?:\w+ )?(?:motor\w*"
        rf"|car|lorry|truck|bus|van|vehicle|train|tractor|bike|tram|machine\w*|forklift|horse|tree"
        rf"|wall|beam)|\brtc\b|\brta\b|\bmva\b|\bmvc\b|(?:ejected|thrown|flung|knocked"
        rf"|came) (?:off|from) (?:\w+ )?(?:motor\w*|bike|horse|quad|scooter|vehicle"
        rf"|car)|(?:ejected|thrown) from|crush(?:ed|ing)? (?:injur\w*"
        rf"|by|under|between)|head-on"
        rf"|(?:trailer|tipper|okada|keke|danfo|matatu|tuk-?tuk|rickshaw|auto|suv|taxi|jeep|ambulance|coach"
        rf"|e-?bike)\b{EN}{{0,40}}(?:knock\w*|hit|crash\w*|run over|flung|thrown|somersault\w*)|(?:knock\w*|hit"
        rf"|flung|thrown){EN}{{0,40}}(?:trailer|okada|keke|danfo|matatu|rickshaw|suv|taxi|jeep)|flung (?:far"
        rf"|into|across|out)|(?:chest|ribs?|skull|pelvis|face)\b{EN}{{0,20}}(?:caved|crushed|smashed in|stove in)",
        f"车祸|交通(?:事故|伤)|撞(?:飞|倒|树|墙|车|到|上|了|击|伤)|被{ZH}{{0,10}}(?:车"
        f"|火车|列车|机器|叉车){ZH}{{0,4}}(?:撞"
        f"|碾|压|轧|卷)|碾压|翻车|追尾|甩出|挤压|砸(?:中|到|伤|在)|塌|被{ZH}{{0,10}}(?:压住"
        f"|压在|压到|埋)|爆炸伤|卷入机器|夹伤"
        f"|(?:电动车|摩托|三轮|货车|大巴|的士|泥头车|巴士){ZH}{{0,10}}(?:撞|碾|轧|刮倒|带倒)|胸(?:口"
        f"|廓)?{ZH}{{0,4}}(?:塌|凹)",
    ),
    "fall_height": (
        rf"(?:fell|fall\w*|jumped|dived?|diving|dove|dropped|plunged|came off|thrown){EN}{{0,40}}(?:(?:second|third"
        rf"|fourth|fifth|sixth|first|top|upper|\d+(?:st|nd|rd|th)) (?:floor|stor(?:e)?y)|stor(?:e)?ys"
        rf"|roof|ladder|scaffold\w*|balcon\w*|window|height|bridge|cliff|tree|crane|horse|\b(?:[3-9]"
        rf"|[1-9]\d|three|four|five|six|ten|twenty) ?(?:m\b|met(?:re|er)s?|feet|ft"
        rf"|stor\w+)|flight of stairs|shallow|full flight)|from (?:a )?height",
        rf"从{ZH}{{0,10}}(?:楼|高处|脚手架|梯|屋顶|房顶|树|米|阳台|窗|桥|塔|车上|马背|架子){ZH}{{0,8}}(?:掉"
        rf"|摔|坠|跌|跳|滚)|坠楼|高(?:处|空)?坠|坠落|摔下|(?:楼|高处|梯子|脚手架|屋顶)(?:上)?(?:掉|摔|坠|跌)",
    ),
    "minor_crash": (
        r"low[- ]speed|parking|car park|minor (?:bump|collision|accident|crash|knock)|fender bender"
        r"|gentle bump|at walking pace|walked away|no injur\w*|nudged",
        "轻微(?:碰撞|追尾|剐蹭)|剐蹭|刮蹭|停车场|低速|没有受伤|没受伤|小碰",
    ),
    "penetrating": (
        r"stab\w*(?! of pain)(?=.{0,40}(?:wound|knife|in the|to the|chest|abdomen|neck|back|belly"
        r"|stomach|by|with))|knifed|knife (?:wound|attack"
        r"|injury)|gun ?shot|(?<!flu )(?<!covid )(?<!booster )(?<!vaccine )(?<!insulin )\bshot\b(?= (?:in"
        r"|to|at|by|through|twice|once))|impal\w*|bullet|spear\w*|penetrating|machete|sword|amputat\w*"
        r"|sever(?:ed|ing) (?:\w+ )?(?:arm|leg|hand|limb|artery)|(?:arm|leg|hand|foot) (?:cut|torn"
        r"|ripped|taken|sliced) off|degloving|arterial bleed\w*|spurting|pumping blood",
        f"捅|刀{ZH}{{0,4}}(?:刺|砍|伤|扎|捅)|枪(?:击|伤|打)|砍(?:伤|断|了)|刺(?:伤|穿)|钢筋|穿透"
        f"|贯穿|断(?:肢|臂|腿|掌)|截断|绞断|动脉{ZH}{{0,3}}(?:出血|破裂|断)|喷(?:血|射)",
    ),
    "suicidal": (
        rf"suicid\w*|kill(?:ing)? (?:my|him|her|them|your)sel\w*|end(?:ing)? (?:my|his|her|it|their"
        rf"|your) (?:own )?(?:life|all|lives)|end it all|(?:don't|do not|doesn't|does not"
        rf"|can't|cannot) see (?:the |any |a |no )?(?:point|reason|way out|future)\b"
        rf"|(?:wrote|written|writing|left) (?:\w+ ){{0,3}}(?:letters?|notes?) (?:to|for) (?:\w+ )?(?:kids"
        rf"|children|family"
        rf"|wife|husband|mum|everyone|parents|girls|boys|partner)|\brope\b{EN}{{0,30}}(?:garage|loft|tree|beam"
        rf"|ready|bought"
        rf"|shed|neck)|bought (?:a |some )?rope|tak(?:e"
        rf"|ing) (?:my|his|her|their) (?:own )?life"
        rf"|(?:do(?:es)?n't|do(?:es)? not|no longer|not) want(?:s|ing)? to (?:live|be alive|be here"
        rf"|go on|wake up|exist)|no (?:point|reason) (?:in |to )?(?:living|live|going on|go on|carrying on"
        rf"|being here|life|being alive)|(?:want\w*|wish\w*|going|plan\w*|prefer\w*|rather) (?:to "
        rf"|(?:he|she|i) (?:was|were) |be )?(?:die\b|be dead|dead\b|not wake|disappear forever)"
        rf"|better off (?:dead|without me)|goodbye (?:letters?|notes?|messages?|texts?|video)|(?:suicide"
        rf"|farewell) (?:letter|note)|(?:jump\w*|throw \w+self) (?:off|from|in front|under|out of)"
        rf"|hang(?:ed|ing)? (?:my|him|her)self|noose|(?:cut|cuts|cutting|slashed|slit|slitting) (?:my"
        rf"|his|her|their|both) (?:\w+ )?(?:wrists?|arms?|throat|veins)|self[- ]?harm\w*"
        rf"|(?:wants?|wanted|threaten\w*|going|about) to jump|standing on (?:the "
        rf"|a )?(?:bridge|ledge|roof|railing)|(?:cut|hurt"
        rf"|harm|burn)ting? (?:my|him|her)self|(?:hurt|harm)(?:ing)? (?:my"
        rf"|him|her)self|better off if (?:\w+ ){1, 3}(?:dead"
        rf"|gone|died)|life (?:is|isn't|is not|not) (?:not )?worth|can'?t go on|want out of this life"
        rf"|planning (?:my|his|her) death|loaded gun|stockpil\w*|saved up (?:\w+ )?(?:pills|tablets)",
        rf"不想(?:再)?活|活不下去|(?:想|去|不如|还是)死(?!我|了我|我了|你)(?:了)?(?:算了|掉)?|自杀"
        rf"|轻生|活(?:着|下去)?(?:也|真|都|得)?(?:没|无)(?:有)?(?:什么|啥)?(?:意思|意义|劲|盼头)"
        rf"|活够|活腻|活得(?:太|很|好)?累(?=.*(?:死|解脱|结束))|遗(?:书|言)|跳(?:楼|河|桥|江|海"
        rf"|轨|下去)|割(?:腕|脉|喉)|上吊|(?:结束|了结|了断){ZH}{{0,4}}(?:生命|自己|一切|这一切"
        rf"|此生)|寻短见|想不开|不如死|死了干净|割自己|没法活|自残|自伤|自尽|死了算了"
        rf"|一死了之|想解脱|不想(?:再)?醒|离开(?:这个)?(?:世界"
        rf"|人世)|烧炭|轻生念头|绝笔|(?:交代|安排){ZH}{{0,4}}后事|(?:买|备|准备|藏)(?:好|了)?{ZH}{{0,4}}(?:绳|刀片)"
        rf"|不想(?:在)?(?:过|熬)(?:下去|了)|没(?:有)?盼头|(?:走|去)了算了|没有我(?:更|会|就)?(?:好|轻松)",
    ),
    "overdosed": (
        rf"overdos\w*\b(?! on (?:choc\w*|cake|sugar|sweets|coffee|tv|telly|crisps|easter))|\bOD\b|od'd|(?:took"
        rf"|taken|swallow\w*"
        rf"|ingest\w*|downed|necked|eaten|ate){EN}{{0,40}}?(?:(?:[1-9]\d"
        rf"|\d{{3}}|ten|twelve|fifteen|twenty|thirty|forty|fifty|sixty|dozens?|loads?"
        rf"|lots|bunch|heaps?|pile|stack|most of|rest of|supply|handfuls?|whole|entire"
        rf"|full|all (?:of )?(?:the|my|his|her|them)|them all|everything|bottle|pack(?:et)?s?"
        rf"|box(?:es)?|strips?|too many|a lot of|several)\b{EN}{{0,40}}?(?:tablets?"
        rf"|pills?|capsules?|anti\w+|meds\b|sedatives?|painkillers?|drugs|opi\w+|paracetamol"
        rf"|acetaminophen|ibuprofen|aspirin|medic\w*|bottle|pack(?:et)?s?|box(?:es)?"
        rf"|strips?|insulin|tricyclic|amitript\w*|propranolol|\w+pam\b|\w+ol\b|\w+ine\b))|(?:took"
        rf"|taken|swallow\w*|ingest\w*|ate|eaten|drank|drunk|drinking){EN}{{0,30}}(?:bleach"
        rf"|antifreeze|dishwasher|laundry|washing|weed ?killer|pesticide|paraquat"
        rf"|poison|cleaner|detergent|drain|petrol|paraffin|methanol"
        rf"|acid|caustic|button batter\w*|batter(?:y|ies)|rat poison|mushrooms?|berries|white spirit"
        rf"|descaler|disinfectant|organophosph\w*|(?:grand\w+|mum|mom|dad|mother|father|granny|nan"
        rf"|brother|sister)'?s? (?:\w+ ){{0,3}}(?:pills?|tablets?|medic\w*|methadone))|empty (?:\w+ )?(?:box\w*"
        rf"|bottles?|pack\w*|blisters?|strips?)|swallowed them all|pin-?point pupils?|poison(?:ed"
        rf"|ing)|(?:needle|syringe){EN}{{0,25}}(?:arm|next|beside|unrespons\w*)|unrespons\w*{EN}{{0,25}}(?:needle"
        rf"|syringe)|heroin|fentanyl|carbon monoxide|co alarm"
        rf"|(?:boiler|generator|barbecue|bbq|charcoal|gas heater|stove|exhaust"
        rf"|fumes)\b{EN}{{0,70}}(?:headaches?|dizzy|sick"
        rf"|faint\w*|drows\w*|collaps\w*)|(?:whole (?:family|house\w*)|all of us|everyone|even the (?:dog"
        rf"|cat))\b{EN}{{0,40}}"
        rf"(?:headaches?|dizzy|drows\w*|faint\w*)|methadone|accidental\w* (?:took"
        rf"|swallow\w*|ingest\w*|drank|ate)|ate (?:some |a )?(?:unknown|wild|strange) \w+"
        rf"|inject\w+ (?:too much|all)|(?:too much"
        rf"|double|ten times|10 times|wrong dose of) (?:\w+ )?(?:insulin|morphine|medic\w*|digoxin"
        rf"|warfarin|lithium)"
        rf"|(?:drank|drunk|drink\w*|swallow\w*|sipp\w*){EN}{{0,25}}(?:kerosene|diesel|thinner|turpentine|turps"
        rf"|lighter fluid|nail polish|dettol|jik|izal|hypo|essential oil|sanit\w+|hand gel|dye|fertili[sz]er)"
        rf"|thought (?:it was|they were) (?:sweets|candy|smarties)|(?:tablets?|pills?) (?:are )?(?:missing"
        rf"|gone) from|(?:rat|insect|ant) (?:killer|poison|bait)|sniper\b|gammalin",
        f"(?:吃|吞|服|喝|咽|灌)(?:下|了|掉|完|进|入)?{ZH}{{0,12}}?(?:[1-9][0-9]{{1,2}} ?(?:多)?(?:片"
        f"|粒|颗)|[二三四五六七八九]?十(?:多|几|来)?(?:片|粒|颗)|(?:整瓶|半瓶|一瓶|两瓶|整盒|一盒"
        f"|两盒|一整|大把|一大把|一把|一板|两板|好多|很多|大量|全部|几十){ZH}{{0,10}}(?:药|片"
        f"|粒|颗|胶囊|安定|西泮|唑仑|布洛芬|氨基酚|阿司匹林|头孢|降压|降糖|氯氮平))|(?:药|片|胶囊"
        f"|安定|西泮|唑仑|布洛芬|氨基酚|阿司匹林|头孢|降压|降糖|氯氮平){ZH}{{0,8}}(?:全|都|一次"
        f"|一口气)(?:部)?(?:吃|吞|服"
        f"|喝|咽|灌)|(?:用药|服药|药物|服用)过量|过量(?:服|吃|用)|(?<!食物)中毒"
        f"|服毒|毒药|农药|百草枯|敌敌畏|敌百虫|乐果|老鼠药|毒鼠|鼠药|有机磷|洁厕|漂白|消毒液|除草剂"
        f"|一氧化碳|煤气(?:中毒|泄漏|味)"
        f"|(?:煤炉|煤球|煤火|炉子|炭火|炭盆|火盆|烤火|热水器)[^。；\n]{{0,24}}(?:头晕|头痛|头疼|恶心|吐|昏|软)"
        f"|(?:毒|野生?|不认识的)(?:蘑)?菇|菌子|误服"
        f"|误食|误吞|(?:吞|吃){ZH}{{0,4}}(?:电池"
        f"|干燥剂)|安眠药|瞳孔(?:呈)?针尖|针尖样|吸毒|海洛因|吃错药|多吃了.{{0,6}}药"
        f"|空药(?:瓶|盒|板)|药(?:瓶|盒|板)(?:都)?空"
        f"|药全(?:吃|吞)"
        f"|(?:喝|吞|舔|误饮){ZH}{{0,8}}(?:煤油|汽油|柴油|稀料|松节油|酒精|甲醇|花露水|洗洁精|洗衣液|蚊香液"
        f"|风油精|清洁剂|杀虫|灭蟑|药水)|当(?:成)?糖(?:豆)?(?:吃|吞)|瓶(?:子)?里少了|误当",
    ),
    "burn": (
        r"\bburn(?:s|t|ed)\b|\bburn\b(?! when| on pass)|scald\w*|boiling|hot (?:water|oil|fat|tea"
        r"|coffee|soup)|kettle|flames?|caught fire|on fire|chip pan|pan of (?:oil|fat|water)"
        r"|bath (?:was )?too hot|fire ?works?|electrocut\w*|electric shock|(?:chemical"
        r"|acid|alkali|petrol|cement|caustic) (?:splash\w*|fire|explosion|on|over)|splash\w* (?:with"
        r"|of) (?:\w+ )?(?:acid|chemical|alkali)"
        rf"|petrol{EN}{{0,20}}(?:caught|flash\w*|went up)|(?:burnt|burned|cooked) (?:his|her|my|the)",
        "烧伤|烫(?:伤|着|到|坏|掉|脱|起)|(?:烧开|煮开|滚开|刚开|沸)的?|汤锅|油锅|灼伤|电(?:击|伤)|触电|开水"
        "|滚水|热(?:油|水|汤|粥)|火焰|着火|爆炸|硫酸|强酸"
        "|强碱|石灰|化学(?:品|烧|灼)"
        "|着了?火|烧(?:到|着|焦|成|坏)|火(?:烧|燎)|爆燃|烧了",
    ),
    "burn_big": (
        r"\bface\b|both (?:hands|arms|legs|feet)|\bchest\b|\bback\b|\babdomen\b|belly|tummy|genital\w*"
        r"|groin|neck|\barms\b|\blegs\b|\bhands\b|airway|whole|entire|large|extensive|all over"
        r"|circumferential|full[- ]thickness|third[- ]degree|deep|charred|leathery|electr\w*|high[- ]voltage"
        r"|chemical|acid|alkali|\b(?:1\d|[2-9]\d) ?(?:%|per ?cent)|thigh\w*|torso"
        r"|trunk|over (?:herself|himself)|\blap\b|stomach|shoulders?|both|buttocks|eyes?"
        r"|half (?:of )?(?:his|her|my|the) body|most of (?:his|her|my|the)|blackened|like leather|does(?:n't"
        r"| not) hurt at all|down (?:both|his|her|my) ",
        "脸|面部|双(?:手|臂|腿|脚|上肢|下肢)|两(?:手|腿|只手|条腿)|胸|背|腹|会阴|生殖|颈|脖子"
        "|大片|大面积|全身|面积|(?:1[0-9]|[2-9][0-9]) ?%|百分之|电击|高压电|触电|化学|硫酸|强酸"
        "|强碱|深(?:度|Ⅱ|二)|三度|Ⅲ度|焦痂|大腿|躯干|四肢|屁股|臀|眼"
        f"|大?半个?(?:身|人)|焦黑|烧焦|皮革|不(?:觉得|知道|怎么)?疼{ZH}{{0,4}}(?:反|倒)|反倒不{ZH}{{0,4}}疼",
    ),
    "burn_small": (
        r"small|tiny|minor|fingertips?|one finger|tip of|size of a (?:coin|pea)|superficial|no blister\w*"
        r"|just red|sunburn\w*",
        "指尖|手指尖|一点点|小(?:块|片|水泡)|轻微|没起泡|没有水泡|晒伤|指头",
    ),
    "heat": (
        r"heat ?wave|\bheat\b(?! pack| pad| rash)|marathon|hot (?:weather|day|car|room|flat|sun"
        r"|factory|kitchen)|\bsun\b|sauna|exert\w*|running|without ventilation|no air con\w*|locked car"
        r"|summer|desert|roofing|football in|training in",
        "中暑|高温|热射|暴晒|烈日|太阳|三伏|没开空调|闷热|天热|酷暑|马拉松|跑步|工地|桑拿|车里"
        "|军训|热天|炎热|大热天|户外",
    ),
    "hot_skin": (
        r"hot (?:and|,)? ?dry|skin (?:is |was |very |burning )*hot|burning hot|stopped sweating"
        r"|not sweating|no sweat|boiling|very hot",
        "滚烫|烫手|没汗|无汗|不出汗|皮肤(?:又)?(?:烫|热|干)|浑身烫|发烫",
    ),
    "bone_out": (
        rf"bones?\b{EN}{{0,30}}(?:stick\w*|pok\w*|protrud\w*|visible|through|exposed|showing|out of"
        rf"|coming out)|(?:open|compound)\b{EN}{{0,12}}\bfractures?|can see (?:the |\w+ )?bone(?! spec"
        rf"| doc| clin)|(?:wound|cut|gash|laceration|skin (?:broken|torn)){EN}{{0,30}}(?:over|above"
        rf"|at) (?:the )?(?:\w+ )?(?:broken|fracture\w*|break)|broken {EN}{{0,20}}(?:through|pierc\w*) (?:the )?skin",
        f"骨头?{ZH}{{0,8}}(?:戳|露|穿|外露|刺|扎|冒|顶|出来|翘)|开放(?:性|型)?(?:粉碎性)?骨折|(?:看"
        f"|见)(?:得|到|得到|能)?{ZH}{{0,4}}骨(?:头|茬)|露(?:出)?骨|骨外露|白骨|骨茬",
    ),
    "heavy_bleeding": (
        rf"(?:heavy|heavily|massive\w*|profuse\w*|torrential|uncontroll\w*|a lot of|lots of|pouring"
        rf"|gushing|spurting|severe){EN}{{0,15}}(?:bleed\w*|blood|h(?:a)?emorrhag\w*)|h(?:a)?emorrhag\w*"
        rf"|bleed\w*{EN}{{0,20}}(?:won't stop|not stop\w*|heav\w*|soak\w*|through|pour\w*|gush\w*"
        rf"|profuse\w*|uncontroll\w*|a lot|litre\w*|pads)|soak\w*{EN}{{0,20}}(?:pads?|towels?|sheets)"
        rf"|lost (?:a lot of|lots of|too much|litres of) blood|blood (?:everywhere|pouring|gushing)"
        rf"|bled (?:heavily|a lot)"
        rf"|blood\b{EN}{{0,25}}(?:not stopping|not stop|n't stop)|squirt\w*|(?:pads?|wrappers?|towels?|sheets?"
        rf"|napp(?:y|ies)|jeans){EN}{{0,15}}(?:soaked|dripping|drenched)|(?:soaked|drenched) (?:through"
        rf"|in blood)|{CANNOT} (?:get it to )?stop (?:it|the (?:blood|bleeding))",
        f"大(?:量)?(?:出|失)血|(?:出|流)血{ZH}{{0,4}}(?:不止|很多|止不住|多|凶)|血(?:流)?(?:止不住"
        f"|不止|崩)|血崩|失血|湿透{ZH}{{0,6}}(?:卫生巾|垫)|流了(?:很多|好多|一地)血|喷血"
        f"|血(?:一直|还在|不停)?(?:滋|飙|喷|淌|哗哗)|(?:血|湿)(?:透|了){ZH}{{0,4}}(?:毛巾|裤|垫|床单)|按(?:也"
        f"|都)?按不住",
    ),
}

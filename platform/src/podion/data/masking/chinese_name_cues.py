"""Words that say in Chinese that a name comes or has ended: roles, relatives, titles, and what goes on after a name."""

import re


def _any_of(words: str) -> str:
    return "|".join(sorted(words.split(), key=len, reverse=True))


_RELATIVES = (
    "家属 其妻 其妻子 其夫 其丈夫 其子 其女 其女儿 其父 其父亲 其母 其母亲 其兄 其弟 其姐 其妹 其配偶 儿子 "
    "女儿 长子 次子 长女 次女 丈夫 妻子 老伴 老公 老婆 爱人 配偶 父亲 母亲 爸爸 妈妈 哥哥 姐姐 弟弟 妹妹 儿媳 "
    "女婿 孙子 孙女 外孙 外孙女 侄子 侄女 外甥 外甥女 之女 之子 之妻 之夫 之父 之母 之妹 之弟 之姐 之兄 邻居 "
    "同事 朋友 保姆 护工 陪护 亲属 同学 室友 陪同者 监护人 病友"
)
_PATIENTS = "患者 病人 患儿 产妇 孕妇 伤者 死者 逝者 患者为 患者系 受检者 受试者 老人 小朋友 先生 女士 同志"
_HOLDERS = (
    "联系人 持有人 持卡人 陪同人 预约人 代办人 申请人 收款人 付款人 开户人 户名 参保人 被保险人 投保人 委托人 "
    "代理人 就诊人 收件人 寄件人 经办人 负责人 关系人 知情人 代诉人 供史人 转诊人 接诊人 姓名 名叫 名为 我叫 "
    "他叫 她叫 我是 本人 签名 签字 记录人 送检人 签署人 供血者 捐献者 主诉者"
)
_STAFF = "医师 医生 大夫 护士 护士长 主任 教授 药师 技师 护师 院长 助产士 营养师 治疗师 主刀 术者 助手 一助 二助"
_VERBS = (
    "由 经 请 与 和 向 及 随 遵 叫 找 联系 致电 告知 通知 陪同 咨询 转告 代表 记录 审核 报告 现有 兹有 今有 "
    "系 嘱 劝 问 给 让 替 为"
)
CUE = re.compile(rf"(?:(?P<noun>{_any_of(f'{_RELATIVES} {_PATIENTS} {_HOLDERS} {_STAFF}')})|(?:{_any_of(_VERBS)}))")
"""Of what stands right before a name without a colon, `noun` is what names a person."""

LABEL = re.compile(
    r"(?:(?P<strict>姓 {0,4}名|名字|曾用名|户名|签名|签字|签章|署名)"
    r"|(?<![\u4e00-\u9fff])(?:父|母|夫|妻|子|女|兄|弟|姐|妹)|本人|主刀|[一二三]助"
    r"|助手|记录|审核|核对|复核|报告|检查|书写|操作|麻醉|见证|谈话"
    rf"|[交接]班|[\u4e00-\u9fff](?:人|者|员|师|生|属|士|长|任|授|医)|大夫|{_any_of(_RELATIVES)})"
    r"(?:姓名|签名|签字|签章|名)?(?: ?\([\u4e00-\u9fff]{1,6}\))? ?(?:[:=|/]|(?P<is>[为是])) {0,4}"
)
"""What stands before a name with a colon; after a `strict` one stands nothing else."""

HONOUR = re.compile(
    "(?:"
    + _any_of(
        "先生 女士 小姐 太太 夫人 医生 医师 大夫 主任 副主任 教授 副教授 护士 护师 护士长 院长 副院长 老师 同志 "
        "阿姨 大爷 大妈 大娘 大叔 大伯 大姐 大哥 奶奶 爷爷 师傅 叔叔 伯伯 婆婆 老太 老先生 主治 药师 技师 住院医 "
        "小朋友 同学 宝宝 律师 警官 经理 主管护师 主刀 老人 老太太 姑娘 女儿 家属"
    )
    + ")"
)
BEFORE_HONOURED = re.compile(
    rf"(?:[^\u4e00-\u9fff]|^|{_any_of(f'{_PATIENTS} {_RELATIVES} {_VERBS} {_HOLDERS} {_STAFF}')}"
    r"|[的是科院室区内外长后时让听被同陪等称诉挂看到上级予再号日月您你我老小被致跟对到因日由于在]"
    r"|谢谢|感谢|多谢|主管|主治|经治|值班|住院|门诊|责任)\Z"
)
CLEARLY_BEFORE = re.compile(r"(?:患者|病人|家属|请|找|谢谢|[号日月]|[^\u4e00-\u9fff])\Z")
DEMOGRAPHIC = re.compile(
    r"[ ,、/|(]{1,3}(?:性别 ?:? ?)?[男女](?:性|童|婴|孩|士)?(?:[ ,、。;/|)0-9]|$)"
    r"|[ ,、(]{0,2}[男女][ ,、]{0,2}[0-9]{1,3} ?(?:岁|个月|月龄)"
)
AFTER = re.compile(
    r"$|[^\u4e00-\u9fff某]|"
    r"[男女因于在诉述的及与和同跟已曾为系有无入出来到住今昨现是将被由经签年说称医护近自行查复再转接可拟未突感发做治就告陪代补询予开给看之患服需应受对从向仍也还"
    r"不等处让把致审阅送带这您你我请打取吃喝睡每半以随前后上下挂想能会病术早晚第写沟要两三手半去回走坐站躺喊问答借拿乘于收领缴退预购持如若即其此该既常并且但却又才都均各只仅需须]|"
    + _any_of(
        "主诉 否认 联系 电话 表示 反映 家属 先生 女士 主任 主治 副主任 教授 目前 建议 会诊 身份 住址 性别 负责 "
        "主刀 记录 报告 执行 完成 随访 一般 神志 大夫 陈述 提供 了解 知情 办理 拒绝 接受 申请 前来 确认 指导 安排 "
        "评估 交代 描述 回忆 最近 平时 急诊 门诊 步行 轮椅 平车 护送 使用 口服 注射 体温 血压 分管 值班 诊断 确诊 "
        "考虑 希望 觉得 认为 同意 委托 授权 声明 承诺 老师 护士 药师 技师 院长 腹痛 头痛 胸痛 发热 咳嗽 头晕 呕吐 "
        "腹泻 摔伤 外伤 车祸"
    )
)
"""What may stand after a name that no label announced."""

AFTER_WORD = re.compile(
    _any_of(
        "陪同 代诉 代述 陪伴 陪护 代签 代为 同意 同行 到院 到诊 来院 来诊 出现 出院 入院 有无 平素 常年 常规 海鲜 "
        "明显 青霉素 一般 立即 达到 可能 如约 为主 克服 时有 时常 自行 行走 文化"
    )
)
"""What follows a name and begins with a character that names have too."""

FOREIGN_CUE = re.compile(
    rf".*(?:{_any_of(f'{_PATIENTS} {_RELATIVES} {_STAFF} {_HOLDERS}')}|[由请叫和与是为])(?=[\u4e00-\u9fff])"
)
FOREIGN_END = re.compile(
    "[因于在诉男女的来患有已病氏征]|综合征|综合症|入院|出院|医师|医生|先生|女士|既往|主诉|主任|护士"
)
EPONYM = re.compile("综合征|综合症|病|氏|征|试验|评分|分级|分期|瘤|反射|现象|法|手术|三联|体位")

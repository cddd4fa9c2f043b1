"""Complaints as simplified written Chinese has them, character by character: places in the text stay. Pure."""

_TRADITIONAL = (
    "頭悶暈氣發燒燙腦臉說話嘔腫無沒動視見斷藥農殺傷車樓墜壓懷陰腳涼紅癢過嗆鳴應驚癲癇體溫熱膚脈顏濕滿褲瀉黃腎臟節關裡裏後還"
    "從來時間鐘幾個隻們嬰兒媽爺歲為這麼樣點覺講聽嚴劇陣縮針劑剛瀝睪長開門電訊號隨機處痠脹繃緊難變軟無淚濃臥術乾鬆屍轉讓認識"
    "識夠買準備遺書繩們彈槍釘鋼筋貫穿鐵顱頸脊櫃爐煤鹼強酸藍齒紺險與給網顆瓶裝"
)
_SIMPLIFIED = (
    "头闷晕气发烧烫脑脸说话呕肿无没动视见断药农杀伤车楼坠压怀阴脚凉红痒过呛鸣应惊癫痫体温热肤脉颜湿满裤泻黄肾脏节关里里后还"
    "从来时间钟几个只们婴儿妈爷岁为这么样点觉讲听严剧阵缩针剂刚沥睾长开门电讯号随机处酸胀绷紧难变软无泪浓卧术干松尸转让认识"
    "识够买准备遗书绳们弹枪钉钢筋贯穿铁颅颈脊柜炉煤碱强酸蓝齿绀险与给网颗瓶装"
)
_CANTONESE = {
    "冇": "没",
    "唔": "不",
    "咗": "了",
    "嘅": "的",
    "佢": "他",
    "喺": "在",
    "係": "是",
    "咁": "这",
    "嚟": "来",
}
_WRITTEN = str.maketrans(_TRADITIONAL, _SIMPLIFIED) | str.maketrans(_CANTONESE)


def written(text: str) -> str:
    """Return a text of equal length in simplified characters, Cantonese words of grammar as they are written."""
    return text.translate(_WRITTEN)

import pytest

from podion.hosting.bases import InstalledBase, find_base
from podion.hosting.reader import Reader
from podion.settings import Settings


def test_the_unknown_share_is_of_the_texts_own_tokens(tiny: InstalledBase) -> None:
    reader = Reader(tiny)
    assert reader.unknown_share(["the card", "你好"]) == 0.0
    assert reader.unknown_share(["the 贷款"]) == pytest.approx(2 / 3)
    assert reader.unknown_share([]) == reader.unknown_share([""]) == 0.0


def test_english_bases_cannot_read_chinese(real_base: InstalledBase) -> None:
    share = Reader(real_base).unknown_share(["我的信用卡丢了，请帮我挂失", "怎么申请退款？"])
    assert share > 0.2 if real_base.name == "minilm-l6" else share == 0.0
    assert Reader(real_base).unknown_share(["my card was declined"]) == 0.0
    assert find_base(real_base.name, Settings().bases) == real_base

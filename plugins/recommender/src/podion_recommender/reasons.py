"""Why an item stands in a list, in a sentence, in English and in Chinese."""

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field

from podion import Wording

_SAID: Mapping[str, Wording] = {
    "next_item": Wording(en="because of what you looked at lately", zh="根据您最近浏览的内容"),
    "popular": Wording(en="because it is popular now", zh="因为近期很受欢迎"),
    "popular_in_category": Wording(en="because it is popular in {category}", zh="因为在“{category}”中很受欢迎"),
    "fresh": Wording(en="because it is new", zh="因为是新上架的内容"),
    "text": Wording(en="because it fits what you are interested in", zh="因为符合您的兴趣"),
    "catalogue": Wording(en="because there is more to see", zh="更多内容供您浏览"),
    "pinned": Wording(en="because the shop puts it forward", zh="商家推荐"),
    "explored": Wording(en="because something different may please you", zh="换个口味，也许您会喜欢"),
}
_BECAUSE: Mapping[str, Wording] = {
    "purchase": Wording(en="because you bought “{title}”", zh="因为您购买了“{title}”"),
    "like": Wording(en="because you liked “{title}”", zh="因为您喜欢“{title}”"),
    "cart": Wording(en="because you put “{title}” into the cart", zh="因为您将“{title}”加入了购物车"),
    "rate": Wording(en="because you rated “{title}” well", zh="因为您给“{title}”打了好评"),
    "click": Wording(en="because you looked at “{title}”", zh="因为您浏览了“{title}”"),
}
_LIKE = Wording(en="because it is like “{title}”", zh="因为与“{title}”相似")


class Reason(BaseModel):
    """Why an item was chosen: the source that spoke for it, the item that this rests on, and the words."""

    model_config = ConfigDict(frozen=True)

    code: str = Field(description="what found the item")
    because: str | None = Field(default=None, description="the item_id that it rests on")
    wording: Wording


def because_of(code: str, item_id: str, kind: str, title: str) -> Reason:
    """Return the reason that rests on what the user did with another item."""
    said = _BECAUSE.get(kind, _LIKE) if title else _SAID["next_item"]
    return Reason(code=code, because=item_id, wording=_filled(said, title=title))


def like_of(item_id: str, title: str) -> Reason:
    """Return the reason that rests on being like an item."""
    return Reason(code="similar", because=item_id, wording=_filled(_LIKE, title=title))


def reason_of(code: str, category: str | None = None) -> Reason:
    """Return the reason that a source gives by itself."""
    code = "popular" if code == "popular_in_category" and category is None else code
    return Reason(code=code, wording=_filled(_SAID.get(code, _SAID["catalogue"]), category=category or ""))


def _filled(said: Wording, **words: str) -> Wording:
    def put(text: str) -> str:
        for name, word in words.items():
            text = text.replace("{" + name + "}", word)
        return text[:1_000]

    return Wording(en=put(said.en), zh=put(said.zh))

"""What a tenant may set when it enables customer service: `PUT /v1/verticals/customer_service`."""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from podion import Language, TenantCaller, Wording
from podion_customer_service.shapes import Shape

Name = str


class Setting(BaseModel):
    """A frozen value that names no field it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class RedLine(Setting):
    """A rule that comes before everything else: a phrase hands over, or is answered with fixed words."""

    name: str = Field(min_length=1, max_length=100)
    phrases: tuple[str, ...] = Field(
        min_length=1, max_length=200, description="words as they stand in a message; `*` is anything in between"
    )
    answer: Wording | None = Field(default=None, description="what to answer; left out: hand over to a person")


class SlotRule(Setting):
    """A detail that templates may need: how it is written, and how the bot asks for it."""

    shape: Shape | None = Field(default=None, description="found without a trained slot model; null: by the model only")
    ask: Wording


class Sentences(Setting):
    """The bot's own sentences. `{options}` and `{slot}` are filled in."""

    greeting: Wording = Wording(en="Hello! What can I do for you?", zh="您好！请问有什么可以帮您？")
    thanks: Wording = Wording(en="You are welcome. Is there anything else?", zh="不客气，还有其他可以帮您的吗？")
    goodbye: Wording = Wording(en="Goodbye, and take care.", zh="再见，祝您生活愉快！")
    clarify: Wording = Wording(
        en="I want to get this right. Is it about\n{options}\nOr would you like a colleague?",
        zh="我想确认一下，您是想问：\n{options}\n还是需要转人工？",
    )
    offer: Wording = Wording(
        en="I cannot help with that here. Would you like a colleague to look at it?",
        zh="这个问题我暂时帮不上忙，需要为您转人工吗？",
    )
    hand_over: Wording = Wording(
        en="I am handing you over to a colleague, who will see what you wrote.",
        zh="正在为您转接人工客服，您前面说的内容同事都能看到。",
    )
    ask_slot: Wording = Wording(en="Could you tell me your {slot}?", zh="请告诉我您的{slot}。")


def _order_number() -> dict[Name, SlotRule]:
    ask = Wording(en="Could you tell me the order number?", zh="麻烦告诉我一下订单号。")
    return {"order_number": SlotRule(shape=Shape.CODE, ask=ask)}


class ServiceSettings(Setting):
    """How a tenant's customer service behaves; every field has a default that works."""

    language: Language = Field(default="en", description="spoken to customers whose language does not show")
    red_lines: tuple[RedLine, ...] = Field(default=(), max_length=100, description="rules that come first")
    intents: dict[Name, Wording] = Field(default={}, description="what customers see of an intent when asked which one")
    human_intents: tuple[Name, ...] = Field(default=("talk_to_human",), description="intents that ask for a person")
    slots: dict[Name, SlotRule] = Field(
        default_factory=_order_number, description="how details are written and asked for, by the slot's name"
    )
    sentences: Sentences = Field(default=Sentences(), description="the bot's own sentences, in both languages")
    sure: float = Field(default=0.5, ge=0, le=1, description="least confidence of an intent that is acted on")
    offered: float = Field(default=0.2, ge=0, le=1, description="least confidence of an intent that is offered")
    same: float = Field(default=0.93, ge=0, le=1, description="least cosine at which two questions are the same")
    quoted: float = Field(default=0.6, ge=0, le=1, description="least score of a passage that is quoted")
    patience: float = Field(
        default=2.0, gt=0, description="weight of a mood that hands over; a message surely upset weighs 2"
    )
    mood_sure: float = Field(default=0.83, gt=0, le=1, description="least confidence in `upset` that weighs 2")
    mood: bool = Field(default=True, description="false: the mood never hands over")
    asks: int = Field(
        default=2, ge=1, le=5, description="how often the bot asks for a missing detail before it hands over"
    )
    reopen_hours: int = Field(
        default=24, ge=0, le=720, description="a message this soon after the end reopens; 0: never"
    )

    def title(self, intent: str, language: Language) -> str:
        """Return what a customer reads of an intent: its title, else its name in plain words."""
        named = self.intents.get(intent)
        return named.said_in(language) if named else intent.replace("_", " ").replace("-", " ")

    def ask(self, slot: str, language: Language) -> str:
        """Return the question for a slot."""
        if rule := self.slots.get(slot):
            return rule.ask.said_in(language)
        return self.sentences.ask_slot.said_in(language).replace("{slot}", slot.replace("_", " "))

    def say(self, sentence: Literal["greeting", "thanks", "goodbye", "offer", "hand_over"], language: Language) -> str:
        """Return one of the bot's own sentences."""
        wording: Wording = getattr(self.sentences, sentence)
        return wording.said_in(language)


def settings_of(caller: TenantCaller) -> ServiceSettings:
    """Return the settings of the tenant who calls."""
    return _settings(caller.config)


def _settings(config: Mapping[str, Any]) -> ServiceSettings:
    return ServiceSettings.model_validate(dict(config))

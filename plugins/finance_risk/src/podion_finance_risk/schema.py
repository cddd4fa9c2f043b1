"""What lenders and card issuers send, as records."""

from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from podion import Personal, as_label, in_utc, not_blank

TEXT_LIMIT = 5_000
MOST_FEATURES = 1_000
_EXACT = 2**53

SENSITIVE = (
    "sex", "gender", "age", "age_in_years", "person_age", "date_of_birth", "birth_date", "marriage", "marital_status",
    "married", "personal_status", "personal_status_sex", "personal_status_and_sex", "race", "ethnicity", "ethnic_group",
    "nationality", "foreign_worker", "religion", "disability", "pregnant", "sexual_orientation", "political_opinion",
    "trade_union",
)  # fmt: skip
"""Fields that no head of this vertical reads, whenever a record carries them: they stand in the fairness report."""

AFTERWARDS = (
    "recoveries", "collection_recovery_fee", "total_pymnt", "total_rec_prncp", "total_rec_int", "total_rec_late_fee",
    "last_pymnt_d", "last_pymnt_amnt", "out_prncp", "loan_status", "charged_off", "charged_off_at", "charge_off_date",
    "default_date", "defaulted_at", "written_off", "write_off_amount", "days_past_due_at_default", "outcome",
    "observed_at",
)  # fmt: skip
"""Names of what is only known after the decision: whoever learns from it knows the answer beforehand."""

_SPOKEN = {"bad": "1", "good": "0", "default": "1", "fraud": "1", "no default": "0", "no fraud": "0"}


def _as_outcome(value: Any) -> Any:
    """Return `1` for bad and `0` for good, whichever of the usual ways a file has of saying so."""
    label = as_label(value)
    return _SPOKEN.get(label.strip().casefold(), label) if isinstance(label, str) else label


def _spelt(name: str) -> str:
    """Return a sensitive field's name as it is withheld by, however its letters are written; others as they are."""
    folded = str(name).strip().casefold().replace(" ", "_").replace("-", "_")
    return folded if folded in SENSITIVE else name


Number = Annotated[float, Field(allow_inf_nan=False)]
Whole = Annotated[int, Field(ge=-_EXACT, le=_EXACT)]
Word = Annotated[str, Field(max_length=500)]
FeatureValue = Whole | Number | Word | bool | None
"""What a feature may be: a number, the name of a category, a truth, or missing."""

Reference = Annotated[str, Field(max_length=128), Personal("reject")]
"""A pseudonym out of the tenant's own system. What looks like a phone, card or identity number is refused."""

Narrative = Annotated[str, Field(max_length=TEXT_LIMIT), Personal()]
Moment = Annotated[AwareDatetime, BeforeValidator(in_utc)]
"""A time; one without a zone is UTC."""

Outcome01 = Annotated[Annotated[str, Field(max_length=20)] | None, BeforeValidator(_as_outcome)]
Judgement = Annotated[Annotated[str, Field(max_length=200)] | None, BeforeValidator(as_label)]


class OpenRecord(BaseModel):
    """A record with features of the tenant's own beside the named fields: numbers, categories, truths, or missing."""

    model_config = ConfigDict(extra="allow")

    __pydantic_extra__: dict[str, FeatureValue]  # with a value, pydantic keeps the extras among the fields, too

    @model_validator(mode="before")
    @classmethod
    def _known_beforehand(cls, values: Any) -> Any:
        if not isinstance(values, dict):
            return values
        if len(values) > MOST_FEATURES + len(cls.model_fields):
            raise ValueError(f"has {len(values):,} fields; at most {MOST_FEATURES:,} features are read")
        if told := [name for name in values if str(name).casefold() in AFTERWARDS]:
            raise ValueError(
                f"{told[0]!r} is known only after the decision, and would tell the answer: leave the column out"
                f" (?drop={told[0]}, on the command line --drop {told[0]})"
            )
        return {_spelt(name): value for name, value in values.items()}

    def features(self) -> dict[str, FeatureValue]:
        """Return the tenant's own fields by name."""
        return dict(self.__pydantic_extra__ or {})


class CreditApplication(OpenRecord):
    """An application for credit as it was known when it was made; a training record carries how it went."""

    application_id: Reference = Field(default="", description="your own number of the application; never a feature")
    applied_at: Moment | None = Field(default=None, description="parts what is learned from what is tested")
    text: Narrative = Field(default="", description="what the applicant or the officer wrote")
    label: Outcome01 = Field(default=None, description="`1`: it went bad; `0`: it was paid; left out if unknown")


class Customer(OpenRecord):
    """A customer to be put into one of the tenant's classes; a training record carries the class."""

    customer_ref: Reference = Field(default="", description="your own pseudonym of the customer; never a feature")
    text: Narrative = Field(default="", description="notes on the customer")
    label: Judgement = Field(default=None, description="the class; left out if unknown")


class Payment(BaseModel):
    """A transaction as it was known when it was made."""

    model_config = ConfigDict(extra="forbid")

    transaction_id: Reference = Field(default="", description="your own number of the transaction")
    account: Reference = Field(min_length=1, description="your own pseudonym of the account or card that pays")
    at: Moment = Field(description="when it was made; without a zone: UTC")
    amount: Number = Field(description="in the account's currency")
    terminal: Word | None = Field(default=None, description="where the card was used")
    merchant: Word | None = None
    mcc: Word | None = Field(default=None, description="merchant category code (ISO 18245)")
    channel: Word | None = Field(default=None, description="such as `pos`, `web`, `atm`")
    device: Word | None = None
    currency: Word | None = Field(default=None, description="ISO 4217")
    text: Narrative = Field(default="", description="purpose of the payment")


class Transaction(Payment):
    """A transaction with its past; a training record carries whether it was fraud, and since when that is known."""

    label: Outcome01 = Field(default=None, description="`1`: fraud; `0`: none; left out if unknown")
    label_known_at: Moment | None = Field(default=None, description="when the label became known")
    windows: dict[str, Number] | None = Field(
        default=None,
        description="figures of the past, filled in by the platform: velocity, recency, risk of a terminal",
    )


class RiskText(BaseModel):
    """A text that may be a complaint, phishing or spam; a training record carries what it is."""

    text: Annotated[str, Field(min_length=1, max_length=TEXT_LIMIT), AfterValidator(not_blank), Personal()] = Field(
        description="the text as it came"
    )
    label: Judgement = Field(default=None, description="what it is, in the tenant's own words; left out if unknown")
    lang: str | None = Field(default=None, max_length=35, description="language tag such as `en` or `zh`; only kept")

"""Reasons: only what counted against somebody, heaviest first, in the tenant's words or plain ones."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from podion import Contribution, Wording
from podion_finance_risk.deciding import Judged, decide
from podion_finance_risk.policy import Bands, Cap, Policy, ReasonWords, Watched
from podion_finance_risk.reason_words import NAMES
from podion_finance_risk.reasons import MOST_REASONS, Reason, model_reasons, residual
from podion_finance_risk.scoring import Scale

SCALE = Scale()


def share(feature: str, logit: float, value: float | str | None = 1.0, bin: str = "") -> Contribution:
    return Contribution(feature=feature, logit=logit, value=value, bin=bin)


contributions = st.lists(
    st.builds(share, st.text(min_size=1, max_size=20), st.floats(-10, 10)),
    max_size=30,
    unique_by=lambda each: each.feature,
)


@settings(max_examples=30)
@given(contributions)
def test_reasons_are_the_heaviest_of_what_counted_against(shares: list[Contribution]) -> None:
    found = model_reasons(shares, {}, SCALE)
    against = sorted((each.logit for each in shares if each.logit > 1e-9), reverse=True)
    assert [reason.points for reason in found] == [round(SCALE.points_of(each), 2) for each in against[:MOST_REASONS]]
    assert model_reasons(list(reversed(shares)), {}, SCALE) == found, "the same input has the same reasons"
    assert all(reason.text["en"].strip() and reason.text["zh"].strip() for reason in found)


@settings(max_examples=30)
@given(contributions, st.floats(-5, 5))
def test_taking_the_first_reason_away_always_improves_the_score(shares: list[Contribution], base: float) -> None:
    found = model_reasons(shares, {}, SCALE)
    total = base + sum(each.logit for each in shares)
    if found:
        first = next(each for each in shares if each.feature == found[0].feature)
        assert SCALE.offset + SCALE.points_of(total - first.logit) > SCALE.offset + SCALE.points_of(total)


def test_a_tenants_words_come_first_those_of_a_bin_before_those_of_its_feature() -> None:
    words = {
        "income": ReasonWords(code="R01", en="Income ({bin})", zh="收入（{bin}）"),
        "income below 900": ReasonWords(code="R02", en="Hardly any income", zh="收入过低"),
    }
    shares = [share("income", 2, bin="income below 900"), share("income", 1, bin="income between 900 and 1,200")]
    told = model_reasons(shares, words, SCALE)
    assert [(reason.code, reason.text["zh"]) for reason in told] == [
        ("R02", "收入过低"),
        ("R01", "收入（900 至 1,200）"),
    ]
    [generic] = model_reasons(shares[:1], {}, SCALE)
    assert (generic.code, generic.text["en"], generic.text["zh"]) == ("INCOME", "Income: below 900", "收入：低于 900")


def test_a_feature_that_nobody_put_into_words_is_spelled_with_its_bin() -> None:
    told = model_reasons(
        [
            share("shoe_size", 4, bin="shoe_size 45 or more"),
            share("hat", 3, value=None, bin="hat is missing"),
            share("pet", 2, value="cat", bin="pet is cat"),
            share("text", 1, value=None),
        ],
        {},
        SCALE,
    )
    said = [reason.text["en"] for reason in told]
    assert said == ["Shoe size: 45 or more", "Hat: not known", "Pet: cat", "What the application says in its own words"]
    assert [reason.text["zh"] for reason in told][:3] == ["shoe_size：45 或以上", "hat：未提供", "pet：cat"]


def test_every_name_is_said_in_both_languages() -> None:
    assert len(NAMES) > 40
    for name, words in NAMES.items():
        assert name == name.lower()
        assert words.en[0].isupper() and not words.en.endswith(".")
        assert any("一" <= letter <= "鿿" for letter in words.zh)


def test_the_residual_is_what_the_sum_misses() -> None:
    shares = [share("a", 0.5), share("b", -0.25)]
    assert residual(-1.0, shares, -0.75) == pytest.approx(0)
    assert residual(-1.0, shares, -0.7) == pytest.approx(0.05)


def judged(pd: float, *, abstained: bool = False, exact: bool = True) -> Judged:
    reasons = [Reason(code="DEBT_RATIO", text={"en": "Debts", "zh": "负债"}, feature="dti", points=-20)]
    return Judged(pd=pd, abstained=abstained, exact=exact, reasons=reasons)


def test_bands_decide_and_their_bounds_belong_to_the_worse_side() -> None:
    policy = Policy(bands=Bands(approve_below=0.1, decline_from=0.3))
    told = [decide(policy, judged(pd), {}).action for pd in (0.0999, 0.1, 0.2999, 0.3)]
    assert told == ["approve", "refer", "refer", "decline"]
    assert decide(policy, judged(0.05), {}).reasons == ()


@pytest.mark.parametrize("pd", [0.001, 0.2, 0.99])
def test_who_the_model_is_unsure_of_goes_to_a_person(pd: float) -> None:
    verdict = decide(Policy(), judged(pd, abstained=True), {})
    assert (verdict.action, [reason.code for reason in verdict.reasons]) == ("refer", ["model_unsure"])


def test_without_exact_reasons_nobody_is_declined_by_a_machine() -> None:
    assert decide(Policy(), judged(0.99, exact=False), {}).action == "refer"
    assert decide(Policy(), judged(0.01, exact=False), {}).action == "approve"
    watched = Policy(watch_list=(Watched(ref="c-1", action="decline"),))
    verdict = decide(watched, judged(0.01, exact=False), {}, ["c-1"])
    assert (verdict.action, [reason.code for reason in verdict.reasons]) == ("decline", ["watch_list"])


def test_the_most_severe_rule_holds_and_only_its_reasons_are_given() -> None:
    words = Wording(en="Too much", zh="过高")
    policy = Policy(
        caps=(
            Cap(name="large", feature="amount", most=10, action="refer", reason=words),
            Cap(name="barred", feature="country", values=("XX",), action="decline", reason=words),
        )
    )
    verdict = decide(policy, judged(0.15), {"amount": 11, "country": "XX"})
    assert (verdict.action, [reason.code for reason in verdict.reasons]) == ("decline", ["barred"])
    both = decide(policy, judged(0.9), {"country": "XX"})
    assert [reason.code for reason in both.reasons] == ["barred", "DEBT_RATIO"], "both led to the decline"


@pytest.mark.parametrize(
    ("value", "strikes"), [(11, True), (10, False), (1, True), ("XX", True), ("YY", False), (None, False), (True, True)]
)
def test_a_cap_strikes_beyond_its_limits(value: float | str | None, strikes: bool) -> None:
    cap = Cap(name="cap", feature="x", most=10, least=2, values=("XX",), reason=Wording(en="no", zh="不"))
    assert cap.strikes(value) is strikes
    assert cap.model_copy(update={"missing": True}).strikes(None)

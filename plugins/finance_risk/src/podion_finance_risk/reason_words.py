"""What features that many lenders have are called in plain words, by the names that they usually have in files.

They name what was looked at and claim no direction: whether more of it is better is the scorecard's to say.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Named:
    """A reason's code, and what the feature is called in both languages."""

    code: str
    en: str
    zh: str


_NAMES: tuple[tuple[str, str, str, str], ...] = (
    ("INCOME", "income annual_income monthly_income person_income salary", "Income", "收入"),
    ("DEBT_RATIO", "debt_to_income dti debt_ratio loan_percent_income payment_to_income",
     "Debts and instalments compared with income", "负债与还款占收入的比例"),
    ("AMOUNT", "amount loan_amount loan_amnt credit_amount limit_bal", "Amount", "金额"),
    ("TERM", "term term_months duration duration_in_month", "Term of the credit in months", "期限（月）"),
    ("EMPLOYMENT", "employment_years employment_months emp_length person_emp_length present_employment_since",
     "Length of the present employment", "现职工作时间"),
    ("UTILISATION", "utilization utilisation revolving_utilization card_utilization",
     "How much of the credit lines is used", "信用额度使用率"),
    ("LATE_PAYMENTS", "late_payments delinquencies delinquencies_2y past_due_count times_past_due pay_0 pay_1",
     "Late payments in the past", "过往逾期还款"),
    ("ENQUIRIES", "enquiries inquiries enquiries_6m inquiries_6m", "Recent enquiries for credit", "近期征信查询次数"),
    ("CREDIT_HISTORY", "credit_history credit_history_months cb_person_cred_hist_length history_months",
     "Credit history", "信用历史"),
    ("EARLIER_DEFAULT", "previous_default prior_default cb_person_default_on_file",
     "Earlier default on file", "征信报告中的违约记录"),
    ("SAVINGS", "savings balance savings_account_and_bonds", "Savings and balances", "存款与余额"),
    ("HOUSING", "housing home_ownership person_home_ownership", "Housing", "住房状况"),
    ("PURPOSE", "purpose loan_intent", "Purpose of the credit", "借款用途"),
    ("ACCOUNTS", "existing_credits open_accounts number_of_existing_credits_at_this_bank",
     "Other credits", "其他贷款"),
    ("INTEREST", "interest_rate loan_int_rate", "Interest rate", "利率"),
    ("NARRATIVE", "text narrative", "What the application says in its own words", "申请说明中的文字内容"),
)  # fmt: skip

NAMES: dict[str, Named] = {
    name: Named(code=code, en=en, zh=zh) for code, names, en, zh in _NAMES for name in names.split()
}
"""By the feature's name in small letters; a tenant's own words come before these."""

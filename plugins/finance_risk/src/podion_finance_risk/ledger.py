"""The decisions of a tenant with their applications, newest first, as reports read them."""

from podion import TenantCaller, newest
from podion_finance_risk.decisions import Application, Decision
from podion_finance_risk.simulation import Past

MOST_READ = 5_000
"""How many decisions a report reads."""


async def decisions_with_applications(caller: TenantCaller) -> tuple[list[Past], bool]:
    """Return the newest 5,000 decisions with their applications, and whether these are all."""
    decisions, all_decisions = await newest(caller, Decision, MOST_READ)
    applications, all_applications = await newest(caller, Application, MOST_READ)
    by_id = {application.id: application for application in applications}
    past = [Past(decision=each, application=by_id[each.id]) for each in decisions if each.id in by_id]
    return past, all_decisions and all_applications

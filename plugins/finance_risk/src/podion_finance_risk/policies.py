"""The tenant's policy versions: the one that holds, one of old, a new one."""

from datetime import UTC, datetime

from podion import TenantCaller
from podion_finance_risk.policy import BUILT_IN, Policy, PolicyVersion, built_in


async def current(caller: TenantCaller) -> PolicyVersion:
    """Return the policy that holds: the newest, or the built-in one."""
    newest = await caller.store.list(PolicyVersion, limit=1)
    return newest.data[0] if newest.data else built_in()


async def version(caller: TenantCaller, id: str) -> PolicyVersion:
    """Return a version by its id; raises `NotFound`."""
    return built_in() if id == BUILT_IN else await caller.store.get(PolicyVersion, id)


async def put(caller: TenantCaller, policy: Policy, *, by: str, note: str) -> PolicyVersion:
    """Keep a new version, which holds from now on."""
    before = await current(caller)
    return await caller.store.put(
        PolicyVersion(
            id=caller.new_id("pol"), policy=policy, by=by, note=note, since=datetime.now(UTC), replaces=before.id
        )
    )

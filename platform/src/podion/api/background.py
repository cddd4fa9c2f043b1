"""What the API process does when nobody asks: verticals' jobs and schedules, events on their way."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from podion.api.services import Services
from podion.api.stalls import mark_of
from podion.api.stopping import told_when_stopping
from podion.api.vertical_caller import VerticalCaller
from podion.lifecycle.background_jobs import BackgroundJobs, Means
from podion.lifecycle.delivery import Delivery
from podion.lifecycle.scheduling import Schedules
from podion.storage.enablements import EnablementRow
from podion.storage.ids import derived_id
from podion.storage.jobs import JobRow
from podion.tenancy.keys import Identity
from podion.vertical import SCOPES, Vertical

JOB_PATIENCE = 10
"""A job may take so many times as long as a route may think."""


@asynccontextmanager
async def working(services: Services) -> AsyncIterator[None]:
    """Work in the background while the context lasts."""
    jobs, delivery = _jobs(services), _delivery(services)
    tasks = [
        asyncio.create_task(jobs.run(), name="jobs of verticals"),
        asyncio.create_task(delivery.run(), name="deliveries to endpoints"),
    ]
    try:
        with told_when_stopping(services.streams.close):
            yield
    finally:
        services.streams.close()
        await asyncio.gather(jobs.close(), delivery.close())
        await asyncio.gather(*tasks)
        await services.outbound.close()


def _jobs(services: Services) -> BackgroundJobs:
    verticals = services.catalogue.verticals

    def caller(row: JobRow, vertical: Vertical, enabled: EnablementRow) -> VerticalCaller:
        given = itertools.count(1)
        return VerticalCaller(
            identity=Identity(tenant=row.tenant, key=row.id, scopes=SCOPES),
            enablement=enabled,
            vertical=vertical,
            services=services,
            # A job that runs again gets the ids that it got before, as a request does under its key.
            new_id=lambda prefix: derived_id(prefix, f"{row.id}\n{next(given)}"),
        )

    means = Means(
        caller=caller,
        task_name=mark_of,
        seconds=JOB_PATIENCE * services.settings.plugin_seconds,
        retry_seconds=services.settings.retry_seconds,
        note=services.metrics.job_ended,
    )
    schedules = Schedules(services.database, verticals.values())
    return BackgroundJobs(services.database, verticals, services.queue, schedules, means)


def _delivery(services: Services) -> Delivery:
    return Delivery(
        services.database,
        services.outbound,
        services.webhook_secrets,
        services.outbox.bell,
        retry_seconds=services.settings.retry_seconds,
        note=lambda outcome: services.metrics.deliveries.labels(outcome).inc(),
    )

"""The parts of a running API, made once and handed to whoever needs one."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import numpy as np
from fastapi import Request
from numpy.typing import NDArray

from podion.api.metrics import Metrics
from podion.catalogue.catalogue import Catalogue
from podion.data.masking.policies import Masking
from podion.hosting.client import EngineClient
from podion.hosting.protocol import TextKind
from podion.lifecycle.deployments import Deployer
from podion.lifecycle.event_streams import EventStreams
from podion.lifecycle.job_queue import JobQueue
from podion.lifecycle.outbound import Outbound
from podion.lifecycle.outbox import Outbox
from podion.lifecycle.predictor import Predictor
from podion.lifecycle.watchers import Watchers
from podion.lifecycle.webhook_signing import WebhookSecrets
from podion.retrieval.collections import Collections
from podion.settings import Settings
from podion.storage.database import Database
from podion.storage.files import Files


@dataclass(frozen=True, kw_only=True)
class Services:
    """Everything a route may reach."""

    settings: Settings
    catalogue: Catalogue
    database: Database
    files: Files
    engine: EngineClient
    predictor: Predictor
    masking: Masking
    collections: Collections
    embed: Callable[[Sequence[str], TextKind, str], Awaitable[NDArray[np.float32]]]
    deployer: Deployer
    watchers: Watchers
    metrics: Metrics
    queue: JobQueue
    outbox: Outbox
    outbound: Outbound
    streams: EventStreams
    webhook_secrets: WebhookSecrets
    operator_key: str


def services_of(request: Request) -> Services:
    """Return the services of the app that a request came to."""
    services = request.app.state.services
    assert isinstance(services, Services)
    return services

"""The parts of a running API, made once and handed to whoever needs one."""

from dataclasses import dataclass

from fastapi import Request

from podion.api.metrics import Metrics
from podion.catalogue.catalogue import Catalogue
from podion.hosting.client import EngineClient
from podion.lifecycle.deployments import Deployer
from podion.lifecycle.predictor import Predictor
from podion.lifecycle.watchers import Watchers
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
    deployer: Deployer
    watchers: Watchers
    metrics: Metrics
    operator_key: str


def services_of(request: Request) -> Services:
    """Return the services of the app that a request came to."""
    services = request.app.state.services
    assert isinstance(services, Services)
    return services

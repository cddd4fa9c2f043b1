"""The medical vertical's own routes; the rest come from the platform."""

from fastapi import APIRouter

from podion_medical.routes import deidentify, fhir, guidelines, notes, reports, suggestions, triage

router = APIRouter()
for each in (notes, triage, guidelines, deidentify, suggestions, reports, fhir):
    router.include_router(each.router)

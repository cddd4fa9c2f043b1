"""Support for clinicians: notes read and coded, triage, diagnosis support, answers with sources. Never autonomous."""

from podion import Standard, Vertical, hookimpl
from podion_medical.cards import ShownCard
from podion_medical.config import MedicalSettings
from podion_medical.guidelines import COLLECTION, Guideline, GuidelineVersion
from podion_medical.notes import Note, NoteVersion
from podion_medical.router import router
from podion_medical.routes import cds_hooks
from podion_medical.suggestions import Suggestion
from podion_medical.tasks import TASKS


@hookimpl
def register_vertical() -> Vertical:
    """Return the medical vertical: its tasks, its routes, what it keeps and tells, and what it is meant for."""
    return Vertical(
        name="medical",
        title={"en": "Support for clinicians", "zh": "临床辅助"},
        tasks=TASKS,
        router=router,
        config=MedicalSettings,
        kinds=(Note, NoteVersion, Suggestion, Guideline, GuidelineVersion, ShownCard),
        collections=(COLLECTION,),
        standards=(Standard(name="CDS Hooks 2.0", prefix="/cds-services", router=cds_hooks.router),),
        sample="sample.jsonl",
        story="podion_medical.story:tell",
        risk_class="high",
        intended_use={
            "en": (
                "Suggestions for qualified clinicians, each with the evidence that it rests on, to be reviewed before"
                " anything is done. Not for patients, not a diagnosis, and never acting by itself."
            ),
            "zh": "为有资质的临床医务人员提供附依据的建议，须经人工审核。不面向患者，不构成诊断，绝不自主行动。",
        },
    )

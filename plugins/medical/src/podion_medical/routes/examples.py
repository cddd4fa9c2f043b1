"""Bodies and answers that the OpenAPI page shows; the models are frozen, so are these."""

NOTICE = "For qualified clinicians: review the evidence before acting. Not a diagnosis; nothing is done by itself."
SUGGESTION = "sug_01JZ8Q5T3N6W2K4Y7B9D0F1G2H"
PREDICTION = "prd_01JZ8Q5T3N6W2K4Y7B9D0F1G2H"
KEY = "key_01JZ8Q5T3N6W2K4Y7B9D0F1G2H"
AT = "2026-03-17T09:30:00Z"
NOTE = {
    "id": "note-7", "version": 1, "text": "Admitted [DATE] with chest pain. No fever.", "kind": "admission",
    "patient_ref": "[REFERENCE:3f9a21c07be4]", "encounter_ref": None, "authored_at": AT, "filed_at": AT,
    "filed_by": KEY,
}  # fmt: skip
_QUOTE = {
    "source": "note", "document": "note-7", "version": "1", "start": 21, "end": 31, "quote": "chest pain",
    "assertion": "present", "weight": 0.41, "title": "", "url": None, "page": None, "score": None,
}  # fmt: skip
_COMMON = {
    "id": SUGGESTION, "at": AT, "asked_by": KEY, "adapter": "9f2c…", "prediction_id": PREDICTION, "language": "en",
    "confidence": 0.84, "abstained": False, "why_abstained": "", "state": "open", "verdict": None,
    "not_a_diagnosis": True, "notice": NOTICE,
}  # fmt: skip
CODES = {
    **_COMMON, "kind": "codes", "task": "medical/coding", "note": "note-7", "note_version": 1, "system": "ICD-10",
    "system_version": "2019",
    "items": [
        {
            "code": "I20.0", "confidence": 0.84, "evidence": [_QUOTE], "category": "I20",
            "chapter": "IX Circulatory system",
        }
    ],
    "held_back": [
        {
            "code": "R50.9", "confidence": 0.66, "why": "absent",
            "evidence": [{**_QUOTE, "start": 33, "end": 41, "quote": "No fever", "assertion": "absent"}],
        }
    ],
}  # fmt: skip
CASE = {
    "complaint": "Crushing chest pain for an hour, sweating", "age": 61, "sex": "male",
    "vitals": {"heart_rate": 112, "systolic": 98, "spo2": 93}, "history": ["hypertension"], "patient_ref": "MRN-4711",
}  # fmt: skip
TRIAGE = {
    **_COMMON, "kind": "triage", "task": "medical/triage", "text": "Crushing chest pain for an hour, sweating",
    "urgency": 2, "model_urgency": 3, "possible": ["3", "2"],
    "red_flags": [
        {
            "code": "chest_pain", "wording": {"en": "Chest pain", "zh": "胸痛"}, "urgency": 2,
            "evidence": {**_QUOTE, "source": "text", "document": "", "version": "", "start": 9, "end": 19},
        }
    ],
}  # fmt: skip
SYMPTOMS = {"text": "Red, itchy rash with dry, scaly patches on the elbows for weeks", "age": 34, "sex": "female"}
DIAGNOSIS = {
    **_COMMON, "kind": "diagnosis", "task": "medical/diagnosis", "text": SYMPTOMS["text"],
    "items": [
        {
            "code": "Psoriasis", "confidence": 0.84, "category": "", "chapter": "",
            "evidence": [
                {**_QUOTE, "source": "text", "document": "", "start": 21, "end": 41, "quote": "dry, scaly patches"}
            ],
        }
    ],
}  # fmt: skip
MEASURED = {"patient_ref": "MRN-4711", "age": 52, "glucose": 148, "bmi": 33.6, "pressure": 72}
RISK = {
    **_COMMON, "kind": "risk", "task": "medical/risk", "probability": 0.71, "logit": 0.9, "base_logit": -0.6,
    "contributions": [{"feature": "glucose", "value": 148, "logit": 0.9, "bin": "140 to 160"}],
}  # fmt: skip
GUIDELINE = {
    "id": "sepsis", "title": "Sepsis in adults", "version": "2026-03",
    "text": "Give antibiotics within one hour of recognising septic shock. Measure lactate.", "language": "en",
}  # fmt: skip
KEPT_GUIDELINE = {**GUIDELINE, "url": None, "valid_from": None, "valid_to": None, "filed_at": AT, "filed_by": KEY}
SOURCED = {
    **_COMMON, "kind": "answer", "task": "medical/guidelines", "adapter": None, "prediction_id": "",
    "text": "How soon are antibiotics given in septic shock?",
    "evidence": [
        {
            **_QUOTE, "source": "guideline", "document": "sepsis", "version": "2026-03", "start": 0, "end": 61,
            "quote": "Give antibiotics within one hour of recognising septic shock.", "title": "Sepsis in adults",
            "assertion": None, "weight": None, "page": 1, "score": 0.83,
        }
    ],
}  # fmt: skip

"""Calls that must get nothing, by class, and the judgement of what they got."""

import contextlib
import json
import re
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import httpx

from attack.filling import Call, CannotFill, Operation, Slot, fill
from attack.world import Owner, lines, nobodys, rows

ANY_KEY = re.compile(r"/v1/(me|usage|verticals|(models|collections)(/.*)?)|/v2/models/.*")
"""What every key of a tenant may read, whatever its scopes."""

SCOPE_OF = {
    r"POST .*/finance-risk/(applications|transactions|texts|customers)": "predict",
    r"POST .*/finance-risk/decisions/\{decision_id\}:request-human-review": "predict",
    r"GET .*/finance-risk/policy$": "predict",
    r"PUT .*/finance-risk/policy$": "deploy",
    r".*/finance-risk/(decisions|transactions|outcomes|policy|review-queue)": "data",
    r".*/finance-risk/(scorecard|stability|fairness|fraud-report)": "data",
    r".*/sentiment-monitor/analyze": "predict",
    r".*/sentiment-monitor/(articles|entities|sources|trends|stories|rules|alerts|report)": "data",
    r"(POST|DELETE) .*/medical/(notes|guidelines|fhir)(/.*)?$": "data",
    r"GET .*/medical/(notes|guidelines|suggestions|provenance|fhir/suggestions|reports)": "data",
    r"GET .*/medical/(audit|fhir/AuditEvent)": "admin",
    r"POST .*/medical/(suggestions|reports)": "data",
    r"POST .*/medical/(notes|triage|diagnoses|risks|match|questions|deidentify)": "predict",
    r"POST .*/cds-services/.*/feedback": "data",
    r".*/cds-services": "predict",
    r"POST .*/recommender/experiments": "deploy",
    r"POST .*/recommender/(offline-eval|position-bias)": "train",
    r".*/recommender/(users|interactions|rules)": "data",
    r"POST .*/recommender/retraining": "data",
    r"GET .*/recommender/items/\{item_id\}/similar": "predict",
    r".*/recommender/items": "data",
    r".*/recommender/(recommendations|rank|popular)": "predict",
    r"GET .*/recommender/(experiments|offline-eval|off-policy|position-bias|retraining)": "predict",
    r"POST .*\{name\}:search": "predict",
    r".*/collections": "data",
    r".*/(verticals|keys|webhooks)": "admin",
    r".*/v1/jobs": "data",
    r".*/(runs|adapters)": "train",
    r".*/deployments": "deploy",
    r".*/customer-service/(datasets|templates|curated-answers|kb|analytics|unanswered|review|e2e-tests)": "data",
    r"GET .*/conversations(/.*/handoff)?$": "data",
    r"POST .*/(replies|handoff:accept|handoff:return)": "data",
    r".*/datasets": "data",
    r".*/(feedback|parse|judge|answer|conversations|predictions|batches|embeddings|infer)": "predict",
    r"GET /v1/[^/]*/events": "predict",
}
"""Written down apart from the code that asks for them: the first that begins an operation's name decides."""

UNSTEADY_READS = frozenset(
    {
        "GET /v1/finance-risk/scorecard",
        "GET /v1/jobs",
        "GET /v1/medical/audit",
        "GET /v1/medical/fhir/AuditEvent",
        "GET /v1/recommender/items/{item_id}/similar",
        "GET /v1/recommender/off-policy",
        "GET /v1/recommender/recommendations/{user_id}",
        "GET /v1/recommender/retraining",
    }
)
"""What time or reading changes: a metered read, what goes on by itself, who saw what, what is drawn by lot."""

REFUSED_BY_NATURE = {("POST /v1/sentiment-monitor/sources/{source_id}:poll", "not_polled")}
"""Refusals that show as much as an answer: a source that is pushed to has no address to be fetched."""

LISTENING_SECONDS = 0.2

SCOPES = ("predict", "data", "train", "deploy", "admin")


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One hostile call: by whom, against whom, and what it must be answered.

    `statuses` are allowed; with a `twin`, which names what nobody has, both must get the same but for `request_id`.
    """

    kind: str
    call: Call
    key: str | None
    attacker: Owner | None
    victims: tuple[Owner, ...]
    statuses: frozenset[int] = frozenset()
    twin: Call | None = None
    fresh: bool = False
    """Whether a replayed answer is a leak."""


@dataclass
class Verdict:
    """How many calls were made, and every leak with its words, by class."""

    calls: Counter[str] = field(default_factory=Counter)
    leaks: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    told: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def leak(self, kind: str, words: str) -> None:
        """Count a leak."""
        self.leaks[kind] += 1
        self.told.append(f"{kind}: {words}")


class Attack:
    """Sends attempts to one server and judges the answers."""

    def __init__(self, url: str, verdict: Verdict) -> None:
        self._http = httpx.Client(base_url=url, timeout=60, verify=False)
        self.verdict = verdict

    def send(self, attempt: Attempt) -> None:
        """Make an attempt, and its twin where it has one."""
        answer = self._sent(attempt, attempt.call)
        twin = self._sent(attempt, attempt.twin) if attempt.twin else None
        if answer.status_code == 201 and attempt.attacker and (jobs := jobs_of(attempt.call.operation.path)):
            attempt.attacker.http.post(f"{jobs}/{answer.json()['id']}:cancel")
        with self.verdict.lock:
            self._judge(attempt, answer, twin)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _sent(self, attempt: Attempt, call: Call) -> httpx.Response:
        arguments = call.arguments()
        if attempt.key is not None:
            arguments["headers"] = {**arguments["headers"], "Authorization": f"Bearer {attempt.key}".encode()}
        return listened(self._http, call, arguments)

    def _judge(self, attempt: Attempt, answer: httpx.Response, twin: httpx.Response | None) -> None:
        verdict, kind = self.verdict, attempt.kind
        for call, got in ((attempt.call, answer), *(((attempt.twin, twin),) if twin is not None else ())):
            verdict.calls[kind] += 1
            verdict.statuses[got.status_code] += 1
            seen = f"{call.operation.name} {arguments_shown(call)} -> {got.status_code} {got.text[:300]}"
            if got.status_code >= 500 or (attempt.statuses and got.status_code not in attempt.statuses):
                verdict.leak(kind, seen)
            if attempt.fresh and (
                got.status_code not in (200, 201, 404, 409, 422) or "idempotent-replayed" in got.headers
            ):
                verdict.leak(kind, seen)
            sent = str(call.arguments())
            for secret in {s for victim in attempt.victims for s in victim.secrets()}:
                if secret not in sent and (secret in got.text or secret in str(got.headers)):
                    verdict.leak(kind, f"{secret!r} of another in {seen}")
        if attempt.twin and twin is not None:
            ours, nobodys_ = essence(answer, attempt.call.named()), essence(twin, attempt.twin.named())
            if ours != nobodys_:
                verdict.leak(kind, f"{attempt.call.operation.name}: {ours!r} is not {nobodys_!r}")


def listened(client: httpx.Client, call: Call, arguments: Mapping[str, Any] | None = None) -> httpx.Response:
    """Return the answer to a call; of one that never ends, what came until there was silence for a moment."""
    sent = dict(arguments or call.arguments())
    if not call.operation.endless:
        return client.request(**sent)
    request = client.build_request(**sent)
    request.extensions["timeout"] = {**request.extensions["timeout"], "read": 30.0}
    told = b""
    with contextlib.closing(client.send(request, stream=True)) as answer:
        if answer.status_code != 200:
            answer.read()
            return answer
        request.extensions["timeout"]["read"] = LISTENING_SECONDS
        with contextlib.suppress(httpx.ReadTimeout):
            for chunk in answer.iter_raw():
                told += chunk
    return httpx.Response(200, headers=answer.headers, content=told)


def jobs_of(path: str) -> str | None:
    """Return where the jobs lie that a POST to `path` starts, None where it starts none."""
    if path.endswith("/predictions:batch"):
        return path.replace("/predictions:batch", "/batches")
    return path if path.endswith("/runs") else None


def arguments_shown(call: Call) -> str:
    """Return a call's arguments, short."""
    arguments = call.arguments()
    return str({name: str(arguments[name])[:200] for name in arguments if name not in ("method", "content")})


def essence(answer: httpx.Response, sent: Iterable[str] = ()) -> tuple[int, str, tuple[tuple[str, str], ...]]:
    """Return what must be equal of two answers: all but the request's id, the time, and ids that were sent."""
    body = answer.text.replace(answer.headers.get("x-request-id", "-"), "")
    for id_ in sent:
        body = body.replace(id_, "…")
    kept = tuple(sorted((k, v) for k, v in answer.headers.items() if k not in ("date", "x-request-id")))
    return answer.status_code, body, kept


def unknown_keys(found: Sequence[Operation], kind: str, keys: Iterable[str | None], victim: Owner) -> Iterator[Attempt]:
    """Every operation that needs a key, with keys that open nothing: 401."""
    for key in keys:
        for operation in found:
            if operation.needs_key:
                call = fill(operation, victim.ids)
                yield Attempt(
                    kind=kind, call=call, key=key, attacker=None, victims=(victim,), statuses=frozenset({401})
                )


def wrong_doors(found: Sequence[Operation], operator: str, owner: Owner) -> Iterator[Attempt]:
    """The operator's key at tenants' routes, and a tenant's at the operator's: 401."""
    for operation in found:
        if operation.needs_key:
            of_operator = operation.path.startswith("/v1/admin/")
            kind, key = ("tenant_on_operator", owner.key) if of_operator else ("operator_on_tenant", operator)
            call = fill(operation, owner.ids)
            yield Attempt(kind=kind, call=call, key=key, attacker=None, victims=(owner,), statuses=frozenset({401}))


def disabled_verticals(found: Sequence[Operation], bare: Owner, victim: Owner) -> Iterator[Attempt]:
    """A vertical's operations by a tenant that has not enabled it: 404."""
    for operation in found:
        if operation.vertical:
            call = fill(operation, victim.ids)
            yield Attempt(
                kind="disabled_vertical",
                call=call,
                key=bare.key,
                attacker=bare,
                victims=(victim,),
                statuses=frozenset({404}),
            )


def foreign_ids(found: Sequence[Operation], attacker: Owner, victim: Owner) -> Iterator[Attempt]:
    """Each id of a request in turn, then all together, replaced by another tenant's; the twin's by nobody's."""
    for operation in found:
        if operation.path.startswith("/v1/admin/") or not operation.needs_key:
            continue
        own, theirs = fill(operation, attacker.ids), fill(operation, victim.ids)
        slots = [slot for slot in own.slots if attacker.ids[slot.id] != victim.ids[slot.id]]
        for slot in slots:
            hostile = own.put(slot, victim.ids[slot.id])
            twin = own.put(slot, nobodys(victim.ids[slot.id]))
            yield _foreign(f"foreign_{slot.place}", hostile, twin, attacker, victim, [slot])
        if len(slots) > 1:
            twin = theirs
            for slot in slots:
                twin = twin.put(slot, nobodys(victim.ids[slot.id]))
            yield _foreign("foreign_all", theirs, twin, attacker, victim, slots)


def _foreign(kind: str, call: Call, twin: Call, attacker: Owner, victim: Owner, slots: Sequence[Slot]) -> Attempt:
    # A list that is narrowed down by an id is answered, with nothing in it.
    filters = call.operation.method == "GET" and all(slot.place == "query" for slot in slots)
    return Attempt(
        kind=kind,
        call=call,
        twin=twin,
        key=attacker.key,
        attacker=attacker,
        victims=(victim,),
        statuses=frozenset({404, 409, 422} | ({200} if filters else set())),
    )


def foreign_headers(
    found: Sequence[Operation], attacker: Owner, victim: Owner, cursors: Sequence[str]
) -> Iterator[Attempt]:
    """Reads of one's own with another's tenant, cursor, event id and names in query and headers."""
    named = {"tenant": victim.id, "tenant_id": victim.id, "owner": victim.id}
    headers = {
        "X-Tenant": victim.id,
        "X-Tenant-ID": victim.id,
        "X-Forwarded-User": victim.id,
        "If-None-Match": victim.id,
    }
    for operation in found:
        if operation.method != "GET" or operation.path.startswith("/v1/admin/"):
            continue
        own = fill(operation, attacker.ids)

        def attempt(kind: str, call: Call) -> Attempt:
            return Attempt(kind=kind, call=call, key=attacker.key, attacker=attacker, victims=(victim,))

        yield attempt("foreign_query", replace(own, query={**own.query, **named}))
        yield attempt("foreign_header", replace(own, headers=headers))
        parameters = {parameter["name"].lower() for parameter in operation.spec.get("parameters", ())}
        if "cursor" in parameters:
            for cursor in cursors:
                yield attempt("foreign_cursor", replace(own, query={**own.query, "cursor": cursor, "limit": "200"}))
        if "last-event-id" in parameters:
            for event in ("0", "1", "999999", victim.ids["run"][:20]):
                yield attempt("foreign_event_id", replace(own, headers={"Last-Event-ID": event}))


def foreign_uploads(attacker: Owner, victim: Owner, operation: Operation) -> Iterator[Attempt]:
    """Files of one's own under names that lead to another's."""
    own = fill(operation, attacker.ids)
    place = f"tenants/{victim.id}/datasets/{victim.ids['dataset']}.jsonl"
    for name in (
        place,
        f"../../{place}",
        f"..\\..\\{place}",
        f"/{place}",
        victim.ids["dataset"],
        f"{place}\0.csv",
        "podion.sqlite",
    ):
        body = (
            f'--x\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'.encode()
            + lines(rows(attacker.canary))
            + b"\r\n--x--\r\n"
        )
        call = replace(
            own,
            body=body,
            query={"task": "intent"},
            headers={"Content-Type": "multipart/form-data; boundary=x"},
        )
        yield Attempt(
            kind="foreign_file_name",
            call=call,
            key=attacker.key,
            attacker=attacker,
            victims=(victim,),
            statuses=frozenset({201, 422, 400}),
        )


def replays(found: Sequence[Operation], attacker: Owner, victim: Owner) -> Iterator[Attempt]:
    """What creates, under the `Idempotency-Key` that another tenant has used there: never that one's answer."""
    for operation in found:
        if operation.creates and not operation.path.startswith("/v1/admin/"):
            call = replace(fill(operation, attacker.ids), headers={"Idempotency-Key": f"{victim.canary}-again"})
            yield Attempt(
                kind="foreign_idempotency",
                call=call,
                key=attacker.key,
                attacker=attacker,
                victims=(victim,),
                fresh=True,
            )


def wrong_scopes(found: Sequence[Operation], keys: Mapping[str, str], clerk: Owner, victim: Owner) -> Iterator[Attempt]:
    """Every operation by keys of one scope each: 403, but for the scope that it needs."""
    ids = {name: nobodys(id_) for name, id_ in victim.ids.items()} | {"verticals.name": "praise"}
    for operation in found:
        if operation.path.startswith("/v1/admin/") or not operation.needs_key:
            continue
        needed = scope_of(operation)
        for scope, key in keys.items():
            if needed not in (None, scope):
                call = fill(operation, ids)
                yield Attempt(
                    kind="wrong_scope", call=call, key=key, attacker=clerk, victims=(victim,), statuses=frozenset({403})
                )


def scope_of(operation: Operation) -> str | None:
    """Return the scope that an operation must ask for, None where any key will do; an unknown one is `CannotFill`."""
    if operation.method == "GET" and ANY_KEY.fullmatch(operation.path):
        return None
    for beginning, scope in SCOPE_OF.items():
        if re.match(rf"{beginning}(?=$|[/:{{])", operation.name):
            return scope
    raise CannotFill(
        f"{operation.name}: which scope must it ask for? Say so in SCOPE_OF of benchmarks/attack/hostile.py"
    )


def cursors_of(owner: Owner, found: Sequence[Operation]) -> list[str]:
    """Return the cursors that a tenant's own lists give out."""
    got = []
    for operation in found:
        names = {parameter["name"] for parameter in operation.spec.get("parameters", ())}
        if operation.method == "GET" and "cursor" in names and not operation.path.startswith("/v1/admin/"):
            call = fill(operation, owner.ids)
            answer = owner.http.request(**replace(call, query={**call.query, "limit": "1"}).arguments())
            cursor = answer.json().get("next") if answer.status_code == 200 else None
            got += [cursor] if cursor else []
    return got


def snapshot(owner: Owner, found: Sequence[Operation]) -> dict[str, Any]:
    """Return all that a tenant can read of its own, without what changes by itself."""
    seen = {}
    for operation in found:
        if operation.endless or operation.name in UNSTEADY_READS:
            continue
        if operation.method == "GET" and operation.needs_key and not operation.path.startswith("/v1/admin/"):
            answer = owner.http.request(**fill(operation, owner.ids).arguments())
            if answer.status_code < 400:
                seen[operation.name] = _still(answer)
    return seen


def _still(answer: httpx.Response) -> Any:
    if not answer.headers["content-type"].startswith("application/json"):
        return answer.content
    document = json.loads(answer.content)
    if "meters" in document:
        document["meters"].pop("embeddings", None)  # reading clusters embeds, and is billed
    return {name: value for name, value in document.items() if name not in ("until", "since", "made_at")}


def insist_that_calls_get_through(
    found: Sequence[Operation], owner: Owner, operator: httpx.Client, doomed: Owner
) -> int:
    """Call every operation as its owner would, what ends something last; return how many were called.

    Raises `CannotFill` for a request that is refused for its form or its ids: hostile copies of it would prove nothing.
    What creates is sent twice, and must be replayed. The routes that the host gives every vertical are called in one.
    """
    first = {(o.method, o.path.removeprefix("/v1/customer-service")) for o in found if o.vertical == "customer-service"}
    called = 0
    for operation in found:
        if not operation.needs_key:
            continue
        again = (operation.method, operation.path.removeprefix(f"/v1/{operation.vertical}"))
        if operation.vertical not in ("", "customer-service") and again in first:
            continue
        admin = operation.path.startswith("/v1/admin/")
        client, ids = (operator, doomed.ids) if admin else (owner.http, owner.ids)
        headers = {"Idempotency-Key": f"{owner.canary}-again"} if operation.creates else {}
        call = replace(fill(operation, ids), headers=headers)
        answers = [listened(client, call) for _ in range(2 if operation.creates else 1)]
        called += len(answers)
        _insist(operation, call, answers)
        if operation.creates and (jobs := jobs_of(operation.path)):
            client.post(f"{jobs}/{answers[0].json()['id']}:cancel")
    return called


def _insist(operation: Operation, call: Call, answers: Sequence[httpx.Response]) -> None:
    first, last = answers[0], answers[-1]
    code = first.json().get("code") if first.status_code == 422 else None
    if first.status_code >= 400 and first.status_code != 409 and (operation.name, code) not in REFUSED_BY_NATURE:
        raise CannotFill(
            f"{operation.name} refused {arguments_shown(call)} with {first.status_code} {first.text[:300]}: teach "
            "benchmarks/attack/filling.py what its owner would send"
        )
    if operation.creates and first.status_code == 201:
        assert last.status_code == 201 and last.headers.get("idempotent-replayed") == "true", (
            f"{operation.name} answers 201, so it takes an Idempotency-Key, and the second request was not replayed"
        )

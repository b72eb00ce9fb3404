"""Examples in the OpenAPI documents: one for each member's name, for a name means the same wherever it stands."""

from typing import Any

__all__ = ["add_examples"]

_HASH, _DIGEST, _ID = "ab" * 32, "3c" * 32, "4e" * 16
_FROM, _UNTIL = "2026-11-01T09:00:00Z", "2026-12-31T18:00:00Z"
_TOKEN = "what-the-service-answered-before"  # noqa: S105 - stands where a token goes
_WORDS = "correct horse battery staple"
_PERSON, _ANOTHER = "5d" * 16, "6e" * 16
_GRANT: dict[str, Any] = {"grant": "7f" * 16, "account": _PERSON, "role": "scrutineer", "election": _HASH, "from": _FROM, "until": _UNTIL}
_STEP = {"step": "open", "before": "trial decryption", "after": "open", "accounts": [_PERSON, _ANOTHER], "done": _FROM}

_OF_MEMBERS: dict[str, Any] = {
    "Idempotency-Key": "0b6e1f4a-27c3-4f0e-9a55-3f3c1f1f7f0d",
    "accepted": 1204,
    "account": _PERSON,
    "accounts": [_PERSON, _ANOTHER],
    "added": 12,
    "address": "otpauth://totp/Psephos:a.person?secret=ABCDEFGHIJKLMNOP&issuer=Psephos",
    "after": 0,
    "again": False,
    "answer": '{"id": "…", "response": {}, "type": "public-key"}',
    "approve": True,
    "approved_by": _ANOTHER,
    "approver": _ANOTHER,
    "asked": {"open": [_PERSON]},
    "asked_by": _PERSON,
    "at": _FROM,
    "audit_key": "5f" * 32,
    "author": _PERSON,
    "awaited": ["guardian 2: the trial decryption from the medium"],
    "ballot": '{"selection_encryption_identifier":"…"}',
    "ballots_sha256": _DIGEST,
    "before": "trial decryption",
    "by": _PERSON,
    "bytes": 1204,
    "can_sign_in": True,
    "challenged": 2,
    "changed": 3,
    "channel": "e-mail",
    "checked": _FROM,
    "checkpoint": f"https://voting.example/{_HASH}\n120\nq6u…=\n\n— https://voting.example/{_HASH} 1f2e…=\n",
    "closes": _UNTIL,
    "codes": ["7m4k-q2xd-9t3w-hf6p"],
    "column": "email",
    "columns": {"reference": "Member no", "email": "E-mail"},
    "consistency": [_DIGEST],
    "content": "{}",
    "count": 7,
    "counted": 118,
    "date": _FROM,
    "delimiter": ";",
    "discount": 1,
    "discounted": 1,
    "doing": "checking every proof",
    "domain": "employer.example",
    "done": 64,
    "dry_run": True,
    "election": _HASH,
    "election_id": _HASH,
    "email": "a.person@scrutineer.example",
    "employer_domains": ["employer.example"],
    "employer_numbers": ["020 7946 0000"],
    "encoding": "cp1252",
    "ended": False,
    "factor": _ID,
    "factors": ["one-time code", "passkey"],
    "failed": 0,
    "fix": "ask the voter for a personal address",
    "from": _FROM,
    "given_for": "union",
    "grant": _GRANT["grant"],
    "grant_id": _GRANT["grant"],
    "grants": [_GRANT],
    "guardian": 2,
    "guardian_count": 3,
    "guardians": [1, 3],
    "h_b": "2B" * 32,
    "h_e": "3C" * 32,
    "h_p": "1A" * 32,
    "hints": True,
    "if-match": '"3"',
    "invitation": _TOKEN,
    "kept": 1189,
    "key": "9a" * 32,
    "kind": "granted",
    "label": "Industrial action at the depot",
    "leave_out": 0,
    "limit": 50,
    "manifest": '{"label":"Industrial action at the depot"}',
    "missing": 1,
    "most": 1000,
    "name": "ceremony/1_commitments/guardian_1.json",
    "needs_method": 4,
    "new": _WORDS,
    "next": "the close, at the moment that the manifest names",
    "number": 1,
    "old": _WORDS,
    "opening": '{"nonces":"…"}',
    "opens": _FROM,
    "password": _WORDS,
    "path": "manifest.json",
    "people": 120,
    "position": 4,
    "problem": "is at a domain of the employer",
    "quorum": 2,
    "reason": "the message came back",
    "received": True,
    "record_hash": _HASH,
    "reference": "M-100234",
    "rejected": 0,
    "rejected_by_rule": {},
    "removed": 2,
    "report": "VERIFIED",
    "request": 1,
    "request_id": _ID,
    "role": "scrutineer",
    "round": 1,
    "row": 17,
    "rows": 1204,
    "rule": "COP-054a.2",
    "rules": 1,
    "secret": "ABCDEFGHIJKLMNOP",
    "sent": 119,
    "sha256": _DIGEST,
    "sheet": "Members",
    "sheets": ["Members"],
    "sign_in_name": "a.person",
    "signature": "8b" * 64,
    "signing_key": "5f" * 32,
    "small_units": [{"what": "question", "label": "Strike at the depot", "counted": 7}],
    "source": "medium",
    "state": "open",
    "step": "open",
    "steps": ["close", "abandon"],
    "stored": True,
    "style": 1,
    "to_sign": "0c" * 40,
    "token": _TOKEN,
    "total": 120,
    "trustees": ["1a" * 16, "2b" * 16, "3c" * 16],
    "union": "Union of Examples",
    "union_domains": ["union.example"],
    "union_numbers": ["0161 496 0000"],
    "unique_identifier": _ID,
    "unique_identifiers": [_ID],
    "unreachable": 1,
    "until": _UNTIL,
    "unused": ["Date of birth"],
    "version": 3,
    "voters": 120,
    "waiting": 0,
    "what": "question",
    "withheld_by_rule": {"COP-054a.2": 5},
    "wrong": "guardian 3: a proof does not hold",
}
_ELSEWHERE: dict[str, Any] = {  # the few members and parameters whose name says something else there
    "/api/v1/ballots after": _HASH,
    "AppSecret.address": _OF_MEMBERS["address"],
    "AwaitedAnswers.missing": [3],
    "BallotPage.next": _HASH,
    "Candidate.address": _DIGEST,
    "CodeSent.sent": True,
    "CountState.failed": "the disk is full",
    "CountState.state": "running",
    "ListedMessage.sha256": _DIGEST,
    "Found.kind": "contact withheld",
    "ListSent.sent": _FROM,
    "Me.grants": [{name: value for name, value in _GRANT.items() if name != "account"}],
    "NewCode.code": "7M4K-Q2XD-9T3W-HF6P-2C8V-N5RJ-0AZE",
    "NewGrant.reason": "starter",
    "NewPeriod.reason": "starter",
    "RecordVerification.failed": "a ballot does not verify",
    "RecoveryAsked.request": _ID,
    "RollReport.at": 1204,
    "RollReport.failed": "",
    "RollReport.state": "done",
    "Sample.sent": "2026-11-03",
    "StepDone.after": "open",
    "StepDone.done": _FROM,
    "WorkingFactor.kind": "passkey",
}
_CHANGE = {
    "number": 1, "kind": "granted", "grant": _GRANT, "reason": "appointment", "asked_by": _PERSON, "approver": _ANOTHER, "at": _FROM,
}  # fmt: skip
_QUESTION = {"challenge": "q2v…", "rpId": "voting.example", "userVerification": "required", "timeout": 60000}
_OPTION = {
    "label": "Yes", "encrypted_tally": {"alpha": "1F…", "beta": "2E…"}, "tally": 80, "decrypted_value": "3D…",
    "proof": {"c": "0A…", "v": "1B…"},
}  # fmt: skip
_OF_ANSWERS: dict[str, Any] = {  # of operations whose answer is no message of ours
    "GET /api/v1/elections": [
        {
            "election_id": _HASH,
            "label": "Industrial action at the depot",
            "union": "Union of Examples",
            "opens": _FROM,
            "closes": _UNTIL,
            "opened": True,
            "closed": False,
        }
    ],
    "GET /api/v1/elections/{election_id}": {
        "manifest": "7B22…7D",
        "guardian_count": 3,
        "quorum": 2,
        "vote_encryption_key": "1F…A0",
        "ballot_data_encryption_key": "2E…B1",
    },
    "GET /api/v1/ballots/{election_id}/manifest": {"label": "Industrial action at the depot", "contests": []},
    "GET /api/v1/ballots/{election_id}/permissions": [_CHANGE],
    "GET /api/v1/ballots/{election_id}/report": {
        "election": _HASH,
        "label": "Industrial action at the depot",
        "state": "tallied",
        "quorum": 2,
        "steps": [],
        "count": {"voters": 120, "counted": 118, "discounted": 1, "challenged": 2},
        "result": [{"question": "Are you prepared to take part in a strike?", "options": [{"label": "Yes", "votes": 80}]}],
    },
    "POST /api/v1/factors/passkey": _QUESTION,
    "POST /api/v1/sign-in/passkey/question": _QUESTION,
    "GET /api/v1/accounts": [{"account": _PERSON, "can_sign_in": True, "ended": False}],
    "GET /api/v1/ballots/{election_id}/grants": [_GRANT],
    "GET /api/v1/grants": [_GRANT],
    "GET /api/v1/ballots/{election_id}/steps": [_STEP],
    "GET /api/v1/ballots/{election_id}/result": {"contests": [{"contest_ix": 1, "label": "Strike at the depot", "options": [_OPTION]}]},
    "GET /api/v1/factors": [{"factor": _ID, "kind": "passkey"}],
    "GET /api/v1/recoveries": {_ID: _PERSON},
}


def add_examples(document: dict[str, Any]) -> None:
    """Gives every member and parameter of an OpenAPI document an example, where it has none."""
    for schema_name, schema in document.get("components", {}).get("schemas", {}).items():
        for name, member in schema.get("properties", {}).items():
            if "examples" not in member and not _refers(member):
                example = _ELSEWHERE.get(f"{schema_name}.{name}", _OF_MEMBERS.get(name, _within(member)))
                if example is not None:
                    member["examples"] = [example]
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            for parameter in operation.get("parameters", ()):
                name = parameter["name"]
                example = _ELSEWHERE.get(f"{path} {name}", _OF_MEMBERS.get(name))
                if "example" not in parameter and "examples" not in parameter["schema"] and example is not None:
                    parameter["example"] = example
            answer = _OF_ANSWERS.get(f"{method.upper()} {path}")
            if answer is not None and "200" in operation["responses"]:
                operation["responses"]["200"]["content"]["application/json"]["example"] = answer


def _within(member: dict[str, Any]) -> Any:
    """The example of what may stand there, if one of several kinds has one."""
    return next((each["examples"][0] for each in member.get("anyOf", ()) if "examples" in each), None)


def _refers(member: dict[str, Any]) -> bool:
    """Whether a member is a message, or messages, with examples of their own members."""
    return "$ref" in member or "$ref" in member.get("items", {}) or any("$ref" in each for each in member.get("anyOf", ()))

"""The record over HTTP: drafted and signed by scrutineers, and after its release there for everybody, without a session (PR-12)."""

import json
from collections.abc import Collection
from datetime import datetime
from pathlib import Path as FolderPath
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import FileResponse, StreamingResponse
from pydantic import ConfigDict, Field

from api.auth import Principal, Role
from api.authorising import Requires, anybody
from api.errors import NotFound
from api.idempotency import IdempotentRoute, once
from api.messages import ElectionId, Message
from api.problems import documented
from api.records.archive import FOLDER, archived
from api.records.files import LISTING
from api.records.service import Releases
from api.records.verifying import Verification, VerificationState
from engine.record import PROFILE, as_date, digest

__all__ = ["router"]

router = APIRouter(prefix="/api/v1", tags=["record"], route_class=IdempotentRoute)

Scrutineer = Annotated[Principal, Depends(Requires(Role.SCRUTINEER))]
Reader = Annotated[Principal, Depends(Requires(Role.SCRUTINEER, Role.AUDITOR))]
_PUBLIC = [Depends(anybody)]
_BYTES: dict[int | str, dict[str, Any]] = {200: {"content": {"application/octet-stream": {}}}}


class DraftedRecord(Message):
    """A record that waits for the scrutineer's signature. `to_sign` are the bytes to sign with Ed25519, in hexadecimal."""

    record_hash: str
    date: str
    to_sign: str


class RecordSignature(Message):
    """The scrutineer's signature, and the date that was signed with it."""

    date: datetime = Field(strict=False)
    signature: str = Field(pattern="^[0-9a-fA-F]{128}$")


class RecordVerification(Message):
    """How far the verification of the signed record is; `report` is what the verifier says when it is done, `failed` why it has stopped."""

    state: VerificationState = Field(description="running, done or failed")
    doing: str = ""
    report: str = ""
    failed: str = ""


class RecordFile(Message):
    """A file of a record."""

    path: str
    bytes: int
    sha256: str


class ListedRecord(Message):
    """A ballot whose record is public, or will be."""

    model_config = ConfigDict(from_attributes=True)

    election_id: str
    label: str
    union: str
    closes: str = Field(description="The end of voting, as the manifest has it.")
    released: bool = Field(description="Whether its record is public.")


class ReleasedRecord(Message):
    """A released record: its hash, the key it is signed under, all its files, and whether there are hints for a faster verification."""

    record_hash: str
    key: str
    files: list[RecordFile]
    hints: bool


def releases_of(request: Request) -> Releases:
    """The service of this app."""
    releases: Releases = request.app.state.releases
    return releases


TheReleases = Annotated[Releases, Depends(releases_of)]


@router.post(
    "/ballots/{election_id}/record", status_code=201, dependencies=[Depends(once)],
    responses=documented(400, 404, 409, 415, 421, 422, 503),
)  # fmt: skip
def draft(releases: TheReleases, _: Scrutineer, election_id: ElectionId) -> DraftedRecord:
    """Write the record, to be signed. It is not public."""
    made = releases.draft(election_id)
    return DraftedRecord(record_hash=made.record_hash.hex(), date=as_date(made.date), to_sign=made.to_sign.hex())


@router.get(
    "/ballots/{election_id}/record/{path:path}", response_class=FileResponse,
    responses={**_BYTES, **documented(404, 409, 421, 422, 503)},
)  # fmt: skip
def drafted_file(releases: TheReleases, _: Scrutineer, election_id: ElectionId, path: Annotated[str, Path(max_length=200)]) -> FileResponse:
    """A file of the record that waits for its signature: `profile.json` lists the others. Whoever signs looks at what it is first."""
    folder = releases.drafted(election_id)
    there = {each["path"] for each in json.loads((folder / PROFILE).read_bytes())["files"]}
    return _file(folder, path, {*there, PROFILE})


@router.post(
    "/ballots/{election_id}/record/signature", status_code=202, dependencies=[Depends(once)],
    responses=documented(400, 404, 409, 413, 415, 421, 422, 503),
)  # fmt: skip
def sign(releases: TheReleases, _: Scrutineer, election_id: ElectionId, body: RecordSignature) -> RecordVerification:
    """Hand in the signature. The verifier then verifies the whole record, in the background; if it does not verify it is never released.
    Again answers how far that is; what has failed, or was interrupted, starts again."""
    return _verification(releases.sign(election_id, body.date, bytes.fromhex(body.signature)))


@router.get("/ballots/{election_id}/verification", responses=documented(404, 421, 422, 503))
def verification(releases: TheReleases, _: Reader, election_id: ElectionId) -> RecordVerification:
    """How far the verification of the signed record is, and what it found."""
    return _verification(releases.verification(election_id))


@router.get("/records", dependencies=_PUBLIC, responses=documented(421, 503))
def records(releases: TheReleases) -> list[ListedRecord]:
    """The ballots that were opened, and not abandoned: which of them have a released record, and what each is called."""
    return [ListedRecord.model_validate(each) for each in releases.listed()]


@router.get("/records/{election_id}", dependencies=_PUBLIC, responses=documented(404, 421, 422, 503))
def released(releases: TheReleases, election_id: ElectionId) -> ReleasedRecord:
    """What there is of a released record. Take the key from another place, too: a record does not vouch for itself."""
    found = releases.published(election_id)
    files = [RecordFile(**each) for each in json.loads((found.folder.parent / LISTING).read_bytes())]
    key = (found.folder.parent / "record.key").read_text().strip()
    return ReleasedRecord(record_hash=digest(found.folder / PROFILE).hex(), key=key, files=files, hints=found.hints is not None)


@router.get(
    "/records/{election_id}/hints", dependencies=_PUBLIC, response_class=FileResponse,
    responses={**_BYTES, **documented(404, 421, 422, 503)},
)  # fmt: skip
def hints(releases: TheReleases, election_id: ElectionId) -> FileResponse:
    """The hints: not needed for anything, but a verification with them is several times faster."""
    found = releases.published(election_id)
    if found.hints is None:
        raise NotFound("there are no hints")
    return FileResponse(found.hints, media_type="application/octet-stream")


@router.get(
    "/records/{election_id}/files/{path:path}", dependencies=_PUBLIC, response_class=FileResponse,
    responses={**_BYTES, **documented(404, 421, 422, 503)},
)  # fmt: skip
def file(releases: TheReleases, election_id: ElectionId, path: Annotated[str, Path(max_length=200)]) -> FileResponse:
    """A file of a released record. Only what the record lists is there."""
    found = releases.published(election_id)
    there = {each["path"] for each in json.loads((found.folder.parent / LISTING).read_bytes())}
    return _file(found.folder, path, there)


@router.get(
    "/records/{election_id}/record.zip", dependencies=_PUBLIC, response_class=StreamingResponse,
    responses={200: {"content": {"application/zip": {}}}, **documented(404, 421, 422, 503)},
)  # fmt: skip
def archive(releases: TheReleases, election_id: ElectionId) -> StreamingResponse:
    """All files of a released record in one archive, which unpacks to a folder that the verifier takes."""
    found = releases.published(election_id)
    names = sorted(each["path"] for each in json.loads((found.folder.parent / LISTING).read_bytes()))
    headers = {"Content-Disposition": f'attachment; filename="{FOLDER}.zip"'}
    return StreamingResponse(archived(found.folder, names), media_type="application/zip", headers=headers)


def _file(folder: FolderPath, name: str, there: Collection[str]) -> FileResponse:
    if name not in there:
        raise NotFound("there is no such file in the record")
    return FileResponse(folder / name, media_type="application/octet-stream")


def _verification(found: Verification) -> RecordVerification:
    return RecordVerification(state=found.state, doing=found.doing, report=found.report, failed=found.failed)

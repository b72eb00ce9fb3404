"""Registers of the servers: protected, reached by their owner's people alone, attempts recorded, guarded against malware, copied
(82(b)(iii), 105(c)(i)(1)(e), (ii)(1)(a) and (iv)). Documents stay with the scrutineer; of each its SHA-256 is recorded."""

from typing import Literal

from pydantic import Field

from api.registers.told import Digest, Number, Server, Told, When, Words

__all__ = ["AccessRecords", "Backup", "MalwareProtection", "Owner", "PhysicalProtection"]


class PhysicalProtection(Told):
    """A dated statement or certificate that a server is physically protected at all times."""

    server: Server
    statement: Words = Field(examples=["Certificate of the data centre, physical security, valid until 2027."])
    statement_hash: Digest
    dated: When


class Owner(Told):
    """Whose authorisation nobody reaches a server without, and what ensures that."""

    server: Server
    owner: str = Field(pattern="^[0-9A-Za-z][0-9A-Za-z_.:-]{0,63}$", examples=["hosting-company"], description="A short name or account.")
    access_control: Words = Field(examples=["Keys of two administrators; sessions are recorded."])


class AccessRecords(Told):
    """Records of attempts to reach a server, physical or digital, over a time, by their hash."""

    server: Server
    way: Literal["physical", "digital"] = Field(examples=["physical"])
    started: When
    ended: When
    attempts: Number
    records_hash: Digest


class MalwareProtection(Told):
    """Software that protects a server against malware: version, signatures, last scan, and what is installed, by its hash."""

    server: Server
    software: Words = Field(examples=["Scanner 5.2.1"])
    signatures: When
    scanned: When
    components_hash: Digest


class Backup(Told):
    """A copy of a database."""

    database: Literal["accounts", "audit", "elections", "users", "voters"] = Field(examples=["voters"])
    backup: Literal["full", "incremental"] = Field(examples=["full"])
    backup_hash: Digest
    verified: bool = Field(description="Whether it was read back.")
    made: When

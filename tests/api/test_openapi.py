"""Whatever is sent to any operation, valid by the OpenAPI document or not, the answer is one that the document names (schemathesis).

All operations of the three services, by somebody who may call them; the clock stands, so that no session ends.
"""

import os
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.strategies import booleans, data
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance, status_code_conformance

from api.elections.states import State
from api.migrating import upgrade
from api.sealing import KeyRing
from api.store import Store
from tests.api.services import ELECTION, Operation, Services, a_checker

CASES = int(os.environ.get("PSEPHOS_OPENAPI_CASES", "40"))
"""For each operation. Before a release: 500."""
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
SERVICES = {"voting": 6, "rolls": 5, "staff": 51}
"""And at least how many operations each has."""


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    folder, made = tmp_path_factory.mktemp("openapi"), []

    def make(name: str, tables: Any) -> Store:
        made.append(Store(name, f"sqlite:///{folder}/{name}.db", KeyRing.generate(name), tables))
        upgrade(made[-1])
        return made[-1]

    with a_checker() as checker:
        services = Services(make, checker)
        services.led_to(State.OPEN)
        yield services
    for store in made:
        store.close()


@pytest.mark.parametrize("mode", GenerationMode)
@pytest.mark.parametrize("name", SERVICES)
def test_every_answer_is_one_that_the_document_names(services: Services, name: str, mode: GenerationMode) -> None:
    app = services.apps[name]
    where = next(route.path for route in app.routes if getattr(route, "path", "").endswith("openapi.json"))
    schema = schemathesis.openapi.from_asgi(where, app)
    ours = {(each.method, each.path): each for each in services.operations() if each.service == name}
    found = [each.ok() for each in schema.get_all_operations()]
    assert len(found) == len(ours) >= SERVICES[name]
    failed: list[Exception] = []
    for each in found:
        own = ours[each.method.upper(), each.path]
        if mode is GenerationMode.NEGATIVE and not own.described.keys() & {"parameters", "requestBody", "security"}:
            continue  # what takes nothing cannot be asked wrongly
        try:
            tried(services, each, own, mode)
        except Exception as error:  # noqa: BLE001 - all that is wrong is told at once
            failed.append(error)
    if failed:
        raise ExceptionGroup(f"{len(failed)} operations of {name}", failed)


def tried(services: Services, operation: Any, ours: Operation, mode: GenerationMode) -> None:
    @settings(max_examples=max(1, CASES // len(GenerationMode)), suppress_health_check=list(HealthCheck), deadline=None)
    @given(data())
    def run(drawn: Any) -> None:
        case = drawn.draw(operation.as_strategy(generation_mode=mode))
        if drawn.draw(booleans()) and case.path_parameters and "election_id" in case.path_parameters:
            case.path_parameters = {**case.path_parameters, "election_id": ELECTION}
        headers = services.who(ours)
        if ours.principal == ["voter"] and drawn.draw(booleans()):
            headers["Access-Code"] = services.codes[0].grouped()
        case.headers = {**(case.headers or {}), **headers}
        case.validate_response(case.call(), checks=CHECKS)

    run()


@pytest.mark.parametrize("name", SERVICES)
def test_every_member_parameter_and_answer_has_an_example_that_fits(services: Services, name: str) -> None:
    document = services.apps[name].openapi()
    members = {
        f"{schema_name}.{member_name}": member
        for schema_name, schema in document["components"]["schemas"].items()
        for member_name, member in schema.get("properties", {}).items()
    }
    operations = [(f"{verb} {path}", each) for path, verbs in document["paths"].items() for verb, each in verbs.items()]
    parameters = {
        f"{where} {each['name']}": each["schema"] | ({"examples": [each["example"]]} if "example" in each else {})
        for where, operation in operations
        for each in operation.get("parameters", ())
    }
    answers = {
        f"{where} {status}": content.get("schema", {}) | ({"examples": [content["example"]]} if "example" in content else {})
        for where, operation in operations
        for status, answer in operation["responses"].items()
        for kind, content in answer.get("content", {}).items()
        if status.startswith("2") and kind == "application/json"
    }
    wrong = []
    for where, schema in {**members, **parameters, **answers}.items():
        fits = jsonschema.Draft202012Validator({**schema, "components": document["components"]})
        wrong += [f"{where}: {error.message}" for example in schema.get("examples", ()) for error in fits.iter_errors(example)]
        if not schema.get("examples") and not {"$ref", "enum"} & named(schema) and schema.get("type") != "boolean":
            wrong.append(f"{where}: no example")
    assert wrong == []


def named(schema: Any) -> set[str]:
    """All names in a schema."""
    if isinstance(schema, dict):
        return set(schema).union(*map(named, schema.values()))
    return set().union(*map(named, schema)) if isinstance(schema, list) else set()

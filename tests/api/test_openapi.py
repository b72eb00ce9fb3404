"""Whatever is sent to any operation, valid by the OpenAPI document or not, the answer is one that the document names (schemathesis)."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.strategies import booleans, data
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance, status_code_conformance

from api.app import VotingSettings, create_voting_app
from api.migrating import upgrade
from api.sealing import KeyRing
from api.store import Store
from api.voters.checking import Checker
from api.voters.database import VoterDatabase
from api.voters.models import TABLES
from api.voters.service import Limits
from tests.api.voting import Voting
from tests.groups import TOY

CASES = 500
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
OPERATIONS = ["GET ", "POST /form", "POST /votes", "POST /challenged"]


@pytest.fixture(scope="module")
def schema(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    folder: Path = tmp_path_factory.mktemp("openapi")
    store = Store("voters", f"sqlite:///{folder}/voters.db", KeyRing.generate("voters"), TABLES)
    upgrade(store)
    voting, checker = Voting(VoterDatabase(store)), Checker(processes=1, waiting=4)
    limits = Limits(wrong_codes_of_an_address=50, wrong_codes_of_all=10**6)
    app = create_voting_app(voting.database, VotingSettings(hosts=("testserver",), limits=limits), voting.clock, TOY, checker)
    loaded = schemathesis.openapi.from_asgi("/api/v1/openapi.json", app)
    loaded.known = (voting.election_id, voting.voters(1)[0].grouped())
    yield loaded
    checker.close()
    store.close()


@pytest.mark.parametrize("mode", GenerationMode)
@pytest.mark.parametrize("name", OPERATIONS)
def test_every_answer_is_one_that_the_document_names(schema: Any, name: str, mode: GenerationMode) -> None:
    found = [each.ok() for each in schema.get_all_operations()]
    assert len(found) == len(OPERATIONS)
    (operation,) = [each for each in found if f"{each.method.upper()} {each.path.partition('{election_id}')[2]}" == name]
    election_id, code = schema.known

    @settings(max_examples=CASES // len(GenerationMode), suppress_health_check=list(HealthCheck), deadline=None)
    @given(data())
    def run(drawn: Any) -> None:
        case = drawn.draw(operation.as_strategy(generation_mode=mode))
        if drawn.draw(booleans()):
            case.path_parameters = {"election_id": election_id}
            if case.headers is not None and name != "GET ":
                case.headers = {**case.headers, "Access-Code": code}
        case.validate_response(case.call(), checks=CHECKS)

    run()

"""Whatever comes in is answered, on PostgreSQL too, which refuses texts that SQLite takes."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings

from support.marconi import Server
from support.marconi_fuzz import BODIES, HEADERS, METHODS, PATHS, QUERY, is_well_formed


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(METHODS, PATHS, QUERY, HEADERS, BODIES)
def test_any_request_is_answered(
    server: Server, method: str, path: str, query: str, headers: dict[str, str], body: bytes
) -> None:
    answer = server.ask(method, f"{path}?{query}", body, headers=headers)
    assert is_well_formed(answer, method), answer

"""Error management."""

import pytest

from buildyard import marconi


def test_error_management():
    error = marconi.error.ErrorBase()
    assert error.title == ""
    assert error.description == ""
    error.title, error.description, error.code = "Not that way", "Try the other door.", 1092
    with pytest.raises(marconi.error.ErrorBase) as raised:
        raise error
    assert str(raised.value) == "ErrorBase (1092): Not that way\nTry the other door."


def test_error_of_the_service(client):
    with pytest.raises(marconi.error.ErrorBase) as raised:
        client.queue("tacocat").get_message("9y22h21w2h")
    error = raised.value
    assert str(error) == f"NotFound (404): {error.title}\n{error.description}"

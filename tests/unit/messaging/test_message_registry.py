"""Schema classes by entry point: found, folded, left out, adapted."""

import logging
import sys
import types

import pytest

from buildyard.messaging._registry import Registry
from buildyard.messaging.message import Message


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """Install distributions with entry points: name, group, lines."""

    def install(name, group, *lines, **modules):
        home = tmp_path / f"{name}-1.0.dist-info"
        home.mkdir()
        (home / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (home / "entry_points.txt").write_text("\n".join([f"[{group}]", *lines]) + "\n")
        for module, text in modules.items():
            (tmp_path / f"{module}.py").write_text(text)
            monkeypatch.delitem(sys.modules, module, raising=False)
        monkeypatch.syspath_prepend(str(tmp_path))

    return install


KIND = "from buildyard.messaging.message import Message\nclass Kind(Message):\n    pass\n"


@pytest.mark.parametrize("group", ["fedora.messages", "buildyard.messages"])
def test_class_of_an_entry_point_is_found(installed, group):
    installed("some.Messages", group, "some.kind = reg_found:Kind", reg_found=KIND)
    known = Registry(Message).of_name("some.kind")
    assert (known.cls.__name__, known.package) == ("Kind", "some_messages")


def test_broken_package_breaks_only_its_own_messages(installed, caplog):
    lines = ("broken.kind = reg_broken:Kind", "good.kind = reg_good:Kind")
    installed("two", "fedora.messages", *lines, reg_broken="raise RuntimeError('no')", reg_good=KIND)
    with caplog.at_level(logging.ERROR):
        registry = Registry(Message)
        assert registry.of_name("good.kind") is not None
    assert registry.of_name("broken.kind") is None
    assert "broken.kind" in caplog.text


def test_class_of_the_other_library_is_adapted(installed, monkeypatch):
    theirs = types.ModuleType("fedora_messaging.message")
    theirs.Message = type("Message", (), {"summary": "theirs", "only_theirs": True})
    monkeypatch.setitem(sys.modules, "fedora_messaging", types.ModuleType("fedora_messaging"))
    monkeypatch.setitem(sys.modules, "fedora_messaging.message", theirs)
    text = (
        "from fedora_messaging.message import Message\n"
        "class Kind(Message):\n    @property\n    def summary(self):\n        return 'kind of ' + self.only_name\n"
        "    only_name = 'theirs'\n"
    )
    installed("theirs", "fedora.messages", "their.kind = reg_theirs:Kind", reg_theirs=text)
    cls = Registry(Message).of_name("their.kind").cls
    message = cls({"a": 1}, topic="t", properties=Message()._properties)
    assert isinstance(message, Message)
    assert isinstance(message, theirs.Message)
    assert message.summary == "kind of theirs"
    message.validate()

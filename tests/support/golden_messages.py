"""The two classes with which the golden messages were made."""

from __future__ import annotations

from buildyard.messaging.message import Message, register


class Build(Message):
    topic = "golden.build.done"
    body_schema = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "object",
        "properties": {
            "n": {"type": "integer"},
            "owner": {"type": "string"},
            "pkgs": {"type": "array", "items": {"type": "string"}},
        },
        "required": ["n"],
    }

    @property
    def usernames(self):
        return [self.body["owner"]] if "owner" in self.body else []

    @property
    def packages(self):
        return self.body.get("pkgs", [])


class Old(Message):
    topic = "golden.old"
    deprecated = True


CLASSES = {"Message": Message, "Build": Build, "Old": Old}


def register_all() -> None:
    register("golden.build", Build, "golden_messages")
    register("golden.old", Old, "golden_messages")

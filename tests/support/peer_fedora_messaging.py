"""Drives the official fedora-messaging, in an environment of its own: what it does is told in lines of JSON.

``publish`` reads lines with topic, body, headers, severity, priority; ``consume COUNT`` takes queues and bindings from
the configuration, and ``worded COUNT`` tells the messages' summaries too; ``dump`` writes a line of theirs; ``adapted``
publishes a class of a real schema package through buildyard.
"""

import json
import sys


def told(message, **more):
    facts = {
        "class": type(message).__name__,
        "topic": message.topic,
        "body": message.body,
        "headers": message._properties.headers,
        "id": message.id,
        "severity": message.severity,
        "priority": message.priority,
        "content_type": message._properties.content_type,
        "content_encoding": message._properties.content_encoding,
        "delivery_mode": message._properties.delivery_mode,
    }
    print(json.dumps({**facts, **more}), flush=True)


def publish():
    from fedora_messaging import api

    for line in sys.stdin:
        facts = json.loads(line)
        priority = facts.pop("priority", None)
        message = api.Message(**facts)
        if priority is not None:
            message.priority = priority
        api.publish(message)
        told(message)


def worded(message):
    told(message, summary=message.summary, packages=message.packages)


def consume(count, tell=told):
    from fedora_messaging import api, config, exceptions

    seen = []

    def callback(message):
        seen.append(message)
        tell(message)
        if len(seen) == count:
            raise exceptions.HaltConsumer

    config.conf.load_config()
    try:
        api.consume(callback)
    except exceptions.HaltConsumer:
        pass


def dump():
    from fedora_messaging.message import Message, dumps

    message = Message({"k": "é"}, topic="their.topic")
    message.priority = 4
    print(dumps(message), end="", flush=True)


def adapted():
    from fedora_messaging import message as theirs
    from noggin_messages import UserCreateV1

    from buildyard.messaging import api, message

    cls = message.get_class("noggin.user.create.v1")
    made = cls({"msg": {"agent": "admin", "user": "ada", "fields": []}})
    api.publish(made)
    api.close()
    kinds = [issubclass(cls, kind) for kind in (UserCreateV1, message.Message, theirs.Message)]
    told(made, kinds=kinds, summary=made.summary, usernames=made.usernames, url=made.url)
    made.body = {"msg": {"agent": 5}}
    try:
        made.validate()
    except Exception as error:
        print(json.dumps(type(error).__module__ + "." + type(error).__name__))


if __name__ == "__main__":
    modes = {
        "publish": publish,
        "consume": lambda: consume(int(sys.argv[2])),
        "worded": lambda: consume(int(sys.argv[2]), worded),
        "dump": dump,
        "adapted": adapted,
    }
    modes[sys.argv[1]]()

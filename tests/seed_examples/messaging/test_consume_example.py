"""The developer interface's example of consuming, run as it is but for its import line.

It goes on until the process is told to end, so a thread publishes, and then tells it.
"""

import os
import signal
import threading
import time

from buildyard.messaging import api


def test_callback_prints_each_message_until_the_process_is_told_to_end(bus, capsys):
    printed = threading.Event()

    def publish_and_end():
        message = api.Message(body={"Hello": "world"}, topic="Hi")
        while not printed.is_set():
            api.publish(message)
            time.sleep(0.2)
        os.kill(os.getpid(), signal.SIGTERM)

    def my_callback(message):
        print(message)
        printed.set()

    bindings = [{"exchange": "amq.topic", "queue": "demo", "routing_keys": ["#"]}]
    queues = {"demo": {"durable": False, "auto_delete": True, "exclusive": True, "arguments": {}}}
    publisher = threading.Thread(target=publish_and_end)
    publisher.start()
    api.consume(my_callback, bindings=bindings, queues=queues)
    publisher.join(10)
    assert "Topic: Hi" in capsys.readouterr().out

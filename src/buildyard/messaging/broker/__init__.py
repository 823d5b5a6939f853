"""An AMQP 0-9-1 broker in this process, with RabbitMQ's behaviour: ``amqp_url = "memory://NAME"``.

    broker = Broker.named("test")               # made at the first use of its address, too
    await aio.publish(Message(topic="a.b"))     # with amqp_url = broker.url

`host` is its heart, without I/O: `routing` by exchanges and their index of `topics`, `queues`, `deaths`, limits and
times.  `session` is what a connection does there.  `shared` is one for all threads of a process; `memory` has
connections within it, `server` lets other programs in.  What it holds is in memory alone.
"""

from buildyard.messaging.broker.server import Server, serve, serve_in_thread
from buildyard.messaging.broker.shared import Broker, QueueState

__all__ = ["Broker", "QueueState", "Server", "serve", "serve_in_thread"]

"""AMQP 0-9-1 as RabbitMQ speaks it, without I/O: bytes in, events out.

`connection` is the core; `reader` cuts bytes into frames; `content` has the properties of messages; `events` says what
can happen; `parameters` reads URLs.  `buildyard.messaging._link` drives a core.
"""

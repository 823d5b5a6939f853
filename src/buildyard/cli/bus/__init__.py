"""``buildyard bus``: publish, consume, record, replay and watch messages of an AMQP bus.

One module a command; `session` reads the configuration, `exits` has the exit codes and what is said of errors, `lines`
how a message looks.  They work on `buildyard.messaging`, which needs the extra ``messaging``.
"""

"""Messaging for Twisted programs, under the names that fedora-messaging's interface documents.

`protocol` is one connection, `factory` keeps one alive, `service` starts and stops a factory; `consumer` is what
consuming returns.  It needs the extras ``messaging`` and ``twisted``.
"""

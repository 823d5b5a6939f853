"""Publish and consume in Twisted programs, under the names that the other faces have."""

from buildyard.messaging.api import Consumer
from buildyard.messaging.api import twisted_consume as consume
from buildyard.messaging.api import twisted_publish as publish

__all__ = ["Consumer", "consume", "publish"]

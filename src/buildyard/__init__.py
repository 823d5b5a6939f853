"""buildyard: a build farm for Python wheels, and the clients that a build farm lives among.

The clients (`buildyard.taskcluster`, ...) are useful without the farm; the farm is `buildyard.farm`
and its programs are `buildyard.cli`.  Nothing is imported here, so that each part costs only itself.
"""

__version__ = "0.1.0"

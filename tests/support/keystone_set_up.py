"""Make a Keystone's database, its first user and its endpoint: ``keystone_set_up.py CONF PASSWORD URL``.

Runs in Keystone's own environment.  Each command of ``keystone-manage`` runs in a fork, since loading them takes longer
than either, and they cannot run twice in one process.
"""

import os
import sys

from keystone.cmd import manage

configuration, password, url = sys.argv[1:]
bootstrap = ["bootstrap", "--bootstrap-password", password, "--bootstrap-region-id", "RegionOne"]
for words in (["db_sync"], [*bootstrap, "--bootstrap-public-url", url]):
    child = os.fork()
    if not child:
        sys.argv = ["keystone-manage", "--config-file", configuration, *words]
        manage.main()
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if status:
        sys.exit(f"keystone-manage {words[0]} failed")

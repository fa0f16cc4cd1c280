"""What the rig needs of a machine, and whether it is there."""

import os
import shutil
import subprocess
from pathlib import Path

APART = (
    *("unshare", "--fork", "--pid", "--mount-proc", "--mount", "--net", "--kill-child=SIGKILL"),
)
_PROGRAMS = ("ip", "unshare", "nsenter", "mount", "nats-server")


def missing() -> str:
    """Return why the rig cannot run here; "": it can."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return "only root may make network namespaces"
    if not Path("/dev/net/tun").exists():
        return "there is no /dev/net/tun"
    for program in _PROGRAMS:
        if shutil.which(program) is None:
            return f"{program} is not installed"
    tried = subprocess.run(
        (*APART, "ip", "link", "add", "v0", "type", "veth", "peer", "name", "v1"),
        capture_output=True,
        text=True,
        check=False,
    )
    return tried.stderr.strip() and f"namespaces are not allowed here: {tried.stderr.strip()}"

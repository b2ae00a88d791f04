"""Building networks in a process of its own that ends as soon as anything asks the network."""

from __future__ import annotations

import subprocess
import sys

from medseg_app.engines.model_card import Network

WATCH = """
import sys
ASKING = "socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto", "socket.sendmsg"
sys.addaudithook(lambda event, args: event in ASKING and sys.exit(f"used the network: {event}"))
"""
BUILD = """
from medseg_app.engines.model_card import Network
from medseg_app.engines.networks import build_network
for network in %r:
    build_network(network)
import huggingface_hub
assert huggingface_hub.constants.HF_HUB_OFFLINE
"""


def build_without_network(*networks: Network, then: str = "") -> subprocess.CompletedProcess[str]:
    """The process that built the networks, or was ended; `then` is run last."""
    script = WATCH + BUILD % (networks,) + then
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)

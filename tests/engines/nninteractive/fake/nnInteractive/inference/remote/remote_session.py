"""The client's session: the same, but it is told an address and loads nothing."""

import os

from nnInteractive.inference.inference_session import nnInteractiveInferenceSession


class nnInteractiveRemoteInferenceSession(nnInteractiveInferenceSession):  # noqa: N801
    def __init__(self, server_url, api_key=None, connect_timeout=10.0, read_timeout=60.0):
        if os.environ.get("FAKE_FAILS"):
            raise ConnectionError("[Errno 111] Connection refused")
        super().__init__(device=server_url)

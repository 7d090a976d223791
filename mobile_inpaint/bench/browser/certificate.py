"""A certificate for one measurement: phones let pages have threads and WebGPU over https only."""

from __future__ import annotations

import hashlib
import shutil
import socket
import ssl
import subprocess
import tempfile
from pathlib import Path

from mobile_inpaint.errors import ToolchainMissing


def own_address() -> str:
    """The address by which this machine goes out into its network; nothing is sent.

    Raises:
        OSError: it has none.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))  # an address of RFC 5737, which is nobody's
        return str(probe.getsockname()[0])


def make(address: str) -> tuple[ssl.SSLContext, str]:
    """A server's TLS, by a key that stands nowhere afterwards, and the certificate's SHA-256 as browsers show it.

    Args:
        address: the IP address that it is for. It signs for itself, so a browser will warn, once.

    Raises:
        ToolchainMissing: there is no openssl.
    """
    if shutil.which("openssl") is None:
        raise ToolchainMissing("the certificate is made with openssl, which is not installed: apt-get install openssl")
    with tempfile.TemporaryDirectory() as name:
        key, certificate = Path(name) / "key.pem", Path(name) / "certificate.pem"
        make = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
        names = ["-subj", "/CN=mobile-inpaint bench", "-addext", f"subjectAltName=IP:{address}"]
        subprocess.run([*make, *names, "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        digest = hashlib.sha256(ssl.PEM_cert_to_DER_cert(certificate.read_text())).hexdigest().upper()
    return context, ":".join(digest[i : i + 2] for i in range(0, len(digest), 2))

"""Certificates as an internal authority would give them, for tests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


def make_certificate(
    folder: Path, *, name: str = "desk", days: int = 30, password: bytes = b""
) -> tuple[Path, Path]:
    """Files of a self-signed chain and its key."""
    private = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "desk.example")])
    now = datetime.now(UTC)
    public = (
        x509.CertificateBuilder(subject, subject, private.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=9))
        .not_valid_after(now + timedelta(days=days))
        .sign(private, hashes.SHA256())
    )
    locked = serialization.BestAvailableEncryption(password) if password else None
    chain, key = folder / f"{name}.crt", folder / f"{name}.key"
    chain.write_bytes(public.public_bytes(serialization.Encoding.PEM))
    key.write_bytes(
        private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            locked or serialization.NoEncryption(),
        )
    )
    return chain, key

"""A broker with a second listener that wants TLS and a password, as a production cluster does."""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from kafka import KafkaAdminClient
from kafka.admin import ScramMechanism, UserScramCredentialUpsertion
from services import servers

USER, PASSWORD = "yuqing", "only for this test"


def certificate(folder: Path, name: str = "broker") -> tuple[Path, Path]:
    """A self-signed certificate of 127.0.0.1 and its key, as PEM files."""
    private = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    loopback = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    public = (
        x509.CertificateBuilder(subject, subject, private.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([loopback]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(private, hashes.SHA256())
    )
    chain, key = folder / f"{name}.crt", folder / f"{name}.key"
    chain.write_bytes(public.public_bytes(serialization.Encoding.PEM))
    key.write_bytes(
        private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return chain, key


class SecureKafka(servers.Kafka):
    """``secure`` is the address of the listener; ``ca`` what its certificate is checked with."""

    def prepare(self) -> None:
        super().prepare()
        [port] = servers.free_ports(1)
        self.secure = f"127.0.0.1:{port}"
        self.ca, key = certificate(self.home)
        store = self.home / "broker.pem"
        store.write_bytes(key.read_bytes() + self.ca.read_bytes())
        config = self.home / "server.properties"
        text = config.read_text()
        for before, after in (
            ("listeners=PLAINTEXT", f"listeners=SECURE://{self.secure},PLAINTEXT"),
            ("protocol.map=", "protocol.map=SECURE:SASL_SSL,"),
        ):
            text = text.replace(before, after)
        login = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
        config.write_text(f"""{text}
inter.broker.listener.name=PLAINTEXT
listener.name.secure.ssl.keystore.type=PEM
listener.name.secure.ssl.keystore.location={store}
listener.name.secure.sasl.enabled.mechanisms=SCRAM-SHA-512
listener.name.secure.scram-sha-512.sasl.jaas.config={login}
""")
        self.hand_over()

    def add_user(self) -> None:
        """The user that may log in."""
        admin = KafkaAdminClient(bootstrap_servers=self.address)
        admin.alter_user_scram_credentials(
            [UserScramCredentialUpsertion(USER, ScramMechanism.SCRAM_SHA_512, PASSWORD)]
        )
        admin.close()

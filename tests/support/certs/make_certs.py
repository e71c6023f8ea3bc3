"""Makes the certificates of this folder anew with the `openssl` command.

    python tests/support/certs/make_certs.py

They are committed, are good until 2126, and are worth nothing outside of these tests. Keys are EC P-256, so
that handshakes are quick; extensions content VERIFY_X509_STRICT, which is the default from Python 3.13 on.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
PASSPHRASE = "correct horse"
ALWAYS = ("20200101000000Z", "21260101000000Z")
LOCAL = "DNS:localhost,IP:127.0.0.1,IP:::1"
NAMES = "DNS:example.test,DNS:*.example.test,DNS:origin.test,DNS:proxy.test"

CONFIG = """
[ca]
default_ca = this
[this]
dir = {work}
database = {work}/index.txt
new_certs_dir = {work}
rand_serial = yes
default_md = sha256
policy = any
unique_subject = no
[any]
organizationName = supplied
commonName = supplied
[req]
distinguished_name = name
[name]
[extensions]
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
{extensions}
"""

ROOT = "basicConstraints = critical,CA:TRUE\nkeyUsage = critical,keyCertSign,cRLSign"
MIDDLE = "basicConstraints = critical,CA:TRUE,pathlen:0\nkeyUsage = critical,keyCertSign,cRLSign"
LEAF = "basicConstraints = critical,CA:FALSE\nkeyUsage = critical,digitalSignature\nextendedKeyUsage = %s"

# name: (signed by, common name, extensions, subjectAltName, validity)
CERTIFICATES = {
    "ca": ("ca", "tests root", ROOT, "", ALWAYS),
    "other-ca": ("other-ca", "other tests root", ROOT, "", ALWAYS),
    "intermediate": ("other-ca", "tests intermediate", MIDDLE, "", ALWAYS),
    "server": ("ca", "server", LEAF % "serverAuth", LOCAL, ALWAYS),
    "names": ("ca", "names", LEAF % "serverAuth", NAMES, ALWAYS),
    "ip-only": ("ca", "ip-only", LEAF % "serverAuth", "IP:127.0.0.1,IP:::1", ALWAYS),
    "wrong-name": ("ca", "wrong-name", LEAF % "serverAuth", "DNS:other.invalid", ALWAYS),
    "cn-only": ("ca", "localhost", LEAF % "serverAuth", "", ALWAYS),
    "expired": ("ca", "expired", LEAF % "serverAuth", LOCAL, ("20200101000000Z", "20200102000000Z")),
    "not-yet": ("ca", "not-yet", LEAF % "serverAuth", LOCAL, ("21250101000000Z", "21260101000000Z")),
    "self-signed": ("self-signed", "self-signed", LEAF % "serverAuth", LOCAL, ALWAYS),
    "chained": ("intermediate", "chained", LEAF % "serverAuth", LOCAL, ALWAYS),
    "client": ("ca", "client", LEAF % "clientAuth", "DNS:client.invalid", ALWAYS),
    "other-client": ("other-ca", "other-client", LEAF % "clientAuth", "DNS:client.invalid", ALWAYS),
}

# What a file holds, where that is not one certificate.
CHAINS = {
    "chained-leaf": ["chained"],
    "chained-full": ["chained", "intermediate", "other-ca"],
    "chained": ["chained", "intermediate"],
}
NOT_KEPT = ["ca.key", "other-ca.key", "intermediate.key"]


def run(*command: str) -> None:
    """Runs openssl; its errors end the script."""
    subprocess.run(("openssl",) + command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def make(work: str, name: str) -> None:
    """Makes NAME.key and NAME.pem in the folder."""
    issuer, common_name, extensions, alternatives, (start, end) = CERTIFICATES[name]
    path = os.path.join(work, name)
    config = path + ".cnf"
    if alternatives:
        extensions += "\nsubjectAltName = " + alternatives
    with open(config, "w") as file:
        file.write(CONFIG.format(work=work, extensions=extensions))
    subject = "/O=miniaxios tests/CN=" + common_name
    run("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", path + ".key")
    run("req", "-new", "-key", path + ".key", "-subj", subject, "-config", config, "-out", path + ".csr")
    by = ["-selfsign"] if issuer == name else ["-cert", os.path.join(work, issuer + ".pem")]
    key = os.path.join(work, issuer + ".key")
    run(
        "ca",
        "-batch",
        "-notext",
        "-config",
        config,
        "-extensions",
        "extensions",
        "-in",
        path + ".csr",
        "-keyfile",
        key,
        *by,
        "-startdate",
        start,
        "-enddate",
        end,
        "-out",
        path + ".pem",
    )


def main() -> int:
    """Makes all of them, and puts them here."""
    work = tempfile.mkdtemp()
    try:
        open(os.path.join(work, "index.txt"), "w").close()
        for name in CERTIFICATES:
            make(work, name)
        key = os.path.join(work, "client")
        run(
            "pkcs8",
            "-topk8",
            "-v2",
            "aes-256-cbc",
            "-in",
            key + ".key",
            "-out",
            key + "-encrypted.key",
            "-passout",
            "pass:" + PASSPHRASE,
        )
        single = {}
        for name in CERTIFICATES:
            with open(os.path.join(work, name + ".pem")) as file:
                single[name] = file.read()
        for name in sorted(set(CERTIFICATES) | set(CHAINS)):
            with open(os.path.join(HERE, name + ".pem"), "w") as file:
                file.write("".join(single[part] for part in CHAINS.get(name, [name])))
        for name in os.listdir(work):
            if name.endswith(".key") and name not in NOT_KEPT:
                shutil.copyfile(os.path.join(work, name), os.path.join(HERE, name))
    finally:
        shutil.rmtree(work)
    return 0


if __name__ == "__main__":
    sys.exit(main())

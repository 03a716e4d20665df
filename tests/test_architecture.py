import re
import subprocess

from support.architecture import PAGE, ROOT, page


def test_the_page_is_what_the_modules_say() -> None:
    """Renew it with ``python tests/support/architecture.py``."""
    assert PAGE.read_text(encoding="utf-8") == page()
    assert "(no docstring)" not in page()


def test_modules_fit_in_one_reading() -> None:
    long = {
        str(file.relative_to(ROOT)): lines
        for folder in ("posts", "registry", "crawlers", "analyzer", "responder", "api", "yuqing")
        for file in (ROOT / folder).rglob("*.py")
        if (lines := len(file.read_text(encoding="utf-8").splitlines())) > 400
    }
    assert long == {}


def test_no_committed_file_names_a_machine_or_a_package_host() -> None:
    files = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True
    ).stdout.split(b"\0")
    machine = re.compile(
        rb"(?<![\w.-])/(?:work|farm|root)/|pythonhosted|pypi\.org|--index-url http"
    )
    named = [
        name.decode()
        for name in files
        if name
        and machine.search((ROOT / name.decode()).read_bytes())
        and not name.endswith(b"test_architecture.py")
    ]
    assert named == []

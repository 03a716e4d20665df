"""The system's Chromium by Playwright, and a witness of what must not happen on a page."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from playwright.sync_api import Browser, BrowserContext, sync_playwright

from registry.users import Role

if TYPE_CHECKING:
    from support.api import MadeDesk

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
DESKTOP = {"width": 1366, "height": 768}
PHONE = {"width": 390, "height": 844}
SMALL_PHONE = {"width": 320, "height": 640}

# Runs before anything of the page: an execution is a call of any of these, or a set __xss.
_HOOKS = """
(() => {
  const report = (what) => window.__witness(String(what));
  for (const name of ["alert", "confirm", "prompt", "print", "open"]) {
    window[name] = () => report(`ran ${name}`);
  }
  const ran = () => report("ran __xss");
  Object.defineProperty(window, "__xss", { set: ran, get: ran });
  document.addEventListener("securitypolicyviolation", (e) => report(
    `csp ${e.effectiveDirective} ${e.blockedURI} ${e.sourceFile}:${e.lineNumber} ${e.sample}`));
})();
"""


@dataclass
class Witness:
    """What a context's pages did: executions, violations of the policy, errors."""

    seen: list[str] = field(default_factory=list)

    @property
    def executions(self) -> list[str]:
        return [said for said in self.seen if said.startswith("ran ")]

    @property
    def violations(self) -> list[str]:
        return [said for said in self.seen if said.startswith("csp ")]

    @property
    def errors(self) -> list[str]:
        return [said for said in self.seen if said.startswith("error ")]


@contextmanager
def chromium_browser(executable: Path) -> Iterator[Browser]:
    """A browser that ends with the block."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()


def watch(context: BrowserContext) -> Witness:
    """A witness of all pages of the context, from before their first script."""
    witness = Witness()
    context.expose_function("__witness", lambda said: witness.seen.append(said))  # noqa: PLW0108
    context.add_init_script(_HOOKS)

    def console(message: Any) -> None:
        text = message.text
        if "Content Security Policy" in text or "Content-Security-Policy" in text:
            witness.seen.append(f"csp {text}")
        elif message.type == "error" and "the server responded with a status of" not in text:
            witness.seen.append(f"error {text}")

    def dialog(said: Any) -> None:
        witness.seen.append(f"ran dialog {said.message}")
        said.dismiss()

    context.on("console", console)
    context.on("dialog", dialog)
    context.on("weberror", lambda error: witness.seen.append(f"error {error.error}"))
    return witness


@contextmanager
def signed_in(
    browser: Browser,
    desk: MadeDesk,
    url: str,
    role: Role | str = Role.DUTY_OFFICER,
    **options: Any,
) -> Iterator[tuple[BrowserContext, Witness]]:
    """A context of that person on the desk served at ``url``; not signed in where role is ""."""
    context = browser.new_context(**{"viewport": DESKTOP, "base_url": url, **options})
    context.set_default_timeout(10_000)
    witness = watch(context)
    if role:
        context.add_cookies([{**desk.session_cookie(role), "url": url}])
    try:
        yield context, witness
    finally:
        context.close()

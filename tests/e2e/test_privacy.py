"""No number, token or secret of a person or a tenant is ever in clear: not in the database's files, not in a log, not in a metric."""

import re
from collections.abc import Iterable
from itertools import count
from pathlib import Path

from tests.e2e.sigma_process import SECRETS, Sigma, text_message

CANARY = "4915799"  # every number that this test sends begins with this, and nothing else does
NUMBER = re.compile(r"(?<!\d)\+?1(?:555|631|650)\d{7}(?!\d)|\+1 \(555\) 012-3456|\+1 555-012-3457")
TEXT = "what-a-customer-wrote-is-there-in-clear"

# The answer to an address form holds a number because the customer typed it: that is message text, kept like any other text.
TYPED_BY_THE_CUSTOMER = "inbound-nfm-reply-address-message.json"

READ = """{
  messages(first: 100) { nodes { id text sender { displayName platformUserId } contactCards raw contact { id addresses { kind platformUserId } } } }
  contacts(first: 100) { nodes { id displayName } }
  webhookEvents(first: 100) { nodes { outcome errorMessage } } }"""


def with_canaries(bodies: Iterable[Path]) -> list[bytes]:
    """Return real webhooks whose numbers of people and businesses are canaries, the same for the same."""
    numbers = count(10_000)
    canaries: dict[str, str] = {}

    def canary(found: re.Match[str]) -> str:
        return canaries.setdefault(re.sub(r"\D", "", found[0]), f"{CANARY}{next(numbers)}")

    return [NUMBER.sub(canary, body.read_text(encoding="utf-8")).encode() for body in bodies]


def holders(directory: Path, wanted: str) -> list[str]:
    """Return the files below a directory that hold a text, in ASCII or UTF-16."""
    forms = (wanted.encode(), wanted.encode("utf-16-le"), wanted.encode("utf-16-be"))
    files = [path for path in directory.rglob("*") if path.is_file()]
    assert len(files) > 100
    return [str(path.relative_to(directory)) for path in files if any(form in path.read_bytes() for form in forms)]


def test_numbers_and_secrets_are_nowhere_in_clear(sigma: Sigma, payloads: Path) -> None:
    with (sigma.home / ".sigma/postgres/pgdata/postgresql.conf").open("a") as settings:
        settings.write("wal_compression = off\n")  # else a search in the log of changes proves little
    server = sigma.serve()
    sigma.create_workspace("106540352242922")  # the bodies' own number
    bodies = with_canaries(body for body in sorted(payloads.glob("*.json")) if body.name != TYPED_BY_THE_CUSTOMER)
    assert sum(CANARY.encode() in body for body in bodies) > 100
    statuses = [sigma.post(body).status for body in bodies]
    statuses += [sigma.post(text_message(f"wamid.{n}", wa_id=f"{CANARY}{n}", body=TEXT)).status for n in range(20_000, 20_100)]
    assert set(statuses) == {200}

    number = f"{CANARY}99999"
    for path in (f"/webhooks/whatsapp/{number}", f"/{number}", f"/webhooks/whatsapp/x?hub.mode=subscribe&hub.verify_token={number}"):
        assert sigma.http("GET", path).status in {403, 404}
        assert sigma.http("POST", path, number, {"X-Hub-Signature-256": f"sha256={number}"}).status in {401, 404}
    assert sigma.post(text_message("wamid.x", wa_id=number), tenant=number, secret=SECRETS[1]).status == 404
    for broken in (f'{{"object": "whatsapp_business_account", "entry": {number}, "from": "{number}"', f'"{number}"', f"[{number}]"):
        assert sigma.post(broken.encode()).status == 200
    sigma.wait_until_projected()

    read = sigma.graphql(READ)
    assert len(read["data"]["messages"]["nodes"]) == 100, read.get("errors")
    assert CANARY in str([node["raw"] for node in read["data"]["messages"]["nodes"]])  # an owner may open the sealed original
    for query in (f'{{ messages(workspaceId: "{number}") {{ nodes {{ id }} }} }}', f'{{ nonsense(x: "{number}") }}', f'{{ "{number}'):
        sigma.graphql(query)
    sigma.graphql("query ($id: ID!) { workspace(id: $id) { id } }", {"id": number}, key=f"sigma_{number}")
    sigma.run("tenant", "create", "--name", "x", "--id", number)

    metrics = sigma.http("GET", "/metrics").body.decode()
    sigma.sql("CHECKPOINT")
    server.stop()
    log = server.text()
    assert "WhatsApp webhook signature validation failed" in log
    for secret in (CANARY, *SECRETS, sigma.api_key, TEXT):
        assert secret not in metrics
        assert secret not in log

    directory = sigma.home / ".sigma/postgres"
    assert holders(directory, TEXT), "the search finds nothing at all"
    assert holders(directory, CANARY) == []
    for secret in (*SECRETS, sigma.api_key, (sigma.home / ".sigma/master.key").read_text().strip()):
        assert holders(directory, secret) == []

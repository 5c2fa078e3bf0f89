"""`/_control/…`: what Meta has no API for. Lets a test or a person act as a customer or as Meta, and make things go wrong.

| Route | Does |
|---|---|
| `GET status` | verification, counters, rates, rules, whether everything is delivered (`is_idle`) |
| `GET customers`, `GET ledger?after=&limit=&direction=&callback_data=` | who is there; what was said, oldest first |
| `GET idle?within_seconds=` | answers once nothing is left to deliver or to happen |
| `GET sends`, `GET sends?callback_data=` | how many messages were ever accepted, which callback data came twice; the ids accepted with one |
| `GET sends?accepted=N&within_seconds=` | the same, once N messages were accepted |
| `POST messages` | a customer writes: `{"customer", "kind", "text"?, "data"?}` or `{"customer", "content": {"type", …}}` |
| `POST acts` | a customer does something else: `{"customer", "act", …}`, see `acts` |
| `POST statuses` | reports a status of a message of the business: `{"message_id", "status", "code"?}` |
| `POST webhooks?signature=valid|wrong|none&wait=0|1` | delivers these bytes; `wait=1` tries once and returns the callback's answer |
| `POST fields` | delivers a webhook of any field: `{"field", "value"}` |
| `PATCH rates`, `GET rules`, `PATCH rules` | changes how often things happen; what Meta allows |
| `POST traffic/start`, `POST traffic/stop` | lets the customers write, or pause |
| `POST clock` | sets the world's time: `{"advance_seconds"}` or `{"set": "2026-01-01T00:00:00Z"}` |
| `POST verify`, `POST callback` | verifies the callback again; sets another one: `{"url", "verify_token"}` |
| `GET/POST/DELETE faults` | lists, orders, forgets faults, see `faults` |
| `POST templates` | acts as Meta's reviewer: `{"name", "language"?, "status"?, "quality"?, "category"?, "category_soon"?, "reason"?}` |
| `POST tokens` | issues a token or changes one: `{"token", "scopes"?, "expires_in_seconds"?, "is_revoked"?, "has_asset"?}` |
"""

from starlette.routing import Route

from cloud_api_simulator.control import acts, meta, speech, state
from cloud_api_simulator.control.commands import explain

__all__ = ["ROUTES", "explain"]

ROUTES = (
    Route("/status", state.get_status),
    Route("/idle", state.wait_until_idle),
    Route("/customers", state.list_customers),
    Route("/ledger", state.list_ledger),
    Route("/sends", state.list_sends),
    Route("/messages", speech.write_message, methods=["POST"]),
    Route("/acts", acts.act, methods=["POST"]),
    Route("/statuses", speech.report_status, methods=["POST"]),
    Route("/webhooks", speech.send_webhook, methods=["POST"]),
    Route("/fields", speech.send_field, methods=["POST"]),
    Route("/rates", state.change_rates, methods=["PATCH"]),
    Route("/rules", state.get_rules),
    Route("/rules", state.change_rules, methods=["PATCH"]),
    Route("/traffic/start", state.start_traffic, methods=["POST"]),
    Route("/traffic/stop", state.stop_traffic, methods=["POST"]),
    Route("/clock", state.set_clock, methods=["POST"]),
    Route("/verify", meta.verify, methods=["POST"]),
    Route("/callback", meta.set_callback, methods=["POST"]),
    Route("/faults", meta.list_faults),
    Route("/faults", meta.order_fault, methods=["POST"]),
    Route("/faults", meta.forget_faults, methods=["DELETE"]),
    Route("/templates", meta.review_template, methods=["POST"]),
    Route("/tokens", meta.issue_token, methods=["POST"]),
)

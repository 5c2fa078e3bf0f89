"""The wire shapes of what is neither message nor status: calls, groups, preferences, the address book. See `wire`."""

from typing import Any

import msgspec

from sigma.connectors.whatsapp.wire import Error, Id, Timestamp, Wire


class UserAction(Wire):
    """`{"action_type":"marketing_messages_link_click","timestamp":"1767","marketing_messages_link_click_data":{"click_id":"c-1"}}`.

    The object of the details has the action's name and `_data`; it is read beside this shape.
    """

    action_type: str | None = None
    timestamp: Timestamp = None


class StoredContact(Wire):
    """`{"full_name":"Pablo Morales","first_name":"Pablo","phone_number":"16505551234"}`: an entry of the business's address book."""

    full_name: str | None = None
    first_name: str | None = None
    phone_number: Id = None


class SyncMetadata(Wire):
    """`{"timestamp":"1739321024"}`."""

    timestamp: Timestamp = None


class StateSync(Wire):
    """`{"type":"contact","contact":{…},"action":"add","metadata":{"timestamp":"1739321024"}}`."""

    type: str | None = None
    contact: StoredContact | None = None
    action: str | None = None
    metadata: SyncMetadata | None = None


class Call(Wire):
    """`{"id":"wacid.A","from":"1650","to":"1555","event":"connect","timestamp":"1767","direction":"USER_INITIATED","session":{…}}`.

    At the end: `"event":"terminate","status":"COMPLETED","start_time":"1767","end_time":"1768","duration":120`. `session` is not read.
    """

    id: str | None = None
    from_: Id = msgspec.field(default=None, name="from")
    from_user_id: str | None = None
    from_parent_user_id: str | None = None
    to: Id = None
    to_user_id: str | None = None
    to_parent_user_id: str | None = None
    event: str | None = None
    timestamp: Timestamp = None
    direction: str | None = None
    status: str | None = None
    duration: int | None = None
    start_time: Timestamp = None
    end_time: Timestamp = None
    errors: list[Error] | None = None


class Group(Wire):
    """`{"timestamp":"1767","group_id":"Y2Fw","type":"group_create","request_id":"req-1","subject":"…","invite_link":"https://…"}`.

    Participants come in `added_participants`, `removed_participants`, `failed_participants`: they are not read, they hold numbers.
    """

    timestamp: Timestamp = None
    group_id: str | None = None
    type: str | None = None
    request_id: str | None = None
    join_request_id: str | None = None
    join_approval_mode: str | None = None
    initiated_by: str | None = None
    reason: str | None = None
    wa_id: Id = None
    user_id: str | None = None
    parent_user_id: str | None = None
    errors: list[Error] | None = None


class Preference(Wire):
    """`{"wa_id":"1650","user_id":"US.1349","detail":"User requested to …","category":"marketing_messages","value":"stop",…}`."""

    wa_id: Id = None
    user_id: str | None = None
    parent_user_id: str | None = None
    detail: str | None = None
    category: str | None = None
    value: str | None = None
    signup_id: Id = None
    timestamp: Timestamp = None


class AutomaticEvent(Wire):
    """`{"id":"wamid.A","event_name":"LeadSubmitted","timestamp":1749069089,"ctwa_clid":"Afc3","custom_data":{"currency":"USD","value":9}}`."""

    id: str | None = None
    event_name: str | None = None
    timestamp: Timestamp = None
    ctwa_clid: str | None = None
    custom_data: dict[str, Any] | None = None


class ChangedId(Wire):
    """`{"previous":"US.1349","current":"US.9988"}`."""

    previous: str | None = None
    current: str | None = None


class UserIdUpdate(Wire):
    """`{"wa_id":"1650","user_id":{"previous":"US.1349","current":"US.9988"},"parent_user_id":{…},"timestamp":"1767"}`."""

    wa_id: Id = None
    user_id: ChangedId | None = None
    parent_user_id: ChangedId | None = None
    timestamp: Timestamp = None


class HandoverSide(Wire):
    """`{"phone_number":"16505551234"}`, `{"user_id":"US.1349"}` or, on our side, `{"phone_number_id":"1065"}`."""

    phone_number: Id = None
    phone_number_id: Id = None
    user_id: str | None = None


class Handover(Wire):
    """`{"type":"control_passed","sender":{…},"recipient":{…},"control_passed":{"previous_owner_app_role":"meta_business_agent"}}`."""

    type: str | None = None
    sender: HandoverSide | None = None
    recipient: HandoverSide | None = None

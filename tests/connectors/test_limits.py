"""What Meta would refuse is refused here, with the field and a sentence that says what to do."""

import pytest

from sigma.connectors.outbound import (
    Button,
    ButtonsContent,
    ContactsContent,
    CtaUrlContent,
    FlowContent,
    Header,
    ListContent,
    ListRow,
    ListSection,
    LocationContent,
    LocationRequestContent,
    MediaContent,
    MediaRef,
    ReactionContent,
    TemplateButton,
    TemplateContent,
    TemplateHeader,
    TemplateParameter,
    TextContent,
)
from sigma.connectors.whatsapp.limits import ContentInvalid, check_content, check_media
from sigma.connectors.whatsapp.limits_media import kind_of_file

FILE = MediaRef(id="2871834006348767")
BOTH = MediaRef(id="1", link="https://a.example/b")
YES = Button(id="y", title="Yes")
CARD = {"name": {"formatted_name": "Ann B", "first_name": "Ann"}}


def a_list(*sections: ListSection, **changes):
    return ListContent(**{"body": "How?", "button": "Choose", "sections": list(sections) or [a_section(1)], **changes})


def a_section(rows: int, *, title: str | None = None, first: int = 0):
    return ListSection(title=title, rows=[ListRow(id=f"r{first + number}", title="Row") for number in range(rows)])


def buttons(*buttons: Button, **changes):
    return ButtonsContent(**{"body": "Shall we?", "buttons": list(buttons), **changes})


def template(**changes):
    return TemplateContent(**{"name": "order", "language": "en_US", **changes})


def values(*texts: str):
    return [TemplateParameter(text=text) for text in texts]


def cta(**changes):
    return CtaUrlContent(**{"body": "Pay", "display_text": "Pay now", "url": "https://pay.example", **changes})


def flow(**changes):
    return FlowContent(**{"body": "Book", "flow_id": "77", "flow_cta": "Book", **changes})


AT_THE_LIMIT = [
    TextContent(body="x" * 4096),
    TextContent(body="😀" * 4096),
    MediaContent(kind="IMAGE", media=FILE, caption="x" * 1024),
    MediaContent(kind="DOCUMENT", media=MediaRef(link="https://files.example:8443/a%20b.pdf?x=1#y", filename="a.pdf")),
    MediaContent(kind="AUDIO", media=FILE, voice=True),
    LocationContent(latitude=-90, longitude=180),
    ContactsContent(cards=[CARD] * 257),
    ReactionContent(message_id="wamid.IN", emoji="👨‍👩‍👧‍👦"),
    ReactionContent(message_id="wamid.IN", emoji="1️⃣"),
    buttons(
        Button(id="x" * 256, title="t" * 20),
        YES,
        Button(id="n", title="No"),
        body="b" * 1024,
        footer="f" * 60,
        header=Header(text="h" * 60),
    ),
    a_list(*(a_section(1, title=f"s{number}", first=number) for number in range(10)), body="b" * 4096, button="b" * 20),
    a_list(ListSection(title="t" * 24, rows=[ListRow(id="i" * 200, title="t" * 24, description="d" * 72)])),
    cta(display_text="d" * 20, url="http://pay.example/a"),
    flow(flow_cta="c" * 30, flow_action="data_exchange"),
    flow(screen="A", data={"a": [1, None]}),
    template(name="n" * 512, parameters=values("    four spaces", "x" * 1024), language="prs_AF"),
    template(parameters=[TemplateParameter(name="a", text="x"), TemplateParameter(name="b_2", text="y")]),
    template(buttons=[TemplateButton(index=9, type="copy_code", value="C" * 20)]),
    template(header=TemplateHeader(text=TemplateParameter(text="h" * 60))),
]

REFUSED = [
    (TextContent(body=""), "body"),
    (TextContent(body=" \n\t"), "body"),
    (TextContent(body="x" * 4097), "body"),
    (TextContent(body="broken \ud83d emoji"), "body"),
    (MediaContent(kind="IMAGE", media=FILE, caption="x" * 1025), "caption"),
    (MediaContent(kind="AUDIO", media=FILE, caption="Listen"), "caption"),
    (MediaContent(kind="STICKER", media=FILE, caption="Look"), "caption"),
    (MediaContent(kind="VIDEO", media=FILE, voice=True), "voice"),
    (MediaContent(kind="IMAGE", media=MediaRef()), "media"),
    (MediaContent(kind="IMAGE", media=BOTH), "media"),
    (MediaContent(kind="IMAGE", media=MediaRef(id="../me")), "media.id"),
    (MediaContent(kind="IMAGE", media=MediaRef(id="")), "media.id"),
    (MediaContent(kind="IMAGE", media=MediaRef(link="http://a.example/b.png")), "media.link"),
    (MediaContent(kind="IMAGE", media=MediaRef(link="https://")), "media.link"),
    (MediaContent(kind="IMAGE", media=MediaRef(link="https://a.example/ b.png")), "media.link"),
    (MediaContent(kind="IMAGE", media=MediaRef(link="https://me:secret@a.example/b.png")), "media.link"),
    (MediaContent(kind="IMAGE", media=MediaRef(link="https://a.example:port/b.png")), "media.link"),
    (MediaContent(kind="IMAGE", media=MediaRef(link="https://[::1/b.png")), "media.link"),
    (MediaContent(kind="IMAGE", media=MediaRef(link="https://a.example\\@b.example/")), "media.link"),
    (MediaContent(kind="IMAGE", media=MediaRef(link="file:///etc/passwd")), "media.link"),
    (LocationContent(latitude=90.1, longitude=0), "latitude"),
    (LocationContent(latitude=0, longitude=-180.5), "longitude"),
    (LocationContent(latitude=float("nan"), longitude=0), "latitude"),
    (LocationContent(latitude=0, longitude=float("inf")), "longitude"),
    (ContactsContent(cards=[]), "cards"),
    (ContactsContent(cards=[CARD] * 258), "cards"),
    (ContactsContent(cards=[CARD, {"name": {"first_name": "Ann"}}]), "cards.1.name.formatted_name"),
    (ContactsContent(cards=[{"name": {"formatted_name": "Ann"}}]), "cards.0.name"),
    (ContactsContent(cards=[{"name": "Ann"}]), "cards.0.name.formatted_name"),
    (ContactsContent(cards=[{**CARD, "note": "\ud800"}]), "cards"),
    (ContactsContent(cards=[{**CARD, "note": object()}]), "cards"),
    (ReactionContent(message_id=" ", emoji="👍"), "message_id"),
    (ReactionContent(message_id="wamid.IN", emoji=""), "emoji"),
    (ReactionContent(message_id="wamid.IN", emoji="ok"), "emoji"),
    (ReactionContent(message_id="wamid.IN", emoji="👍" * 17), "emoji"),
    (ReactionContent(message_id="wamid.IN", emoji="👍 👍"), "emoji"),
    (buttons(), "buttons"),
    (buttons(*(Button(id=str(number), title=str(number)) for number in range(4))), "buttons"),
    (buttons(Button(id="", title="Yes")), "buttons.0.id"),
    (buttons(YES, Button(id="x" * 257, title="No")), "buttons.1.id"),
    (buttons(YES, Button(id="n", title="t" * 21)), "buttons.1.title"),
    (buttons(YES, Button(id="n", title=" ")), "buttons.1.title"),
    (buttons(YES, Button(id="n", title="Yes")), "buttons.1.title"),
    (buttons(YES, Button(id="y", title="No")), "buttons.1.id"),
    (buttons(YES, body="b" * 1025), "body"),
    (buttons(YES, body=" "), "body"),
    (buttons(YES, footer="f" * 61), "footer"),
    (buttons(YES, footer=""), "footer"),
    (buttons(YES, header=Header(text="h" * 61)), "header.text"),
    (buttons(YES, header=Header()), "header"),
    (buttons(YES, header=Header(text="h", kind="IMAGE", media=FILE)), "header"),
    (buttons(YES, header=Header(media=FILE)), "header"),
    (buttons(YES, header=Header(kind="IMAGE")), "header"),
    (buttons(YES, header=Header(kind="IMAGE", media=MediaRef(link="http://a.example"))), "header.media.link"),
    (a_list(a_section(11)), "sections.0.rows"),
    (a_list(a_section(6, title="a"), a_section(5, title="b", first=6)), "sections"),
    (a_list(*(a_section(1, title=str(number), first=number) for number in range(11))), "sections"),
    (ListContent(body="How?", button="Choose", sections=[]), "sections"),
    (a_list(a_section(0)), "sections.0.rows"),
    (a_list(a_section(1, title="a"), a_section(1, first=1)), "sections.1.title"),
    (a_list(a_section(1, title="t" * 25)), "sections.0.title"),
    (a_list(a_section(1, title="a"), a_section(1, title="b")), "sections.1.rows.0.id"),
    (a_list(ListSection(rows=[ListRow(id="i" * 201, title="t")])), "sections.0.rows.0.id"),
    (a_list(ListSection(rows=[ListRow(id="i", title="t" * 25)])), "sections.0.rows.0.title"),
    (a_list(ListSection(rows=[ListRow(id="i", title="t", description="d" * 73)])), "sections.0.rows.0.description"),
    (a_list(button="b" * 21), "button"),
    (a_list(body="b" * 4097), "body"),
    (a_list(header=Header(kind="IMAGE", media=FILE)), "header"),
    (cta(display_text="d" * 21), "display_text"),
    (cta(url="javascript:alert(1)"), "url"),
    (cta(url="pay.example"), "url"),
    (flow(flow_cta="c" * 31), "flow_cta"),
    (flow(flow_id=""), "flow_id"),
    (flow(data={"a": 1}), "screen"),
    (flow(flow_action="data_exchange", screen="A"), "flow_action"),
    (flow(screen="A", data={"a": "\udfff"}), "data"),
    (LocationRequestContent(body="b" * 1025), "body"),
    (template(name="Order"), "name"),
    (template(name=""), "name"),
    (template(name="n" * 513), "name"),
    (template(language="en-US"), "language"),
    (template(language="English"), "language"),
    (template(parameters=values("two\nlines")), "parameters.0.text"),
    (template(parameters=values("ok", "a\ttab")), "parameters.1.text"),
    (template(parameters=values("five     spaces")), "parameters.0.text"),
    (template(parameters=values("")), "parameters.0.text"),
    (template(parameters=values("x" * 1025)), "parameters.0.text"),
    (template(parameters=[TemplateParameter(name="a", text="x"), TemplateParameter(text="y")]), "parameters"),
    (template(parameters=[TemplateParameter(name="a", text="x"), TemplateParameter(name="a", text="y")]), "parameters.1.name"),
    (template(parameters=[TemplateParameter(name="First Name", text="x")]), "parameters.0.name"),
    (template(header=TemplateHeader()), "header"),
    (template(header=TemplateHeader(kind="IMAGE", media=FILE, text=TemplateParameter(text="x"))), "header"),
    (template(header=TemplateHeader(media=FILE)), "header"),
    (template(header=TemplateHeader(text=TemplateParameter(text="h" * 61))), "header.text.text"),
    (template(header=TemplateHeader(kind="VIDEO", media=BOTH)), "header.media"),
    (template(header=TemplateHeader(location=LocationContent(latitude=91, longitude=0))), "header.location.latitude"),
    (template(buttons=[TemplateButton(index=10, type="url", value="a")]), "buttons.0.index"),
    (template(buttons=[TemplateButton(index=-1, type="url", value="a")]), "buttons.0.index"),
    (template(buttons=[TemplateButton(index=1, type="url", value="a"), TemplateButton(index=1, type="url", value="b")]), "buttons.1.index"),
    (template(buttons=[TemplateButton(index=0, type="url", value="a b")]), "buttons.0.value"),
    (template(buttons=[TemplateButton(index=0, type="copy_code", value="C" * 21)]), "buttons.0.value"),
    (template(buttons=[TemplateButton(index=0, type="quick_reply", value="")]), "buttons.0.value"),
    (template(buttons=[TemplateButton(index=number % 10, type="quick_reply", value="x") for number in range(11)]), "buttons"),
]


@pytest.mark.parametrize("content", AT_THE_LIMIT, ids=range(len(AT_THE_LIMIT)))
def test_what_is_just_within_the_limits_passes(content):
    check_content(content)


@pytest.mark.parametrize(("content", "field"), REFUSED, ids=[f"{number}-{field}" for number, (_, field) in enumerate(REFUSED)])
def test_what_is_beyond_a_limit_is_refused_with_its_field(content, field):
    with pytest.raises(ContentInvalid) as refusal:
        check_content(content)
    assert ".".join(refusal.value.field) == field
    assert refusal.value.code == "CONTENT_INVALID"
    assert refusal.value.message.endswith(".")
    assert refusal.value.__context__ is None


def test_a_refusal_says_how_long_it_is_and_how_long_it_may_be():
    with pytest.raises(ContentInvalid, match=r"^The text has 5,000 characters; shorten it to 4,096 at most\.$"):
        check_content(TextContent(body="x" * 5000))


@pytest.mark.parametrize(
    ("kind", "mime_type", "size", "field"),
    [
        ("IMAGE", "image/jpeg", 5 * 1024 * 1024, None),
        ("IMAGE", "IMAGE/PNG", None, None),
        ("AUDIO", "audio/ogg; codecs=opus", 1, None),
        ("IMAGE", "image/gif", 1, "mime_type"),
        ("IMAGE", "image/webp", 1, "mime_type"),
        ("IMAGE", "image/jpeg", 5 * 1024 * 1024 + 1, "size"),
        ("VIDEO", "video/mp4", 16 * 1024 * 1024 + 1, "size"),
        ("STICKER", "image/webp", 500 * 1024 + 1, "size"),
        ("DOCUMENT", "application/pdf", 100 * 1024 * 1024 + 1, "size"),
        ("DOCUMENT", "application/zip", 1, "mime_type"),
        ("DOCUMENT", "application/pdf", 0, "size"),
    ],
)
def test_a_file_is_checked_before_it_is_uploaded(kind, mime_type, size, field):
    if field is None:
        check_media(kind, mime_type=mime_type, size_bytes=size)
        assert kind_of_file(mime_type) == kind
        return
    with pytest.raises(ContentInvalid) as refusal:
        check_media(kind, mime_type=mime_type, size_bytes=size)
    assert refusal.value.field == (field,)


def test_a_file_that_nothing_takes_has_no_kind():
    assert kind_of_file("application/x-msdownload") is None
